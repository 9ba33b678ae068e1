"""Writes packages/tensor/test/fixtures/safetensors/: files as the Python library writes them, and what they hold.

Run in a virtual environment outside the repository: pip install safetensors==0.8.0 numpy==2.4.6
python tools/oracle/safetensors_oracle.py             writes the fixtures
python tools/oracle/safetensors_oracle.py FILE        prints what Python reads from a file that Heddle wrote
"""
import json
import sys
from pathlib import Path

import numpy as np
import safetensors
from safetensors import TensorSpec, serialize
from safetensors.numpy import load_file, save_file

OUT = Path(__file__).parents[2] / "packages/tensor/test/fixtures/safetensors"


def bfloat16(values):
    """The upper halves of float32 values that have nothing in the lower."""
    bits = values.astype(np.float32).view(np.uint32)
    assert not (bits & 0xFFFF).any()
    return (bits >> 16).astype(np.uint16)


def spec(dtype, array):
    """Raw data; the array has to outlive the call that writes it."""
    return TensorSpec(dtype=dtype, shape=list(array.shape), data_ptr=array.ctypes.data, data_len=array.nbytes)


def listed(array):
    return [repr(float(x)) if not np.isfinite(x) else x for x in array.reshape(-1).tolist()]


if len(sys.argv) > 1:
    for name, array in sorted(load_file(sys.argv[1]).items()):
        print(name, array.dtype, array.shape, array.reshape(-1)[:4].tolist())
    sys.exit()

rng = np.random.default_rng(20)
OUT.mkdir(parents=True, exist_ok=True)

# Every element type there is an array for, with its edges.
half = np.array([0.0, -0.0, 1.0, -2.5, 65504.0, 6e-8, 6.104e-05, np.inf, -np.inf, 0.333251953125], np.float16)
brain = np.array([0.0, -0.0, 1.0, -3.140625, 1e38, 9.183549615799121e-41, np.inf, -np.inf], np.float32)
brain = (brain.view(np.uint32) & 0xFFFF0000).view(np.float32)
arrays = {
    "f64": rng.normal(size=(2, 3)), "f32": rng.normal(size=(3, 2, 2)).astype(np.float32), "f16": half,
    "i64": np.array([[-(2**31), 2**31 - 1], [0, -1]]), "i32": np.array([-(2**31), 2**31 - 1, 7], np.int32),
    "i16": np.array([-(2**15), 2**15 - 1], np.int16), "i8": np.array([-128, 127], np.int8),
    "u64": np.array([2**31 - 1], np.uint64), "u32": np.array([[2**31 - 1]], np.uint32), "u16": np.array([65535], np.uint16),
    "u8": np.array([0, 255], np.uint8), "bool": np.array([[True, False, True]]),
    "scalar": np.array(1.5, np.float32), "empty": np.zeros((0, 4), np.float32),
}
upper = bfloat16(brain)
raw = {name: spec(str(a.dtype), a) for name, a in arrays.items()} | {"bf16": spec("bfloat16", upper)}
arrays["bf16"] = brain
(OUT / "dtypes.safetensors").write_bytes(serialize(raw, {"format": "np", "note": "ä → ∞"}))
expected = {name: {"shape": list(a.shape), "data": listed(a.astype(np.float32) if a.dtype.kind == "f" else a)}
            for name, a in arrays.items()}
versions = {"safetensors": safetensors.__version__, "numpy": np.__version__}
(OUT / "dtypes.json").write_text(json.dumps({"versions": versions, "tensors": expected}, ensure_ascii=False) + "\n")

# What Heddle itself can write: the same tensors have to give the same bytes.
plain = {
    "layers.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "ids": np.array([1, -2], np.int32),
    "mask": np.array([True, False, True]), "layers.0.bias": np.array([0.5, -0.5], np.float32),
    # Names that a JavaScript object would put first, and in another order.
    "2": np.array([2], np.float32), "10": np.array([10], np.float32),
}
save_file(plain, OUT / "plain.safetensors", {"format": "pt"})
