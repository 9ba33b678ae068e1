"""Files as torch.save writes them, good and hostile ones: packages/tensor/test/fixtures/torch.

    /usr/bin/python3 torch_files_oracle.py           # torch 1.13: everything
    python torch_files_oracle.py newer               # torch 2: newer.bin alone, whose archive has more files in it

What the good ones hold stands in expected.json.
"""
import collections
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import torch

OUT = Path(__file__).parents[2] / "packages/tensor/test/fixtures/torch"
OUT.mkdir(parents=True, exist_ok=True)


def state():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8
    return collections.OrderedDict(
        {
            "f32": base,
            "f64": torch.tensor([0.1, -2.5, 1e30], dtype=torch.float64),
            "f16": torch.tensor([0.5, -2.25, 65504.0], dtype=torch.float16),
            "bf16": torch.tensor([1.5, -3.0, 2.0**100], dtype=torch.bfloat16),
            "i64": torch.tensor([[1, -2], [2**31 - 1, -(2**31)]]),
            "i32": torch.tensor([7, -8], dtype=torch.int32),
            "i16": torch.tensor([7, -8], dtype=torch.int16),
            "i8": torch.tensor([7, -8], dtype=torch.int8),
            "u8": torch.tensor([7, 255], dtype=torch.uint8),
            "bool": torch.tensor([True, False]),
            "parameter": torch.nn.Parameter(torch.tensor([1.0, 2.0])),
            "scalar": torch.tensor(2.6592),
            "empty": torch.zeros(0, 3),
            # Views of one storage: another order, a part, a step, and twice the same.
            "transposed": base.t(),
            "columns": base[:, 2:4],
            "rows": base[1:3],
            "stepped": base[::2, ::3],
            "permuted": torch.arange(24, dtype=torch.int16).reshape(2, 3, 4).permute(2, 0, 1),
            "tied": base,
            "position_ids": torch.arange(5).expand((1, -1)),
        }
    )


def expected(tensors):
    return {k: {"shape": list(t.shape), "data": t.detach().double().flatten().tolist()} for k, t in tensors.items()}


if sys.argv[1:] == ["newer"]:
    torch.save(state(), OUT / "newer.bin")
    sys.exit()

torch.manual_seed(3)
module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
torch.save(state(), OUT / "state.bin")
torch.save(state(), OUT / "protocol4.bin", pickle_protocol=4)
torch.save(module.state_dict(), OUT / "module.bin")
weights = expected(module.state_dict())
(OUT / "expected.json").write_text(json.dumps({"state": expected(state()), "module": weights}, separators=(",", ":")) + "\n")

# Shards with an index.
sharded = OUT / "sharded"
sharded.mkdir(exist_ok=True)
names = list(module.state_dict())
files = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
for i, file in enumerate(files):
    torch.save({k: module.state_dict()[k] for k in names[2 * i : 2 * i + 2]}, sharded / file)
index = {"metadata": {"total_size": 40}, "weight_map": {k: files[i // 2] for i, k in enumerate(names)}}
(sharded / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2) + "\n")


class Runs:
    """What runs a command where its pickle is read."""

    def __init__(self, function, *args):
        self.reduced = (function, args)

    def __reduce__(self):
        return self.reduced


def hostile(name, value, **options):
    folder = OUT / "hostile"
    folder.mkdir(exist_ok=True)
    torch.save(value, folder / f"{name}.bin", **options)


one = torch.ones(2)
hostile("os-system", {"weight": Runs(os.system, "echo hacked")})
hostile("eval", {"weight": Runs(eval, "1 + 1")})
hostile("module", torch.nn.Linear(1, 1))
hostile("device", {"weight": one, "device": torch.device("cpu")})
hostile("complex", {"weight": torch.zeros(2, dtype=torch.complex64)})
hostile("quantized", {"weight": torch.quantize_per_tensor(one, 0.1, 0, torch.qint8)})
hostile("sparse", {"weight": torch.eye(2).to_sparse()})
hostile("nested", {"state_dict": {"weight": one}, "epoch": 3})
hostile("list", [one])
hostile("repeated", {"weight": torch.ones(1).expand(1_000_000_000_000)})
hostile("old", {"weight": one}, _use_new_zipfile_serialization=False)
hostile("proto-name", {"__proto__": one})

# The same bytes, but compressed.
good = io.BytesIO()
torch.save({"weight": one}, good)
with zipfile.ZipFile(good) as source, zipfile.ZipFile(OUT / "hostile/compressed.bin", "w", zipfile.ZIP_DEFLATED) as target:
    for entry in source.namelist():
        target.writestr(zipfile.ZipInfo(entry), source.read(entry), zipfile.ZIP_DEFLATED)
with zipfile.ZipFile(OUT / "hostile/photos.bin", "w") as target:
    target.writestr(zipfile.ZipInfo("holiday.txt"), "sun")
