"""Multi-head attention, encoder and decoder layers and stacks by torch.nn: packages/attention/test/fixtures.

Parameters carry PyTorch's names. In the masks `keyPadding` and `memoryKeyPadding`, 1 marks a token
that is padding and must not be seen, as in PyTorch.
"""

import torch
from torch import nn

from fixture import Draw, as_json, case, write

draw = Draw(23)
B, T, S, D, H, F = 2, 5, 4, 8, 2, 12
PADDING = torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 1, 1]]).bool()
MEMORY_PADDING = torch.tensor([[0, 0, 0, 0], [0, 0, 1, 1]]).bool()


def causal_mask(size):
    return torch.ones(size, size).triu(1).bool()


def randomized(module):
    """Every parameter drawn anew: PyTorch's zero biases and unit norms would hide mistakes."""
    with torch.no_grad():
        for name, p in module.named_parameters():
            norm = "norm" in name and name.endswith("weight")
            p.copy_(draw.uniform(*p.shape, low=0.5, high=1.5) if norm else draw.normal(*p.shape, scale=0.4))
    return module


def module_case(name, config, module, inputs, forward):
    """Runs `forward(module, inputs)` and keeps every parameter of the module with its gradient."""
    module = randomized(module.double().train())
    masks = [k for k in inputs if k.endswith("Padding")]
    record = case(name, config, inputs, {}, lambda x, _: forward(module, x), draw.normal(B, T, D), constant=masks)
    for key, parameter in module.named_parameters():
        record["params"][key] = as_json(parameter)
        record["grads"][key] = as_json(parameter.grad)
    return record


def multi_head_cases():
    x, memory, value = draw.normal(B, T, D), draw.normal(B, S, D), draw.normal(B, S, D)

    def build(name, config, inputs, key="x", padding=None):
        def forward(m, x):
            out, weights = m(
                x["x"],
                x[key],
                x.get("value", x[key]),
                key_padding_mask=x.get(padding),
                attn_mask=causal_mask(T) if config.get("causal") else None,
                average_attn_weights=False,
            )
            return {"out": out, "weights": weights}

        module = nn.MultiheadAttention(D, H, batch_first=True, bias=config.get("bias", True))
        return module_case(name, {"dim": D, "numHeads": H, **config}, module, inputs, forward)

    yield build("self", {}, {"x": x})
    yield build("self, no bias", {"bias": False}, {"x": x})
    yield build("self, padding", {}, {"x": x, "keyPadding": PADDING}, padding="keyPadding")
    yield build("self, causal", {"causal": True}, {"x": x})
    yield build("self, causal and padding", {"causal": True}, {"x": x, "keyPadding": PADDING}, padding="keyPadding")
    yield build("cross", {}, {"x": x, "memory": memory}, key="memory")
    yield build(
        "cross, padding",
        {},
        {"x": x, "memory": memory, "memoryKeyPadding": MEMORY_PADDING},
        key="memory",
        padding="memoryKeyPadding",
    )
    yield build("cross, keys and values apart", {}, {"x": x, "memory": memory, "value": value}, key="memory")


def config_of(norm_first, activation, **more):
    return {"dim": D, "numHeads": H, "hiddenDim": F, "preNorm": norm_first, "activation": activation, "eps": 1e-5, **more}


def options(config):
    return {
        "dim_feedforward": F,
        "dropout": 0.0,
        "activation": config["activation"],
        "batch_first": True,
        "norm_first": config["preNorm"],
    }


def encoder_cases():
    x = draw.normal(B, T, D)
    for norm_first in (False, True):
        for activation in ("relu", "gelu"):
            config = config_of(norm_first, activation)
            layer = nn.TransformerEncoderLayer(D, H, **options(config))
            name = f"layer, {'pre' if norm_first else 'post'}-norm, {activation}"
            padded = {"x": x, "keyPadding": PADDING}
            yield module_case(
                name, config, layer, padded, lambda m, x: {"out": m(x["x"], src_key_padding_mask=x["keyPadding"])}
            )
    config = config_of(True, "gelu", causal=True)
    layer = nn.TransformerEncoderLayer(D, H, **options(config))
    yield module_case(
        "layer, pre-norm, gelu, causal", config, layer, {"x": x}, lambda m, x: {"out": m(x["x"], causal_mask(T))}
    )
    for norm_first in (False, True):
        config = config_of(norm_first, "gelu", numLayers=2, finalNorm=norm_first)
        stack = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(D, H, **options(config)), 2, nn.LayerNorm(D) if norm_first else None
        )
        yield module_case(
            f"stack of two, {'pre-norm with a final norm' if norm_first else 'post-norm'}",
            config,
            stack,
            {"x": x, "keyPadding": PADDING},
            lambda m, x: {"out": m(x["x"], src_key_padding_mask=x["keyPadding"])},
        )


