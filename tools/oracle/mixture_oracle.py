"""Mixtral's block of experts, its load-balancing loss, and scaled rotary positions by Hugging Face's transformers:
packages/attention/test/fixtures, mixture.json and rope.json. Parameters carry our names: w1 is an expert's gate, w3 its
linear1, w2 its linear2.
"""

import torch
from transformers import LlamaConfig, MixtralConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock, load_balancing_loss_func

from fixture import Draw, as_json, case, write

draw = Draw(41)
torch.float = torch.float64  # the routers' softmax runs in it
B, T, D, F, E = 2, 6, 8, 12, 4
OURS = {"w1": "gate", "w3": "linear1", "w2": "linear2"}


def ours(name):
    return ".".join(OURS.get(part, part) for part in name.split("."))


def block_cases():
    for top_k in (1, 2, 3):
        config = MixtralConfig(hidden_size=D, intermediate_size=F, num_local_experts=E, num_experts_per_tok=top_k)
        block = MixtralSparseMoeBlock(config).double()
        with torch.no_grad():
            for p in block.parameters():
                p.copy_(draw.normal(*p.shape, scale=0.6))

        def forward(x, _):
            out, logits = block(x["x"])
            return {"out": out, "logits": logits.reshape(B, T, E)}

        block.zero_grad()
        record = case(
            f"block, {top_k} of {E}",
            {"dim": D, "hiddenDim": F, "count": E, "topK": top_k},
            {"x": draw.normal(B, T, D)},
            {},
            forward,
            draw.normal(B, T, D),
        )
        for name, p in block.named_parameters():
            record["params"][ours(name)] = as_json(p)
            record["grads"][ours(name)] = as_json(torch.zeros_like(p) if p.grad is None else p.grad)
        yield record


def loss_cases():
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 0]])
    for top_k in (1, 2):
        for masked in (False, True):
            layers = {f"layer{i}": draw.normal(B, T, E) for i in range(2)}

            def run(x, _):
                logits = tuple(x[k].reshape(B * T, E) for k in layers)
                return {"out": load_balancing_loss_func(logits, E, top_k, mask if masked else None)}

            inputs = {**layers, "mask": mask} if masked else layers
            yield case(f"loss, {top_k} of {E}{', padding' if masked else ''}", {"count": E, "topK": top_k}, inputs, {}, run, constant=["mask"] if masked else [])


ROPES = [
    ("linear", {"rope_type": "linear", "factor": 4.0}, 64),
    ("dynamic, short", {"rope_type": "dynamic", "factor": 3.0}, 20),
    ("dynamic, long", {"rope_type": "dynamic", "factor": 3.0}, 75),
    ("yarn", {"rope_type": "yarn", "factor": 4.0}, 100),
    ("yarn, everything said", {"rope_type": "yarn", "factor": 8.0, "beta_fast": 16.0, "beta_slow": 2.0, "attention_factor": 1.2}, 100),
    ("llama3", {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}, 64),
]


def rope_cases():
    for name, scaling, length in ROPES:
        config = LlamaConfig(hidden_size=48, num_attention_heads=2, max_position_embeddings=32, rope_theta=500.0, rope_scaling=dict(scaling))
        rope = LlamaRotaryEmbedding(config=config)
        x = torch.zeros(1, 1, length, 24, dtype=torch.float64)
        cos, sin = rope(x, torch.arange(length)[None])
        config_of = {"scaling": scaling, "length": length, "dim": 24, "theta": 500, "positions": 32, "every": 7}
        outputs = {"cos": as_json(cos[0, ::7, :12].double()), "sin": as_json(sin[0, ::7, :12].double())}
        yield {"name": name, "config": config_of, "outputs": outputs}


if __name__ == "__main__":
    write("packages/attention/test/fixtures/mixture.json", [*block_cases(), *loss_cases()])
    write("packages/attention/test/fixtures/rope.json", [*rope_cases()])
