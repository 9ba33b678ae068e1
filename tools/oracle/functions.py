"""Losses, norms, activations, embedding, convolution and attention as functions: packages/tensor/test/fixtures."""

import math

import torch
import torch.nn.functional as F

from fixture import Draw, case, write

draw = Draw(11)


def cross_entropy_cases():
    """https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"""
    logits = draw.normal(6, 5, scale=2)
    target = draw.integers(5, 6)
    ignored = target.clone()
    ignored[1] = ignored[4] = -100
    weight = draw.uniform(5, low=0.2, high=2)
    variants = [
        ("plain", target, {}, False),
        ("sum", target, {"reduction": "sum"}, False),
        ("ignore index", ignored, {"ignoreIndex": -100}, False),
        ("label smoothing", target, {"labelSmoothing": 0.1}, False),
        ("class weights", target, {}, True),
        ("class weights, sum", target, {"reduction": "sum"}, True),
        ("ignore index and label smoothing", ignored, {"ignoreIndex": -100, "labelSmoothing": 0.2}, False),
        ("class weights and label smoothing", target, {"labelSmoothing": 0.1}, True),
        ("everything", ignored, {"ignoreIndex": -100, "labelSmoothing": 0.1}, True),
    ]
    for name, labels, config, weighted in variants:
        inputs = {"logits": logits, "target": labels, **({"weight": weight} if weighted else {})}

        def run(x, _, config=config):
            out = F.cross_entropy(
                x["logits"],
                x["target"],
                weight=x.get("weight"),
                ignore_index=config.get("ignoreIndex", -100),
                label_smoothing=config.get("labelSmoothing", 0.0),
                reduction=config.get("reduction", "mean"),
            )
            return {"out": out}

        yield case(f"crossEntropy: {name}", config, inputs, {}, run, constant=[k for k in inputs if k != "logits"])


def pointwise_loss_cases():
    logits, target = draw.normal(4, 3, scale=3), draw.integers(2, 4, 3).double()
    pos_weight = draw.uniform(3, low=0.5, high=4)
    for reduction in ("mean", "sum"):
        yield case(
            f"binaryCrossEntropyWithLogits: {reduction}",
            {"reduction": reduction},
            {"logits": logits, "target": target},
            {},
            lambda x, _: {"out": F.binary_cross_entropy_with_logits(x["logits"], x["target"], reduction=reduction)},
            constant=["target"],
        )
    yield case(
        "binaryCrossEntropyWithLogits: positive weight",
        {},
        {"logits": logits, "target": target, "posWeight": pos_weight},
        {},
        lambda x, _: {"out": F.binary_cross_entropy_with_logits(x["logits"], x["target"], pos_weight=x["posWeight"])},
        constant=["target", "posWeight"],
    )
    a, b = draw.normal(4, 3), draw.normal(4, 3)
    for reduction in ("mean", "sum"):
        yield case(
            f"mse: {reduction}",
            {"reduction": reduction},
            {"input": a, "target": b},
            {},
            lambda x, _: {"out": F.mse_loss(x["input"], x["target"], reduction=reduction)},
        )
    for delta in (1.0, 0.5, 2.5):
        yield case(
            f"huber: delta {delta}",
            {"delta": delta},
            {"input": a, "target": b},
            {},
            lambda x, _: {"out": F.huber_loss(x["input"], x["target"], delta=delta)},
        )


def norm_cases():
    x, up = draw.normal(2, 3, 8, scale=2), draw.normal(2, 3, 8)
    weight, bias = draw.normal(8), draw.normal(8)
    for eps in (1e-5, 1e-12):
        yield case(
            f"layerNorm: eps {eps}",
            {"eps": eps, "normalizedShape": [8]},
            {"x": x},
            {"weight": weight, "bias": bias},
            lambda x, p: {"out": F.layer_norm(x["x"], (8,), p["weight"], p["bias"], eps)},
            up,
        )

    def rms_norm(x, weight, eps):
        """nn.RMSNorm (torch 2.4 and later); https://arxiv.org/abs/1910.07467"""
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight

    for eps in (1e-6, 1e-5):
        yield case(
            f"rmsNorm: eps {eps}",
            {"eps": eps, "normalizedShape": [8]},
            {"x": x},
            {"weight": weight},
            lambda x, p: {"out": rms_norm(x["x"], p["weight"], eps)},
            up,
        )


