"""Whole models by Hugging Face's transformers: packages/attention/test/fixtures/models, a folder each.

A folder holds what `save_pretrained` writes (config.json, model.safetensors with random weights), the gradient of the
loss with respect to every weight under the same names (grads.safetensors), and what came out (expected.json). All of it
is computed in float64 from weights that float32 holds exactly. With `--check FOLDER` it loads what the library saved and
compares it with the fixture: `python models_oracle.py --check saved/llama llama`.
"""

import json
import platform
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import safetensors.torch
import torch
import transformers
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    AlbertForPreTraining,
    AlbertForSequenceClassification,
    AlbertModel,
    BartConfig,
    BartForCausalLM,
    BartForConditionalGeneration,
    BartForQuestionAnswering,
    BartForSequenceClassification,
    BertConfig,
    BertForMaskedLM,
    BertForMultipleChoice,
    BertForNextSentencePrediction,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertLMHeadModel,
    BertModel,
    BloomConfig,
    BloomForCausalLM,
    BloomForTokenClassification,
    CLIPConfig,
    CLIPForImageClassification,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
    DistilBertConfig,
    DistilBertForMaskedLM,
    DistilBertForMultipleChoice,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForCausalLM,
    ElectraForMaskedLM,
    ElectraForMultipleChoice,
    ElectraForPreTraining,
    ElectraForSequenceClassification,
    GemmaConfig,
    GemmaForCausalLM,
    GPT2Config,
    GPT2DoubleHeadsModel,
    GPT2ForSequenceClassification,
    GPT2ForTokenClassification,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    GPTNeoXForQuestionAnswering,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForQuestionAnswering,
    LlamaForSequenceClassification,
    LlamaForTokenClassification,
    MarianConfig,
    MarianForCausalLM,
    MarianMTModel,
    MistralConfig,
    MistralForCausalLM,
    MPNetConfig,
    MPNetForMaskedLM,
    MPNetForSequenceClassification,
    MPNetModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    RobertaConfig,
    RobertaForCausalLM,
    RobertaForMaskedLM,
    RobertaForMultipleChoice,
    RobertaForSequenceClassification,
    RobertaModel,
    T5Config,
    T5EncoderModel,
    T5ForConditionalGeneration,
    T5ForQuestionAnswering,
    T5ForSequenceClassification,
    T5ForTokenClassification,
    ViTConfig,
    ViTForImageClassification,
    ViTForMaskedImageModeling,
    ViTModel,
)

# Masks add the smallest float64, but some models take their softmax in float32, where that is -inf, and a token of
# padding that sees nothing becomes NaN. A smaller mask has the same effect without that.
FINFO = torch.finfo
torch.finfo = lambda dtype: SimpleNamespace(min=-1e30, max=1e30, **{k: getattr(FINFO(dtype), k) for k in ("bits", "eps", "tiny")})

ROOT = Path(__file__).resolve().parents[2] / "packages/attention/test/fixtures/models"
VOCAB = 23
IDS = torch.tensor([[5, 7, 3, 11, 2, 19, 4], [9, 6, 13, 8, 0, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0]])
LEFT_IDS = torch.tensor([[5, 7, 3, 11, 2, 19, 4], [0, 0, 0, 9, 6, 13, 8]])
LEFT_MASK = torch.tensor([[1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1]])
TARGETS = torch.tensor([[10, 4, 12, 1, -100], [3, 15, 1, -100, -100]])
SPECIAL = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}

