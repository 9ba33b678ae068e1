"""Texts by Hugging Face's transformers: packages/attention/test/fixtures/generation, a file a model.

Beam search (50 prompts and three settings a model), beams in groups, contrastive search, greedy search with penalties,
tokens that may not come or must (those that bite: what the model is fond of), from the models that models_oracle.py
wrote, in float64. `choices.json` holds what transformers' filters leave of rows of logits, `configured.json` texts of
models whose folder has a generation_config.json. Of each text only what was generated is kept, with a last eos, without
padding.
"""

import json
import platform
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import transformers
from transformers import GenerationConfig, LogitsProcessorList
from transformers.generation import logits_process as filters

from models_oracle import MODELS, ROOT, VOCAB, everything_in_float64

TARGET = ROOT.parent / "generation"
PROMPTS = 50
NEW = 10

# Ours: what transformers calls it.
NAMES = {
    "beams": "num_beams",
    "returnSequences": "num_return_sequences",
    "lengthPenalty": "length_penalty",
    "earlyStopping": "early_stopping",
    "noRepeatNgram": "no_repeat_ngram_size",
    "repetitionPenalty": "repetition_penalty",
    "beamGroups": "num_beam_groups",
    "diversityPenalty": "diversity_penalty",
    "contrastiveAlpha": "penalty_alpha",
    "topK": "top_k",
    "maxNewTokens": "max_new_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "minP": "min_p",
    "typicalP": "typical_p",
    "eosIds": "eos_token_id",
    "minNewTokens": "min_new_tokens",
    "minLength": "min_length",
    "renormalizeLogits": "renormalize_logits",
    "badWordsIds": "bad_words_ids",
    "forcedBosId": "forced_bos_token_id",
    "forcedEosIds": "forced_eos_token_id",
    "suppressTokens": "suppress_tokens",
    "beginSuppressTokens": "begin_suppress_tokens",
}

CASES = [
    ("beams", PROMPTS, {"beams": 4, "returnSequences": 4}),
    ("beams, early", PROMPTS, {"beams": 3, "returnSequences": 2, "lengthPenalty": 0.6, "earlyStopping": True, "noRepeatNgram": 2}),
    ("beams, never early", PROMPTS, {"beams": 5, "returnSequences": 1, "lengthPenalty": 2.0, "earlyStopping": "never", "repetitionPenalty": 1.3}),
    ("beams, short ones favoured", 12, {"beams": 4, "returnSequences": 2, "lengthPenalty": -0.5, "earlyStopping": "never"}),
    ("groups", 20, {"beams": 6, "beamGroups": 3, "diversityPenalty": 0.7, "returnSequences": 6}),
    ("groups of one", 12, {"beams": 3, "beamGroups": 3, "diversityPenalty": 2.0, "returnSequences": 3, "repetitionPenalty": 1.2}),
    ("contrastive", 20, {"contrastiveAlpha": 0.6, "topK": 4}),
    ("contrastive, penalised", 12, {"contrastiveAlpha": 0.4, "topK": 6, "repetitionPenalty": 1.4}),
    ("greedy, penalised", 12, {"repetitionPenalty": 1.7, "noRepeatNgram": 3}),
]