def activation_cases():
    x, up = draw.normal(3, 7, scale=2.5), draw.normal(3, 7)
    functions = {
        "gelu": lambda x: F.gelu(x),
        "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
        "silu": F.silu,
        "relu": F.relu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "erf": torch.erf,
        "softplus": F.softplus,
        "softmax": lambda x: F.softmax(x, -1),
        "logSoftmax": lambda x: F.log_softmax(x, -1),
    }
    for name, function in functions.items():
        config = {"approximate": "tanh"} if name == "gelu tanh" else {}
        yield case(name, config, {"x": x}, {}, lambda x, _: {"out": function(x["x"])}, up)
    yield case("logSumExp", {"dim": -1}, {"x": x}, {}, lambda x, _: {"out": torch.logsumexp(x["x"], -1)}, draw.normal(3))


def layer_cases():
    x = draw.normal(2, 3, 6)
    params = {"weight": draw.normal(4, 6), "bias": draw.normal(4)}
    up = draw.normal(2, 3, 4)
    yield case("linear", {}, {"x": x}, params, lambda x, p: {"out": F.linear(x["x"], p["weight"], p["bias"])}, up)

    ids = torch.tensor([[1, 4, 0, 0], [2, 2, 5, 0]])
    table, up = draw.normal(6, 5), draw.normal(2, 4, 5)
    for padding in (None, 0):
        config = {} if padding is None else {"paddingIdx": padding}
        yield case(
            f"embedding: {'plain' if padding is None else 'padding index'}",
            config,
            {"ids": ids},
            {"weight": table},
            lambda x, p: {"out": F.embedding(x["ids"], p["weight"], padding_idx=padding)},
            up,
        )

    x = draw.normal(2, 4, 9)
    for config in (
        {},
        {"padding": 2},
        {"stride": 2, "padding": 1},
        {"dilation": 2, "padding": 2},
        {"groups": 2, "padding": 1},
        {"stride": 3, "padding": 2, "dilation": 2, "groups": 2},
    ):
        weight, bias = draw.normal(6, 4 // config.get("groups", 1), 3), draw.normal(6)
        shape = F.conv1d(x, weight, bias, **config).shape
        name = ", ".join(f"{k} {v}" for k, v in config.items()) or "plain"
        yield case(
            f"conv1d: {name}",
            config,
            {"x": x},
            {"weight": weight, "bias": bias},
            lambda x, p: {"out": F.conv1d(x["x"], p["weight"], p["bias"], **config)},
            draw.normal(*shape),
        )


def attention_cases():
    """F.scaled_dot_product_attention (torch 2.0 and later), written out. True in a mask: may be seen."""
    q, k, v = draw.normal(2, 2, 4, 3), draw.normal(2, 2, 5, 3), draw.normal(2, 2, 5, 6)
    square = draw.normal(2, 2, 4, 3), draw.normal(2, 2, 4, 6)
    seen = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]).bool()[:, None, None, :].expand(2, 1, 4, 5)
    bias = draw.normal(1, 2, 4, 5)

    def attention(x, causal=False, scale=None):
        scores = x["q"] @ x["k"].transpose(-1, -2) * (scale or 1 / math.sqrt(x["q"].shape[-1]))
        if causal:
            T, S = scores.shape[-2:]
            scores = scores.masked_fill(~torch.ones(T, S).tril().bool(), -math.inf)
        if "mask" in x and x["mask"].dtype == torch.bool:
            scores = scores.masked_fill(~x["mask"], -math.inf)
        elif "mask" in x:
            scores = scores + x["mask"]
        return {"out": scores.softmax(-1) @ x["v"]}

    up = draw.normal(2, 2, 4, 6)
    cross = {"q": q, "k": k, "v": v}
    self_ = {"q": q, "k": square[0], "v": square[1]}
    yield case("attention: plain", {}, cross, {}, lambda x, _: attention(x), up)
    yield case("attention: scale", {"scale": 0.3}, cross, {}, lambda x, _: attention(x, scale=0.3), up)
    yield case("attention: causal", {"causal": True}, self_, {}, lambda x, _: attention(x, causal=True), up)
    yield case("attention: boolean mask", {}, {**cross, "mask": seen}, {}, lambda x, _: attention(x), up)
    yield case("attention: additive mask", {}, {**cross, "mask": bias}, {}, lambda x, _: attention(x), up)
    padded = seen[..., :4].expand(2, 1, 4, 4)
    yield case(
        "attention: causal and boolean mask",
        {"causal": True},
        {**self_, "mask": padded},
        {},
        lambda x, _: attention(x, causal=True),
        up,
    )


if __name__ == "__main__":
    groups = {
        "losses": [*cross_entropy_cases(), *pointwise_loss_cases()],
        "functions": [*norm_cases(), *activation_cases(), *layer_cases()],
        "attention": [*attention_cases()],
    }
    for name, cases in groups.items():
        write(f"packages/tensor/test/fixtures/{name}.json", cases)
