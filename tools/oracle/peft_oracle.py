"""Adapters by PEFT: packages/attention/test/fixtures/adapters, a folder each, for models of the other fixtures.

A folder holds what PEFT's `save_pretrained` writes and expected.json: logits with the adapter, the loss and its gradient
with respect to each weight of the adapter. Computed in float64 from weights that float32 holds exactly.

    python peft_oracle.py                          # torch 2, transformers 4.44.2, peft 0.12.0
    python peft_oracle.py --check FOLDER gpt2      # what the library saved, loaded by PEFT: its logits against expected.json
"""

import json
import sys
import warnings
from pathlib import Path

import peft
import torch
import transformers
from models_oracle import IDS, MASK, everything_in_float64
from peft import LoraConfig, PeftModel, PromptTuningConfig, get_peft_model
from transformers import AutoConfig

warnings.filterwarnings("ignore")
FIXTURES = Path(__file__).resolve().parents[2] / "packages/attention/test/fixtures"

ADAPTERS = {
    "llama": ("llama", LoraConfig(r=2, lora_alpha=3, target_modules=["q_proj", "v_proj", "down_proj"])),
    "llama-rslora": ("llama", LoraConfig(r=4, lora_alpha=3, use_rslora=True, target_modules="all-linear", rank_pattern={"q_proj": 1}, alpha_pattern={"v_proj": 5})),
    "llama-patterns": ("llama", LoraConfig(r=2, lora_alpha=3, lora_dropout=0.3, target_modules=["q_proj", "v_proj", "o_proj"], rank_pattern={"q_proj": 3, r"layers\.0\..*v_proj": 1}, alpha_pattern={r"layers\.[01]\..*o_proj": 7, r"layers\.0\.self_attn\.q_proj": 5, "v_proj": 2})),
    "llama-dora": ("llama", LoraConfig(r=2, lora_alpha=3, use_dora=True, target_modules=["q_proj", "o_proj", "gate_proj"])),
    "gpt2": ("gpt2", LoraConfig(r=2, lora_alpha=4, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True)),
    "bloom": ("bloom", LoraConfig(r=2, lora_alpha=4, target_modules=["query_key_value"])),
    "gpt-neox-dora": ("gpt-neox", LoraConfig(r=2, lora_alpha=4, use_dora=True, target_modules=["query_key_value", "dense"])),
    "bert": ("bert", LoraConfig(task_type="SEQ_CLS", r=2, lora_alpha=4, target_modules=["query", "value"])),
    "gpt2-prompt": ("gpt2", PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)),
    "llama-prompt": ("llama", PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)),
    "bert-prompt": ("bert", PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=2)),
}


def base(name):
    folder = FIXTURES / "models" / name
    config = AutoConfig.from_pretrained(folder, attn_implementation="eager")
    return getattr(transformers, config.architectures[0]).from_pretrained(folder, config=config)


def expect(model, causal):
    model = model.double().eval()
    labels = IDS.masked_fill(MASK == 0, -100) if causal else torch.tensor([2, 0])
    given = {"input_ids": IDS, "attention_mask": MASK}
    with everything_in_float64():
        return model(**given, labels=labels)


def numbers(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.9g}") for v in tensor.detach().double().flatten().tolist()]}


def generation(model):
    """Greedy search behind the vectors by PEFT's own forward; beams by its `generate`.

    PEFT 0.12 drops the vectors of models whose cache is an object (Llama), so beams are GPT-2's alone. It also takes a
    padded row's columns for its positions: prompts stand alone here.
    """
    found = []
    for prompt in [[5, 7, 3, 11], [9, 6], [4, 8, 12]]:
        ids = torch.tensor([prompt])
        given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "max_new_tokens": 8, "pad_token_id": 0, "eos_token_id": None}
        greedy = list(prompt)
        for _ in range(8):
            row = torch.tensor([greedy])
            greedy.append(int(model(input_ids=row, attention_mask=torch.ones_like(row)).logits[0, -1].argmax()))
        case = {"prompt": prompt, "greedy": greedy}
        if model.config.model_type == "gpt2":
            assert model.generate(**given, do_sample=False)[0].tolist() == greedy
            beams = model.generate(**given, num_beams=3, num_return_sequences=2, return_dict_in_generate=True, output_scores=True)
            case |= {"beams": beams.sequences.tolist(), "beamScores": [float(f"{s:.9g}") for s in beams.sequences_scores.tolist()]}
        found.append(case)
    return found


def build(name):
    model_name, config = ADAPTERS[name]
    torch.manual_seed(0)
    model = get_peft_model(base(model_name), config)
    generator = torch.Generator().manual_seed(sum(map(ord, name)))
    trained = {k: p for k, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for k, p in trained.items():
            noise = torch.randn(p.shape, generator=generator) * 0.2
            p.copy_(p + noise if "magnitude" in k or "modules_to_save" in k else noise)
    folder = FIXTURES / "adapters" / name
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config_file = folder / "adapter_config.json"
    written = json.loads(config_file.read_text())
    written["base_model_name_or_path"] = model_name  # not this machine's path
    if isinstance(written.get("target_modules"), list):
        written["target_modules"].sort()  # a set there
    config_file.write_text(json.dumps(written, indent=2) + "\n")
    out = expect(model, model_name != "bert")
    with everything_in_float64():
        out.loss.backward()
    grads = {k.replace(".default", "").replace("modules_to_save.", "").replace("lora_magnitude_vector.weight", "lora_magnitude_vector"): numbers(p.grad) for k, p in trained.items()}
    expected = {}
    if name.endswith("-prompt") and model_name != "bert":
        with everything_in_float64(), torch.no_grad():
            expected["generation"] = generation(model)
    versions = {"torch": str(torch.__version__), "transformers": transformers.__version__, "peft": peft.__version__}
    expected |= {"generator": versions, "model": model_name, "logits": numbers(out.logits), "loss": float(out.loss), "grads": grads}
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    print(name, sum(p.numel() for p in trained.values()), "parameters")


def check(folder, name):
    expected = json.loads((FIXTURES / "adapters" / name / "expected.json").read_text())
    model = PeftModel.from_pretrained(base(expected["model"]), folder)
    out = expect(model, expected["model"] != "bert")
    found = torch.tensor(numbers(out.logits)["data"])
    wanted = torch.tensor(expected["logits"]["data"])
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-7), (found - wanted).abs().max()
    print(f"{name}: PEFT loads it, and gives the same logits")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(*sys.argv[2:4])
    else:
        for adapter in sys.argv[1:] or ADAPTERS:
            build(adapter)