def decoder_cases():
    inputs = {
        "x": draw.normal(B, T, D),
        "memory": draw.normal(B, S, D),
        "keyPadding": PADDING,
        "memoryKeyPadding": MEMORY_PADDING,
    }

    def forward(m, x):
        out = m(
            x["x"],
            x["memory"],
            tgt_mask=causal_mask(T),
            tgt_key_padding_mask=x["keyPadding"],
            memory_key_padding_mask=x["memoryKeyPadding"],
        )
        return {"out": out}

    for norm_first in (False, True):
        for activation in ("relu", "gelu"):
            config = config_of(norm_first, activation, causal=True)
            layer = nn.TransformerDecoderLayer(D, H, **options(config))
            yield module_case(
                f"layer, {'pre' if norm_first else 'post'}-norm, {activation}", config, layer, inputs, forward
            )
    config = config_of(True, "gelu", causal=True, numLayers=2, finalNorm=True)
    stack = nn.TransformerDecoder(nn.TransformerDecoderLayer(D, H, **options(config)), 2, nn.LayerNorm(D))
    yield module_case("stack of two, pre-norm with a final norm", config, stack, inputs, forward)


class Sandwich(nn.Module):
    """Norms on both sides of each sublayer (Ding et al. 2021; Gemma 2), a gated feed-forward, a memory where `cross`."""

    def __init__(self, cross):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(D, H, batch_first=True)
        self.multihead_attn = nn.MultiheadAttention(D, H, batch_first=True) if cross else None
        self.linear1, self.gate, self.linear2 = nn.Linear(D, F), nn.Linear(D, F), nn.Linear(F, D)
        self.norm1, self.norm2, self.post_norm1, self.post_norm2 = (nn.LayerNorm(D) for _ in range(4))
        self.norm3, self.post_norm3 = (nn.LayerNorm(D), nn.LayerNorm(D)) if cross else (None, None)

    def forward(self, x, mask=None, memory=None, memory_padding=None):
        h = self.norm1(x)
        x = x + self.post_norm1(self.self_attn(h, h, h, attn_mask=mask)[0])
        norm, post = self.norm2, self.post_norm2
        if memory is not None:
            h = self.multihead_attn(self.norm2(x), memory, memory, key_padding_mask=memory_padding)[0]
            x = x + self.post_norm2(h)
            norm, post = self.norm3, self.post_norm3
        h = norm(x)
        return x + post(self.linear2(nn.functional.silu(self.gate(h)) * self.linear1(h)))


def sandwich_cases():
    x, memory = draw.normal(B, T, D), draw.normal(B, S, D)
    added = draw.normal(B, H, T, T)
    seen = torch.rand(T, T, generator=draw.generator) < 0.6
    seen |= torch.eye(T).bool()
    flat = lambda mask: mask.reshape(B * H, T, T)
    yield module_case("sandwich", {"cross": False}, Sandwich(False), {"x": x}, lambda m, x: {"out": m(x["x"])})
    yield module_case(
        "sandwich, an added mask a head", {"cross": False}, Sandwich(False), {"x": x, "added": added},
        lambda m, x: {"out": m(x["x"], flat(x["added"]))},
    )
    yield module_case(
        "sandwich, pairs that see each other", {"cross": False}, Sandwich(False), {"x": x, "pairsPadding": seen},
        lambda m, x: {"out": m(x["x"], ~x["pairsPadding"])},
    )
    yield module_case(
        "sandwich, a memory",
        {"cross": True},
        Sandwich(True),
        {"x": x, "memory": memory, "memoryKeyPadding": MEMORY_PADDING},
        lambda m, x: {"out": m(x["x"], causal_mask(T), x["memory"], x["memoryKeyPadding"])},
    )


if __name__ == "__main__":
    write("packages/attention/test/fixtures/multi-head-attention.json", [*multi_head_cases()])
    write("packages/attention/test/fixtures/encoder.json", [*encoder_cases()])
    write("packages/attention/test/fixtures/decoder.json", [*decoder_cases()])
    write("packages/attention/test/fixtures/sandwich.json", [*sandwich_cases()])
