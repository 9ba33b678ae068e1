"""Sentence encoders as sentence-transformers has them: packages/attention/test/fixtures/sentences, a folder each.

A folder holds what sentence-transformers reads (without a tokenizer) and expected.json: vectors of two texts of ids, in
float64 from weights that float32 holds exactly.

    python sentence_oracle.py        # torch 2, transformers 4.44.2, sentence-transformers 3.0.1
"""

import json
import warnings
from pathlib import Path

import safetensors.torch
import sentence_transformers
import torch
import transformers
from models_oracle import IDS, MASK, everything_in_float64, numbers, randomized
from sentence_transformers.models import Dense, Normalize, Pooling
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

warnings.filterwarnings("ignore")
ROOT = Path(__file__).resolve().parents[2] / "packages/attention/test/fixtures/sentences"
SIZES = {"vocab_size": 23, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 24}
EVERY = {f"pooling_mode_{mode}": True for mode in ("cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")}

ENCODERS = {
    # As all-mpnet-base-v2.
    "mpnet": (MPNetModel(MPNetConfig(**SIZES, pad_token_id=1)), [Pooling(8), Normalize()]),
    # Every way of pooling beside each other, and a map behind them.
    "every-pooling": (BertModel(BertConfig(**SIZES)), [Pooling(8, **EVERY), Dense(48, 5), Normalize()]),
}

for name, (model, modules) in ENCODERS.items():
    folder = ROOT / name
    model = randomized(model, sum(map(ord, name))).float().eval()
    model.save_pretrained(folder)
    listed = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    for i, module in enumerate(modules, 1):
        kind = type(module).__name__
        path = f"{i}_{kind}"
        (folder / path).mkdir(parents=True, exist_ok=True)
        if isinstance(module, Dense):
            randomized_linear = torch.Generator().manual_seed(i)
            with torch.no_grad():
                for p in module.parameters():
                    p.copy_(torch.randn(p.shape, generator=randomized_linear) * 0.3)
        module.save(str(folder / path))
        if not any((folder / path).iterdir()):
            (folder / path).rmdir()  # git keeps no empty folders
        listed.append({"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"})
    (folder / "modules.json").write_text(json.dumps(listed, indent=2) + "\n")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 20, "do_lower_case": False}) + "\n")
    ids = IDS.masked_fill(MASK == 0, model.config.pad_token_id)
    with everything_in_float64(), torch.no_grad():
        features = {"token_embeddings": model.double()(input_ids=ids, attention_mask=MASK)[0], "attention_mask": MASK}
        for module in modules:
            features = module.double()(features)
    versions = {"torch": str(torch.__version__), "transformers": transformers.__version__, "sentence-transformers": sentence_transformers.__version__}
    expected = {"generator": versions, "ids": numbers(ids), "mask": numbers(MASK), "vectors": numbers(features["sentence_embedding"])}
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    print(name, list(features["sentence_embedding"].shape))