def processed(model):
    """Cases of tokens that may not come, or must: those that this model is fond of may not."""
    texts = [row for prompt in prompts(PROMPTS) for row in run(model, prompt, {})["texts"]]
    eos = model.config.eos_token_id

    def fond(length, count):
        groups = Counter(tuple(row[i : i + length]) for row in texts for i in range(len(row) - length + 1))
        return [list(group) for group, _ in groups.most_common() if eos not in group][:count]

    (first,), (second,), (third,), *_ = fond(1, 5)
    starts = [id for id, _ in Counter(row[0] for row in texts).most_common(2)]
    ends = {"eosIds": [eos, second, third]}
    end = {"eosIds": [second]}
    words = fond(2, 6) + fond(3, 6) + fond(4, 4) + [[first], [eos], [second, eos]]
    tokens = [first, fond(1, 5)[4][0]]
    beams = {"beams": 4, "returnSequences": 4}
    # A word that a row of one token begins doesn't count: its second token comes all the same.
    start = [model.config.decoder_start_token_id] if model.config.is_encoder_decoder else None
    behind = [[(start or prompt)[-1], row[0]] for prompt, row in zip(prompts(20), texts)]
    return [
        ("min new tokens", 20, {**ends, "minNewTokens": 6}),
        ("min new tokens, beams", 20, {**end, "minNewTokens": 4, **beams}),
        ("min length", 12, {**ends, "minLength": 9}),
        ("min length, of which new tokens take precedence", 12, {**ends, "minLength": 14, "minNewTokens": 2}),
        ("several ends, beams", 20, {**ends, **beams}),
        ("bad words", 20, {"badWordsIds": words}),
        ("bad words, beams", 20, {"badWordsIds": words, "noRepeatNgram": 3, **beams}),
        ("forced bos", 20, {"forcedBosId": 6, "badWordsIds": [[6]]}),
        ("renormalised, beams", 20, {"renormalizeLogits": True, "suppressTokens": tokens, "repetitionPenalty": 1.5, **beams}),
        ("renormalised, groups", 12, {"renormalizeLogits": True, "badWordsIds": words, "beams": 4, "beamGroups": 2, "diversityPenalty": 1.5, "returnSequences": 4}),
        ("forced bos, beams", 20, {"forcedBosId": 6, "beginSuppressTokens": starts, **beams}),
        ("forced eos", 12, {"forcedEosIds": [eos], "badWordsIds": words[:2]}),
        ("forced eos, one of two", 12, {**ends, "forcedEosIds": [third, second]}),
        ("forced eos, beams", 20, {"forcedEosIds": [eos], "beams": 3, "returnSequences": 3}),
        ("suppressed", 20, {"suppressTokens": tokens}),
        ("suppressed, beams", 20, {"suppressTokens": tokens, **beams}),
        ("suppressed at the beginning", 20, {"beginSuppressTokens": starts}),
        ("suppressed at the beginning, groups", 12, {"beginSuppressTokens": starts, "minNewTokens": 3, **end, "beams": 4, "beamGroups": 2, "diversityPenalty": 0.5, "returnSequences": 4}),
        ("contrastive, with bad words", 12, {"contrastiveAlpha": 0.5, "topK": 3, "badWordsIds": words, "suppressTokens": tokens, "minNewTokens": 4}),
        ("all together", 20, {**end, "minNewTokens": 3, "badWordsIds": words, "forcedBosId": 6, "forcedEosIds": [second], "suppressTokens": tokens[:1], "beginSuppressTokens": starts, "repetitionPenalty": 1.2, **beams}),
        ("bad words behind prompts", 20, {"badWordsIds": behind}),
    ]


def prompts(count, seed=11):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 9, (count,), generator=generator).tolist()
    return [torch.randint(3, VOCAB, (n,), generator=generator).tolist() for n in lengths]


def trimmed(ids, eos):
    """Up to the first eos: the rest is padding."""
    end = next((i for i, id in enumerate(ids) if id in eos), len(ids))
    return ids[: end + 1]


def reached(out, texts, eos, length_penalty):
    """Of several ends, transformers' beams write the first; this is the one that was reached, told by the scores."""
    for i, text in enumerate(texts):
        if text[-1] not in eos:
            continue
        *before, last = [out.scores[k][beam] for k, beam in enumerate(out.beam_indices[i, : len(text)].tolist())]
        known = sum(row[id] for row, id in zip(before, text))
        total = out.sequences_scores[i] * len(text) ** length_penalty
        text[-1] = min(eos, key=lambda id: abs(known + last[id] - total))
    return texts


def run(model, prompt, settings):
    ids = torch.tensor([prompt])
    options = {NAMES[k]: v for k, v in settings.items()}
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=NEW,
        pad_token_id=0,
        do_sample=False,
        return_dict_in_generate=True,
        output_scores=True,
        **options,
    )
    start = 1 if model.config.is_encoder_decoder else len(prompt)
    eos = settings.get("eosIds", [model.config.eos_token_id])
    texts = [trimmed(row[start:], eos) for row in out.sequences.tolist()]
    scores = getattr(out, "sequences_scores", None)
    if scores is not None and len(eos) > 1:
        texts = reached(out, texts, eos, settings.get("lengthPenalty", 1.0))
    return {
        "prompt": prompt,
        "texts": texts,
        **({} if scores is None else {"scores": [float(f"{s:.9g}") for s in scores.tolist()]}),
    }


def build(name):
    model = MODELS[name][1].from_pretrained(ROOT / name, attn_implementation="eager").double().eval()
    torch.float = torch.float64  # beams in groups are scored in it
    with everything_in_float64(), torch.no_grad():
        cases = [
            {"name": case, "options": {**settings, "maxNewTokens": NEW}, "texts": [run(model, p, settings) for p in prompts(count)]}
            for case, count, settings in CASES + processed(model)
        ]
    write(name, {"cases": cases})


FILTERS = [
    {"temperature": 0.7},
    {"topK": 5},
    {"topP": 0.8},
    {"minP": 0.1},
    {"typicalP": 0.6},
    {"temperature": 1.6, "topK": 12, "topP": 0.85},
    {"temperature": 0.8, "topK": 20, "minP": 0.05},
    {"topK": 15, "typicalP": 0.7},
    {"temperature": 1.3, "topK": 25, "topP": 0.95, "minP": 0.02, "typicalP": 0.9},
]


