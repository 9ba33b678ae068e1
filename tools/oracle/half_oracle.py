"""Writes packages/tensor/test/fixtures/half/: floats as PyTorch rounds them to 16 bits, and files that hold them.

python tools/oracle/half_oracle.py
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(__file__).parents[2] / "packages/tensor/test/fixtures/half"
OUT.mkdir(parents=True, exist_ok=True)

generator = torch.Generator().manual_seed(4)
drawn = torch.randn(200, generator=generator) * 10 ** (torch.rand(200, generator=generator) * 16 - 10)
# Ties between neighbours, the ends of each format, and what is too small or too large for it.
edges = [0.0, -0.0, 1.0, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-11 + 2**-20, 1 + 2**-8, 1 + 3 * 2**-8, 65504.0, 65519.9, 65520.0]
edges += [-65520.0, 2**-14, 2**-15, 2**-24, 2**-25, 1.0001 * 2**-25, 3 * 2**-25, -(2**-14) * 0.9999, 3.3e38, 1e-45, 3.4028235e38]
edges += [float("inf"), float("-inf"), float("nan")]
values = torch.cat([torch.tensor(edges), drawn]).float()
bits = {str(d)[6:]: values.to(d).view(torch.int16).int().bitwise_and(0xFFFF).tolist() for d in (torch.float16, torch.bfloat16)}
words = values.view(torch.int32).tolist()
(OUT / "rounding.json").write_text(json.dumps({"torch": str(torch.__version__), "words": words, **bits}) + "\n")

# What Heddle has to write byte for byte, integers beside the floats.
state = {
    "layers.0.weight": torch.randn(2, 3, generator=generator), "layers.0.bias": torch.tensor([1e-7, 70000.0]),
    "ids": torch.tensor([1, -2], dtype=torch.int32), "mask": torch.tensor([True, False, True]),
}
save_file(state, OUT / "float32.safetensors", {"format": "pt"})
for dtype in (torch.float16, torch.bfloat16):
    narrow = {k: t.to(dtype) if t.is_floating_point() else t for k, t in state.items()}
    save_file(narrow, OUT / f"{str(dtype)[6:]}.safetensors", {"format": "pt"})
