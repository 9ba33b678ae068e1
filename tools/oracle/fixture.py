"""The fixtures' format: what a case holds, and how it is written. No model is computed here.

A file is { generator, cases }. A case runs one function in float64 on inputs that float32 holds
exactly, reduces its output to a scalar, and keeps the gradient of every floating input and parameter.
"""

import json
import math
import platform
from pathlib import Path

import torch

REPOSITORY = Path(__file__).resolve().parents[2]
DTYPES = {torch.float64: "float32", torch.int64: "int32", torch.bool: "bool"}


class Draw:
    """Random inputs, the same on every run. Floats are float32 values held in float64."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape, scale=1.0):
        return (torch.randn(shape, generator=self.generator) * scale).float().double()

    def uniform(self, *shape, low=0.0, high=1.0):
        return (low + (high - low) * torch.rand(shape, generator=self.generator)).float().double()

    def integers(self, high, *shape):
        return torch.randint(high, shape, generator=self.generator)


def number(v):
    """A float in JSON, which has no infinities: those are JavaScript's names for them."""
    if math.isfinite(v):
        return float(f"{v:.10g}")
    return "NaN" if math.isnan(v) else "Infinity" if v > 0 else "-Infinity"


def as_json(tensor):
    tensor = tensor.detach()
    flat = tensor.flatten().tolist()
    data = [number(v) for v in flat] if tensor.is_floating_point() else [int(v) for v in flat]
    return {"shape": list(tensor.shape), "dtype": DTYPES[tensor.dtype], "data": data}


def leaves(tensors):
    """Copies that record a gradient where they are floating point."""
    return {k: v.detach().clone().requires_grad_(v.is_floating_point()) for k, v in tensors.items()}


def case(name, config, inputs, params, run, upstream=None, constant=()):
    """Runs `run(inputs, params)`, a dict of outputs with at least `out`.

    A scalar `out` is its own loss; anything else becomes the sum of out · upstream.
    Inputs named in `constant` (masks, class weights) get no gradient.
    """
    x = {**leaves(inputs), **{k: inputs[k] for k in constant}}
    p = leaves(params)
    outputs = run(x, p)
    out = outputs["out"]
    loss = out if upstream is None else (out * upstream).sum()
    loss.backward()
    grads = {k: as_json(v.grad) for k, v in {**x, **p}.items() if v.requires_grad and v.grad is not None}
    record = {
        "name": name,
        "config": config,
        "inputs": {k: as_json(v) for k, v in inputs.items()},
        "params": {k: as_json(v) for k, v in params.items()},
    }
    if upstream is not None:
        record["upstream"] = as_json(upstream)
    record["outputs"] = {**{k: as_json(v) for k, v in outputs.items()}, "loss": as_json(loss)}
    record["grads"] = grads
    return record


def write(path, cases):
    target = REPOSITORY / path
    target.parent.mkdir(parents=True, exist_ok=True)
    generator = {"torch": str(torch.__version__), "python": platform.python_version(), "dtype": "float64"}
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    target.write_text(f'{{"generator":{json.dumps(generator)},"cases":[\n{lines}\n]}}\n')
    print(f"{path}: {len(cases)} cases, {target.stat().st_size // 1024} KiB")
