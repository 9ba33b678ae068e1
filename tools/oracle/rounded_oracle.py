"""Writes packages/attention/test/fixtures/rounded.json: what transformers makes of weights that were rounded to 16 bits.

python tools/oracle/rounded_oracle.py

The models are those of models_oracle.py; their weights are rounded by PyTorch and widened again, and nothing else is.
"""
import json

from models_oracle import MODELS, ROOT, expect
import torch

NAMES = ["bert-mlm", "electra", "bert-causal", "gpt2", "gpt2-classes", "llama", "gemma", "gpt-neox", "bloom", "t5", "bart", "bart-span", "vit", "clip"]

found = {}
for name in NAMES:
    _, model_class, config_class, _ = MODELS[name]
    found[name] = {}
    for dtype in (torch.bfloat16, torch.float16):
        config = config_class.from_pretrained(ROOT / name, attn_implementation="eager")
        model = model_class.from_pretrained(ROOT / name, config=config, torch_dtype=torch.float32)
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(p.to(dtype).float())
        found[name][str(dtype)[6:]] = expect(name, model)[0]["logits"]

out = ROOT.parent / "rounded.json"
out.write_text(json.dumps({"torch": str(torch.__version__), "logits": found}, separators=(",", ":")) + "\n")
print(f"{len(found)} models, {out.stat().st_size // 1024} KiB")