def choices():
    """Which tokens the filters leave of rows of logits, and how likely each is then."""
    rows = (torch.randn(8, 40, generator=torch.Generator().manual_seed(7)) * 2).float()
    make = {
        "temperature": filters.TemperatureLogitsWarper,
        "topK": filters.TopKLogitsWarper,
        "topP": filters.TopPLogitsWarper,
        "minP": filters.MinPLogitsWarper,
        "typicalP": filters.TypicalLogitsWarper,
    }
    cases = []
    for options in FILTERS:
        warp = LogitsProcessorList([make[k](options[k]) for k in make if k in options])
        kept = warp(torch.zeros(8, 1, dtype=torch.long), rows.double()).softmax(-1)
        cases.append({"options": options, "kept": [{str(i): float(f"{p:.9g}") for i, p in enumerate(r) if p > 0} for r in kept.tolist()]})
    write("choices", {"logits": [[float(f"{x:.9g}") for x in r] for r in rows.tolist()], "cases": cases})


# What a generation_config.json says, and what a call says beside it, in our words.
CONFIGURED = [
    ("max length", {"max_length": 9, "top_k": 50, "temperature": 1.0}, {}),
    ("max length, beams", {"max_length": 10, "num_beams": 4, "early_stopping": "never", "length_penalty": 2.0}, {}),
    ("new tokens win over length", {"max_new_tokens": 6, "max_length": 40, "num_beams": 3, "length_penalty": 0.5, "early_stopping": True}, {}),
    ("a call's tokens win over length", {"max_length": 9, "repetition_penalty": 1.5}, {"maxNewTokens": 12}),
    ("a call's beams win", {"num_beams": 4, "max_new_tokens": 8, "no_repeat_ngram_size": 2}, {"beams": 2}),
    ("a call's one beam wins", {"num_beams": 4, "max_new_tokens": 8}, {"beams": 1, "repetitionPenalty": 1.3}),
    ("a summary's", {"_from_model_config": True, "bos_token_id": 0, "early_stopping": True, "forced_bos_token_id": 6, "forced_eos_token_id": 2, "length_penalty": 2.0, "max_length": 14, "min_length": 7, "no_repeat_ngram_size": 3, "num_beams": 4, "transformers_version": "4.44.2"}, {}),
    ("several ends", {"eos_token_id": [1, 4, 5, 7], "min_new_tokens": 2, "max_new_tokens": 9}, {}),
    ("forbidden", {"suppress_tokens": [4, 5], "begin_suppress_tokens": [6, 7], "bad_words_ids": [[3], [7, 7]], "max_new_tokens": 8, "no_repeat_ngram_size": 0, "forced_bos_token_id": None}, {}),
    ("contrastive", {"penalty_alpha": 0.6, "top_k": 3, "max_new_tokens": 7}, {}),
    ("several texts, renormalised", {"num_beams": 4, "num_return_sequences": 3, "renormalize_logits": True, "suppress_tokens": [4, 5, 9], "max_new_tokens": 7}, {}),
    ("both minima", {"min_length": 14, "min_new_tokens": 2, "eos_token_id": [1, 4, 5, 7], "max_new_tokens": 9}, {}),
]


def configured():
    """What models write whose folder has a generation_config.json."""
    cases = []
    models = {n: MODELS[n][1].from_pretrained(ROOT / n, attn_implementation="eager").double().eval() for n in ["gpt2", "llama", "t5", "bart"]}
    with everything_in_float64(), torch.no_grad(), TemporaryDirectory() as place:
        folder = Path(place)
        for name, model in models.items():
            own = model.generation_config
            for case, config, settings in CONFIGURED:
                written = {"eos_token_id": own.eos_token_id, "pad_token_id": 0, **config}
                start = {} if own.decoder_start_token_id is None else {"decoder_start_token_id": own.decoder_start_token_id}
                (folder / "generation_config.json").write_text(json.dumps({**start, **written}))
                model.generation_config = GenerationConfig.from_pretrained(folder)
                eos = written["eos_token_id"] if isinstance(written["eos_token_id"], list) else [written["eos_token_id"]]
                options = {NAMES[k]: v for k, v in settings.items()}
                texts = []
                for prompt in prompts(12, seed=5):
                    prompt = prompt[:6]
                    ids = torch.tensor([prompt])
                    out = model.generate(ids, attention_mask=torch.ones_like(ids), **options)
                    texts.append({"prompt": prompt, "texts": [trimmed(row[1 if start else len(prompt) :], eos) for row in out.tolist()]})
                cases.append({"model": name, "name": case, "config": written, "options": settings, "texts": texts})
    write("configured", {"cases": cases})


def write(name, content):
    versions = {"torch": str(torch.__version__), "transformers": transformers.__version__, "python": platform.python_version()}
    TARGET.mkdir(parents=True, exist_ok=True)
    target = TARGET / f"{name}.json"
    target.write_text(json.dumps({"generator": versions, **content}, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{name}: {target.stat().st_size // 1024} KiB", flush=True)


if __name__ == "__main__":
    choices()
    configured()
    for model_name in sys.argv[1:] or ["gpt2", "llama", "bloom", "t5", "bart"]:
        build(model_name)