LLAMA = {
    "vocab_size": VOCAB,
    "hidden_size": 16,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    **SPECIAL,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
BERT = {
    "vocab_size": VOCAB,
    "hidden_size": 16,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "num_labels": 3,
    "pad_token_id": 0,
}
SMALL = {**BERT, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}
DECODER = {**SPECIAL, "is_decoder": True}
SMALL_DISTIL = {"vocab_size": VOCAB, "dim": 8, "hidden_dim": 12, "n_layers": 1, "n_heads": 2, "max_position_embeddings": 24, "activation": "relu"}
# MPNet takes 1 for padding whatever its config says.
MPNET = {**{k: v for k, v in BERT.items() if k != "type_vocab_size"}, "max_position_embeddings": 24, "num_attention_heads": 2, "pad_token_id": 1}
BART = {
    "vocab_size": VOCAB,
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 20,
    "decoder_ffn_dim": 24,
    "max_position_embeddings": 24,
    "forced_eos_token_id": None,
    "decoder_start_token_id": 2,
    **SPECIAL,
}
CLIP = {
    "text_config": {
        "vocab_size": VOCAB, "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2,
        "num_attention_heads": 4, "max_position_embeddings": 16, "projection_dim": 12,
        "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
    },
    "vision_config": {
        "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": 8, "patch_size": 4, "projection_dim": 12,
    },
    "projection_dim": 12,
}
VIT = {
    "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 4,
    "image_size": 8, "patch_size": 4, "num_channels": 3, "num_labels": 3,
}

SMALL_BART = {**BART, "d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 12, "decoder_ffn_dim": 12}
SMALL_T5 = {
    "vocab_size": VOCAB, "d_model": 8, "d_kv": 3, "d_ff": 12, "num_layers": 1, "num_heads": 2, "classifier_dropout": 0.1,
    "relative_attention_num_buckets": 8, "relative_attention_max_distance": 10, "eos_token_id": 1, "pad_token_id": 0, "decoder_start_token_id": 0,
}
SMALL_TOWER = {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "projection_dim": 6}
SMALL_TEXT = {**CLIP["text_config"], **SMALL_TOWER}
SMALL_VISION = {**CLIP["vision_config"], **SMALL_TOWER}

MODELS = {
    "gpt2": ("causal", GPT2LMHeadModel, GPT2Config, {"vocab_size": VOCAB, "n_positions": 64, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_inner": 20, **SPECIAL}),
    "llama": ("causal", LlamaForCausalLM, LlamaConfig, {**LLAMA, "rope_scaling": LLAMA3, "attention_bias": True, "mlp_bias": True}),
    "llama-tied": ("causal", LlamaForCausalLM, LlamaConfig, {**LLAMA, "rope_scaling": {"rope_type": "linear", "factor": 2.0}, "tie_word_embeddings": True}),
    "mistral": ("causal", MistralForCausalLM, MistralConfig, {**LLAMA, "sliding_window": 3}),
    "qwen2": ("causal", Qwen2ForCausalLM, Qwen2Config, {**LLAMA, "use_sliding_window": False}),
    "gemma": ("causal", GemmaForCausalLM, GemmaConfig, {**LLAMA, "head_dim": 6, "num_key_value_heads": 1, "hidden_activation": "gelu_pytorch_tanh"}),
    "gpt-neox": ("causal", GPTNeoXForCausalLM, GPTNeoXConfig, {"vocab_size": VOCAB, "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 2, "rotary_pct": 0.5, "max_position_embeddings": 64, **SPECIAL}),
    "gpt-neox-serial": ("causal", GPTNeoXForCausalLM, GPTNeoXConfig, {"vocab_size": VOCAB, "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 2, "rotary_pct": 1.0, "use_parallel_residual": False, "max_position_embeddings": 64, **SPECIAL}),
    "bloom": ("causal", BloomForCausalLM, BloomConfig, {"vocab_size": VOCAB, "hidden_size": 12, "n_layer": 2, "n_head": 3, **SPECIAL}),
    "bert": ("encoder", BertForSequenceClassification, BertConfig, BERT),
    "bert-mlm": ("encoder", BertForMaskedLM, BertConfig, BERT),
    "roberta": ("encoder", RobertaForSequenceClassification, RobertaConfig, {**BERT, "type_vocab_size": 1}),
    "distilbert": ("encoder", DistilBertForSequenceClassification, DistilBertConfig, {"vocab_size": VOCAB, "dim": 16, "hidden_dim": 20, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 24, "num_labels": 3}),
    "albert": ("encoder", AlbertForSequenceClassification, AlbertConfig, {**BERT, "embedding_size": 8, "hidden_act": "gelu_new"}),
    "electra": ("encoder", ElectraForSequenceClassification, ElectraConfig, {**BERT, "embedding_size": 8}),
    "albert-mlm": ("encoder", AlbertForMaskedLM, AlbertConfig, {**SMALL, "embedding_size": 6, "hidden_act": "gelu_new"}),
    "roberta-mlm": ("encoder", RobertaForMaskedLM, RobertaConfig, {**SMALL, "type_vocab_size": 1, "pad_token_id": 1}),
    "distilbert-mlm": ("encoder", DistilBertForMaskedLM, DistilBertConfig, SMALL_DISTIL),
    "electra-mlm": ("encoder", ElectraForMaskedLM, ElectraConfig, {**SMALL, "embedding_size": 6}),
    "bert-tokens": ("encoder", BertForTokenClassification, BertConfig, SMALL),
    "bert-span": ("encoder", BertForQuestionAnswering, BertConfig, {**SMALL, "num_labels": 2}),
    "bert-pretraining": ("encoder", BertForPreTraining, BertConfig, {**SMALL, "num_labels": 2}),
    "albert-pretraining": ("encoder", AlbertForPreTraining, AlbertConfig, {**SMALL, "embedding_size": 6, "num_labels": 2}),
    "electra-replaced": ("encoder", ElectraForPreTraining, ElectraConfig, {**SMALL, "embedding_size": 6, "hidden_act": "relu"}),
    "bert-next": ("encoder", BertForNextSentencePrediction, BertConfig, {**SMALL, "num_labels": 2}),
    "bert-causal": ("causal", BertLMHeadModel, BertConfig, {**SMALL, **DECODER}),
    "roberta-causal": ("causal", RobertaForCausalLM, RobertaConfig, {**SMALL, **DECODER, "type_vocab_size": 1}),
    "electra-causal": ("causal", ElectraForCausalLM, ElectraConfig, {**SMALL, **DECODER, "embedding_size": 6}),
    "bart-causal": ("causal", BartForCausalLM, BartConfig, {**SMALL_BART, "scale_embedding": True}),
    "marian-causal": ("causal", MarianForCausalLM, MarianConfig, {**SMALL_BART, "activation_function": "swish"}),
    "gpt2-double": ("double", GPT2DoubleHeadsModel, GPT2Config, {"vocab_size": VOCAB, "n_positions": 24, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_inner": 12, "num_labels": 1, **SPECIAL}),
    "vit-masked": ("image", ViTForMaskedImageModeling, ViTConfig, {**VIT, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "encoder_stride": 4}),
    "clip-classes": ("image", CLIPForImageClassification, CLIPConfig, {"vision_config": SMALL_VISION, "num_labels": 3}),
    "bert-choice": ("encoder", BertForMultipleChoice, BertConfig, SMALL),
    "roberta-choice": ("encoder", RobertaForMultipleChoice, RobertaConfig, {**SMALL, "type_vocab_size": 1, "pad_token_id": 1}),
    "distilbert-choice": ("encoder", DistilBertForMultipleChoice, DistilBertConfig, SMALL_DISTIL),
    "electra-choice": ("encoder", ElectraForMultipleChoice, ElectraConfig, {**SMALL, "embedding_size": 6}),
    "mpnet": ("encoder", MPNetForSequenceClassification, MPNetConfig, MPNET),
    "mpnet-mlm": ("encoder", MPNetForMaskedLM, MPNetConfig, {**MPNET, "num_hidden_layers": 1}),
    "gpt2-classes": ("encoder", GPT2ForSequenceClassification, GPT2Config, {"vocab_size": VOCAB, "n_positions": 24, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_inner": 12, "num_labels": 3, **SPECIAL}),
    "gpt2-tokens": ("encoder", GPT2ForTokenClassification, GPT2Config, {"vocab_size": VOCAB, "n_positions": 24, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_inner": 12, "num_labels": 3, **SPECIAL}),
    "llama-classes": ("encoder", LlamaForSequenceClassification, LlamaConfig, {**LLAMA, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_labels": 3}),
    "llama-tokens": ("encoder", LlamaForTokenClassification, LlamaConfig, {**LLAMA, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_labels": 3}),
    "gpt-neox-span": ("encoder", GPTNeoXForQuestionAnswering, GPTNeoXConfig, {"vocab_size": VOCAB, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "rotary_pct": 0.5, "max_position_embeddings": 24, "num_labels": 2, **SPECIAL}),
    "bloom-tokens": ("encoder", BloomForTokenClassification, BloomConfig, {"vocab_size": VOCAB, "hidden_size": 8, "n_layer": 1, "n_head": 2, "num_labels": 3, **SPECIAL}),
    "bart-classes": ("encoder", BartForSequenceClassification, BartConfig, {**SMALL_BART, "num_labels": 3}),
    "bart-span": ("encoder", BartForQuestionAnswering, BartConfig, {**SMALL_BART, "num_labels": 2}),
    "t5-classes": ("encoder", T5ForSequenceClassification, T5Config, {**SMALL_T5, "num_labels": 3}),
    "t5-span": ("encoder", T5ForQuestionAnswering, T5Config, {**SMALL_T5, "num_labels": 2}),
    "t5-tokens": ("encoder", T5ForTokenClassification, T5Config, {**SMALL_T5, "feed_forward_proj": "gated-gelu", "num_labels": 3}),
    "llama-span": ("encoder", LlamaForQuestionAnswering, LlamaConfig, {**LLAMA, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1}),
    "t5": ("seq2seq", T5ForConditionalGeneration, T5Config, {"vocab_size": VOCAB, "d_model": 16, "d_kv": 6, "d_ff": 20, "num_layers": 2, "num_heads": 4, "relative_attention_num_buckets": 8, "relative_attention_max_distance": 10, "eos_token_id": 1, "pad_token_id": 0, "decoder_start_token_id": 0}),
    "t5-gated": ("seq2seq", T5ForConditionalGeneration, T5Config, {"vocab_size": VOCAB, "d_model": 16, "d_kv": 4, "d_ff": 20, "num_layers": 2, "num_heads": 4, "relative_attention_num_buckets": 8, "relative_attention_max_distance": 10, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "eos_token_id": 1, "pad_token_id": 0, "decoder_start_token_id": 0}),
    "bart": ("seq2seq", BartForConditionalGeneration, BartConfig, BART),
    "marian": ("seq2seq", MarianMTModel, MarianConfig, {**BART, "activation_function": "swish", "scale_embedding": True, "decoder_start_token_id": 0}),
    "vit": ("image", ViTForImageClassification, ViTConfig, VIT),
    "clip": ("clip", CLIPModel, CLIPConfig, CLIP),
    "bert-bare": ("bare", BertModel, BertConfig, SMALL),
    "roberta-bare": ("bare", RobertaModel, RobertaConfig, {**SMALL, "type_vocab_size": 1, "pad_token_id": 1}),
    "albert-bare": ("bare", AlbertModel, AlbertConfig, {**SMALL, "embedding_size": 6, "hidden_act": "gelu_new"}),
    "mpnet-bare": ("bare", MPNetModel, MPNetConfig, {**MPNET, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1}),
    "vit-bare": ("bare", ViTModel, ViTConfig, {**VIT, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}),
    "t5-encoder": ("bare", T5EncoderModel, T5Config, SMALL_T5),
    "clip-text": ("bare", CLIPTextModel, CLIPTextConfig, SMALL_TEXT),
    "clip-text-projection": ("bare", CLIPTextModelWithProjection, CLIPTextConfig, SMALL_TEXT),
    "clip-vision": ("bare", CLIPVisionModel, CLIPVisionConfig, SMALL_VISION),
    "clip-vision-projection": ("bare", CLIPVisionModelWithProjection, CLIPVisionConfig, SMALL_VISION),
}


def randomized(model, seed):
    """Weights drawn anew and large enough that every part shows; norms around one. T5's scores have no scale."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if not p.requires_grad:
                continue  # Marian's waves
            scale = 0.1 if p.dim() == 1 else 0.2 if model.config.model_type == "t5" else 0.3
            noise = torch.randn(p.shape, generator=generator) * scale
            p.copy_((p + noise if p.dim() == 1 else noise).float())
    return model


def numbers(tensor):
    flat = tensor.detach().double().flatten().tolist() if tensor.is_floating_point() else tensor.flatten().tolist()
    data = [float(f"{v:.9g}") for v in flat] if tensor.is_floating_point() else flat
    return {"shape": list(tensor.shape), "data": data}


def listed(tensors):
    return [numbers(t) for t in tensors]


def run_causal(model):
    labels = IDS.masked_fill(MASK == 0, -100)
    unshifted = model.config.model_type in ("bart", "marian")  # their classes leave that to the caller
    given = torch.cat([labels[:, 1:], torch.full((2, 1), -100)], 1) if unshifted else labels
    out = model(input_ids=IDS, attention_mask=MASK, labels=given, output_hidden_states=True, output_attentions=True)
    position_ids = (LEFT_MASK.cumsum(-1) - 1).clamp(min=0)
    positions = {} if model.config.model_type == "bloom" else {"position_ids": position_ids}
    if model.config.model_type == "roberta":
        positions = {}  # told by the ids
    if unshifted:  # positions can't be told: row by row, without padding
        rows = [model(input_ids=row[real == 1][None]).logits[0] for row, real in zip(LEFT_IDS, LEFT_MASK)]
        left = SimpleNamespace(logits=torch.stack([torch.cat([rows[0][: 7 - len(row)], row]) for row in rows]))
    else:
        left = model(input_ids=LEFT_IDS, attention_mask=LEFT_MASK, **positions)
    return out.loss, {
        "inputs": {"ids": numbers(IDS), "mask": numbers(MASK), "labels": numbers(labels)},
        "logits": numbers(out.logits),
        "hiddenStates": listed(out.hidden_states),
        "attentions": listed(out.attentions),
        "left": {"ids": numbers(LEFT_IDS), "mask": numbers(LEFT_MASK), "logits": numbers(left.logits)},
        "generation": generation(model),
    }


def generation(model):
    """Greedy and beam search, with sequences that end early among them."""
    prompts = torch.Generator().manual_seed(3)
    found = []
    for _ in range(6):
        ids = torch.randint(3, VOCAB, (1, 4), generator=prompts)
        common = {"attention_mask": torch.ones_like(ids), "max_new_tokens": 8, "pad_token_id": 0, "return_dict_in_generate": True}
        greedy = model.generate(ids, do_sample=False, num_beams=1, **common)
        beam = model.generate(
            ids, do_sample=False, num_beams=3, num_return_sequences=2, length_penalty=0.8, early_stopping=False, output_scores=True, **common
        )
        found.append(
            {
                "prompt": ids[0].tolist(),
                "greedy": greedy.sequences[0].tolist(),
                "beams": beam.sequences.tolist(),
                "beamScores": [float(f"{s:.9g}") for s in beam.sequences_scores.tolist()],
            }
        )
    return found


def texts_of(model):
    """Ids and mask, padded with the model's own id; long ones for MPNet, whose distances share buckets from 8 on."""
    pad = model.config.pad_token_id
    if model.config.model_type in ("bart", "t5"):  # texts end, and there the label is read
        ids = IDS.masked_fill(MASK == 0, pad)
        ids[0, 6] = ids[1, 3] = model.config.eos_token_id
        return ids, MASK
    if model.config.model_type != "mpnet":
        return IDS.masked_fill(MASK == 0, pad), MASK
    ids = torch.randint(3, VOCAB, (2, 16), generator=torch.Generator().manual_seed(9))
    mask = torch.ones_like(ids)
    ids[1, 11:], mask[1, 11:] = pad, 0
    return ids, mask


def encoder_inputs(model):
    """What a model that reads is called with, and the same for the fixture."""
    ids, mask = texts_of(model)
    inputs = {"input_ids": ids, "attention_mask": mask}
    types = torch.tensor([[0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0, 0]])
    expected = {"ids": numbers(ids), "mask": numbers(mask)}
    if getattr(model.config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = types
        expected["typeIds"] = numbers(types)
    return inputs, expected


def run_encoder(model):
    inputs, expected = encoder_inputs(model)
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    task = type(model).__name__.split("For")[1]
    guessed = ids.masked_fill(mask == 0, -100)
    replaced = model.config.model_type == "electra"
    labels = {
        "MaskedLM": guessed,
        "PreTraining": ids % 2 if replaced else guessed,
        "NextSentencePrediction": torch.tensor([1, 0]),
        "TokenClassification": (ids % 3).masked_fill(mask == 0, -100),
        "QuestionAnswering": torch.tensor([[1, 2], [4, 3]]),  # where the answers begin and end
        "MultipleChoice": torch.tensor([1]),
        "SequenceClassification": torch.tensor([2, 0]),
    }[task]
    expected["labels"] = numbers(labels)
    if task == "QuestionAnswering":
        given = {"start_positions": labels[0], "end_positions": labels[1]}
    else:
        given = {"labels": labels}
    if task == "PreTraining" and not replaced:
        pairs = torch.tensor([1, 0])
        given["sentence_order_label" if model.config.model_type == "albert" else "next_sentence_label"] = pairs
        expected["pairLabels"] = numbers(pairs)
    if task == "MultipleChoice":  # the two texts are the choices of one question
        inputs = {k: v.unsqueeze(0) for k, v in inputs.items()}
    out = model(**inputs, **given, output_hidden_states=True, output_attentions=True)
    pairs = out.get("seq_relationship_logits", out.get("sop_logits"))
    if task == "QuestionAnswering":
        logits = torch.stack([out.start_logits, out.end_logits], -1)
    else:
        logits = out.logits if pairs is None else out.prediction_logits
    return out.loss, {
        "inputs": expected,
        "logits": numbers(logits),
        **({} if pairs is None else {"pairLogits": numbers(pairs)}),
        "hiddenStates": listed(out.decoder_hidden_states if hasattr(out, "decoder_hidden_states") else out.hidden_states),
        "attentions": listed(out.decoder_attentions if hasattr(out, "decoder_attentions") else out.attentions),
    }


def run_seq2seq(model):
    out = model(input_ids=IDS, attention_mask=MASK, labels=TARGETS, output_hidden_states=True, output_attentions=True)
    return out.loss, {
        "inputs": {"ids": numbers(IDS), "mask": numbers(MASK), "labels": numbers(TARGETS)},
        "logits": numbers(out.logits),
        "encoderHiddenStates": listed(out.encoder_hidden_states),
        "decoderHiddenStates": listed(out.decoder_hidden_states),
        "crossAttentions": listed(out.cross_attentions),
        "generation": generation(model),
    }


def pixels(seed):
    return torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed)).float().double()


def run_image(model):
    image = pixels(5)
    masked = {"bool_masked_pos": torch.tensor([[1, 0, 0, 1], [0, 0, 1, 0]]).bool()}
    masks = type(model) is ViTForMaskedImageModeling
    given = masked if masks else {"labels": torch.tensor([2, 0])}
    out = model(pixel_values=image, **given, output_hidden_states=True, output_attentions=True)
    named = {"masked": masked["bool_masked_pos"].long()} if masks else given
    return out.loss, {
        "inputs": {"pixels": numbers(image), **{k: numbers(v) for k, v in named.items()}},
        "logits": numbers(out.reconstruction if masks else out.logits),
        "hiddenStates": listed(out.hidden_states),
        "attentions": listed(out.attentions),
    }


def run_double(model):
    """Two texts are the choices of one question; each is judged by its last token."""
    labels, last = IDS.masked_fill(MASK == 0, -100), MASK.sum(-1) - 1
    rows = {"input_ids": IDS, "attention_mask": MASK, "labels": labels, "mc_token_ids": last}
    out = model(**{k: v[None] for k, v in rows.items()}, mc_labels=torch.tensor([1]), output_hidden_states=True, output_attentions=True)
    return out.loss + out.mc_loss, {
        "inputs": {"ids": numbers(IDS), "mask": numbers(MASK), "labels": numbers(labels), "choice": numbers(torch.tensor([1]))},
        "logits": numbers(out.logits[0]),
        "choices": numbers(out.mc_logits),
        "hiddenStates": listed(out.hidden_states),
        "attentions": listed(out.attentions),
    }


CLIP_IDS = torch.tensor([[2, 7, 3, 11, 1, 0, 0], [2, 6, 13, 8, 4, 9, 1]])
CLIP_MASK = torch.tensor([[1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1, 1]])


def run_bare(model):
    """A model without a head: its tokens, and what its pooler or its projection makes of them."""
    kind = model.config.model_type
    if "vi" in kind:  # ViT and CLIP's vision
        image = pixels(5)
        inputs, expected = {"pixel_values": image}, {"pixels": numbers(image)}
    elif kind == "clip_text_model":
        inputs = {"input_ids": CLIP_IDS, "attention_mask": CLIP_MASK}
        expected = {"ids": numbers(CLIP_IDS), "mask": numbers(CLIP_MASK)}
    else:
        inputs, expected = encoder_inputs(model)
    out = model(**inputs)
    found = [out.get(name) for name in ("text_embeds", "image_embeds", "pooler_output")]
    pooled = next((p for p in found if p is not None), out.last_hidden_state[:, 0])
    weights = torch.linspace(-1, 1, pooled.numel()).view_as(pooled)
    return (pooled * weights).sum(), {
        "inputs": {**expected, "weights": numbers(weights)},
        "logits": numbers(pooled),
        "lastHiddenState": numbers(out.last_hidden_state),
    }


def run_clip(model):
    ids, mask, image = CLIP_IDS, CLIP_MASK, pixels(6)
    lists = {"output_hidden_states": True, "output_attentions": True}
    out = model(input_ids=ids, attention_mask=mask, pixel_values=image, return_loss=True, **lists)
    # OpenAI's own files say 2, and mean the largest id of a row.
    own, model.text_model.eos_token_id = model.text_model.eos_token_id, 2
    largest = model.get_text_features(input_ids=ids, attention_mask=mask)
    model.text_model.eos_token_id = own
    return out.loss, {
        "inputs": {"ids": numbers(ids), "mask": numbers(mask), "pixels": numbers(image)},
        "logits": numbers(out.logits_per_image),
        "textEmbedding": numbers(out.text_embeds),
        "imageEmbedding": numbers(out.image_embeds),
        "largestIdFeatures": numbers(largest),
        "textHiddenStates": listed(out.text_model_output.hidden_states),
        "textAttentions": listed(out.text_model_output.attentions),
        "imageHiddenStates": listed(out.vision_model_output.hidden_states),
        "imageAttentions": listed(out.vision_model_output.attentions),
    }


RUNS = {"causal": run_causal, "encoder": run_encoder, "seq2seq": run_seq2seq, "image": run_image, "double": run_double, "bare": run_bare, "clip": run_clip}


@contextmanager
def everything_in_float64():
    """Norms and softmaxes of some models go through float32 whatever the model is in; here that name means float64."""
    float32, to_float = torch.float32, torch.Tensor.float
    torch.set_default_dtype(torch.float64)
    torch.float32, torch.Tensor.float = torch.float64, torch.Tensor.double
    try:
        yield
    finally:
        torch.float32, torch.Tensor.float = float32, to_float
        torch.set_default_dtype(torch.float32)


def expect(name, model):
    """The fixture of a model in float64, and the gradients of its loss."""
    kind = MODELS[name][0]
    model = model.double().eval()
    model.zero_grad()
    with everything_in_float64():
        loss, expected = RUNS[kind](model)
        loss.backward()
    versions = {"torch": str(torch.__version__), "transformers": transformers.__version__, "python": platform.python_version()}
    grads = {k: torch.zeros_like(p) if p.grad is None else p.grad for k, p in model.named_parameters()}
    if "final_logits_bias" in model.state_dict():
        grads["final_logits_bias"] = torch.zeros_like(model.final_logits_bias)
    return {"generator": versions, "kind": kind, "loss": float(loss), **expected}, grads


def build(name):
    kind, model_class, config_class, settings = MODELS[name]
    torch.manual_seed(0)
    config = config_class(**settings, attn_implementation="eager")
    model = randomized(model_class(config), sum(map(ord, name))).float()
    if name == "roberta-causal":  # it takes what is padding from the ids: a text that it writes must not hold any
        model.lm_head.bias.data[0] = -30
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    expected, grads = expect(name, model)
    safetensors.torch.save_file({k: g.float().contiguous().clone() for k, g in grads.items()}, folder / "grads.safetensors")
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":"), allow_nan=False) + "\n")
    size = sum(f.stat().st_size for f in folder.iterdir()) // 1024
    print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters, {size} KiB")


def check(folder, name):
    """Loads what the library saved; it must give the fixture's numbers, or its weights as rounded to 16 bits here."""
    config = MODELS[name][2].from_pretrained(folder, attn_implementation="eager")
    model, info = MODELS[name][1].from_pretrained(folder, config=config, torch_dtype="auto", output_loading_info=True)
    info["missing_keys"] = [k for k in info["missing_keys"] if name != "marian-causal" or "embed_positions" not in k]  # computed
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    if config.torch_dtype != torch.float32:
        wanted = MODELS[name][1].from_pretrained(ROOT / name, torch_dtype=torch.float32).to(config.torch_dtype).state_dict()
        for key, tensor in model.state_dict().items():
            assert tensor.dtype == wanted[key].dtype and torch.equal(tensor, wanted[key]), key
        print(f"{name}: loads, and has the same weights in {config.torch_dtype}")
        return
    expected = json.loads((ROOT / name / "expected.json").read_text())
    found, _ = expect(name, model)
    a, b = (torch.tensor(e["logits"]["data"]).double() for e in (found, expected))
    assert torch.allclose(a, b, rtol=1e-6, atol=1e-9), (a - b).abs().max()
    print(f"{name}: loads, and gives the same logits")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(*sys.argv[2:4])
    else:
        for model_name in sys.argv[1:] or MODELS:
            build(model_name)
