"""Answers by transformers' pipelines: packages/classifier/test/fixtures/pipelines.json.

What is compared is what happens around a model: tokens to entities, windows to answers, pairs and labels. So the model is
a stub, here and in the tests: the logits of a token are those of its id and of its place, which the fixture holds.
Offsets are given in UTF-16 units, as JavaScript counts them.

    python pipelines_oracle.py        # torch 2, transformers 4.44.2, tokenizers 0.19.1
"""

import json
import warnings
from pathlib import Path

import tokenizers
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, PreTrainedTokenizerFast
from transformers.modeling_outputs import QuestionAnsweringModelOutput, SequenceClassifierOutput, TokenClassifierOutput
from transformers.models.bert.modeling_bert import BertPreTrainedModel

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
FILE = Path(__file__).resolve().parents[2] / "packages/classifier/test/fixtures/pipelines.json"
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC", "B-end-of"]
CLASSES = ["contradiction", "neutral", "entailment"]
PLACES = 64

CORPUS = [
    "Ada Lovelace went from London to Paris in the spring of the year",
    "Grace Hopper lived in New York and worked with compilers and machines",
    "the analytical engine weaves algebraical patterns just as the loom weaves flowers and leaves",
    "Zoë and Müller met at the café near the river, and said hello: it was cold.",
]
NER_TEXTS = [
    "Ada Lovelace went from London to New York.",
    "Müllerin and Zoë lovelaces, in the 東京 café 😀 with Hopperite machines",
    "😀😀 weavers of New-York's compilersation: 12 flowering 𝒜da looms",
    "Ada",
    "",
    " ".join(CORPUS),  # longer than the model reads
]
# The byte-level tokenizer tells no words to transformers, which then goes by spaces: no punctuation here.
PLAIN_TEXTS = ["flowerings weavers with cafés saids", "spring cafés with saidings weavers the compilersation"]
QUESTIONS = [
    ("who went to Paris", "Ada Lovelace went from London to Paris in the spring of the year"),
    ("where", " ".join(CORPUS)),
    ("who met at the café?", "😀 Zoë and Müllerin met at the café 😀 near the riverside, and said hellos: it was 𝒜da."),
    ("what", "looms"),
]
# No empty second text: transformers takes it for none, unless it comes in a list.
PAIRS = [
    ("Ada went to Paris", "Ada went away"),
    (" ".join(CORPUS), "the engine weaves"),
    ("who", " ".join(CORPUS)),
    (CORPUS[1], CORPUS[2] + CORPUS[0] + CORPUS[3]),
]


def fast(tokenizer, template, **special):
    tokenizer.post_processor = template
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=PLACES, **special)


def wordpiece():
    """Words of the corpus in pieces of three, two and more letters. (The native trainer numbers its pieces as it likes.)"""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    words = [w for text in CORPUS for w, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))]
    letters = sorted({c for word in words for c in word})
    pieces = [p for w in words for p in (w[:3], "##" + w[3:5], "##" + w[5:]) if p != "##"]
    vocab = dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *("##" + c for c in letters), *pieces])
    tokenizer.model = models.WordPiece({piece: i for i, piece in enumerate(vocab)}, unk_token="[UNK]")
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return fast(tokenizer, processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)), **special)


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=350, special_tokens=["<pad>", "<s>", "</s>"], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    special = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>"}
    return fast(tokenizer, processors.RobertaProcessing(("</s>", 2), ("<s>", 1)), **special)


class Stub(BertPreTrainedModel):
    """Logits of a token: its id's and its place's."""

    def __init__(self, config, ids, places, kind):
        super().__init__(config)
        self.ids, self.places, self.kind, self.doubt = ids, places, kind, 0

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        logits = self.ids[input_ids] + self.places[: input_ids.shape[1]]
        if self.kind == "tokens":
            return TokenClassifierOutput(logits=logits)
        if self.kind == "span":
            logits[:, 0] += self.doubt
            return QuestionAnsweringModelOutput(start_logits=logits[..., 0], end_logits=logits[..., 1])
        weights = (attention_mask * (1 + types)).unsqueeze(2)
        return SequenceClassifierOutput(logits=(logits * weights).sum(1) / weights.sum(1))


def table(rows, columns, seed, scale):
    drawn = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * scale
    return (drawn * 1000).round() / 1000


def stub(tokenizer, kind, labels, seed, scale, **config):
    ids, places = table(len(tokenizer), len(labels), seed, scale), table(PLACES, len(labels), seed + 1, scale / 4)
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, id2label=dict(enumerate(labels)), **config)
    tables = {"ids": [[round(x, 3) for x in row] for row in ids.tolist()], "places": [[round(x, 3) for x in row] for row in places.tolist()]}
    return Stub(config, ids, places, kind).eval(), tables


def units(text, at):
    return len(text[:at].encode("utf-16-le")) // 2


def place(text, found):
    return {"start": units(text, found["start"]), "end": units(text, found["end"]), "score": round(float(found["score"]), 7)}


def entities(tokenizer, model, texts, strategies):
    pipeline = transformers.TokenClassificationPipeline(model=model, tokenizer=tokenizer)
    for text in texts:
        for strategy in strategies:
            found = pipeline(text, aggregation_strategy=strategy)
            labelled = [{"label": e.get("entity_group", e.get("entity")), **place(text, e)} for e in found]
            yield {"text": text, "aggregation": strategy, "entities": labelled}


def answers(tokenizer, model):
    pipeline = transformers.QuestionAnsweringPipeline(model=model, tokenizer=tokenizer)
    ways = [
        {},
        {"top_k": 5},
        {"top_k": 5, "align_to_words": False},
        {"top_k": 4, "handle_impossible_answer": True, "max_answer_len": 3},
        {"handle_impossible_answer": True},
        {"max_answer_len": 1},
        {"top_k": 6, "max_seq_len": 36, "doc_stride": 6},
        {"top_k": 3, "max_seq_len": 48, "handle_impossible_answer": True},
    ]
    names = {"top_k": "topK", "align_to_words": "alignToWords", "handle_impossible_answer": "noAnswer", "max_answer_len": "maxAnswer", "max_seq_len": "maxLength", "doc_stride": "stride"}
    for question, context, doubt in [*((*q, 0) for q in QUESTIONS), *((*q, 5) for q in QUESTIONS)]:
        model.doubt = doubt  # how much more is said for no answer
        for way in ways if doubt == 0 else [way for way in ways if way.get("handle_impossible_answer")]:
            if context == "looms" and "top_k" in way:
                continue  # fewer passages than are asked for: transformers fills up with impossible ones
            found = pipeline(question=question, context=context, **way)
            found = found if isinstance(found, list) else [found]
            said = [{"text": a["answer"], **place(context, a)} for a in found]
            yield {"question": question, "context": context, "doubt": doubt, "options": {names[k]: v for k, v in way.items()}, "answers": said}


def classes(tokenizer, model):
    pipeline = transformers.TextClassificationPipeline(model=model, tokenizer=tokenizer)
    for text, pair in [*PAIRS, (CORPUS[0], None)]:
        found = pipeline({"text": text} if pair is None else {"text": text, "text_pair": pair}, top_k=None, truncation=True)
        yield {"text": text, "pair": pair, "scores": {c["label"]: round(c["score"], 7) for c in found}}


cases = []
for name, tokenizer, texts in (("wordpiece", wordpiece(), NER_TEXTS), ("byteLevel", byte_level(), PLAIN_TEXTS)):
    tagger, tag_tables = stub(tokenizer, "tokens", TAGS, 1, 1.0)
    reader, span_tables = stub(tokenizer, "span", ["start", "end"], 3, 1.5)
    sorter, class_tables = stub(tokenizer, "classes", CLASSES, 5, 2.0)
    marker, _ = stub(tokenizer, "classes", CLASSES, 5, 2.0, problem_type="multi_label_classification")
    found = list(entities(tokenizer, tagger, texts, ["none", "simple", "first", "average", "max"]))
    if name == "byteLevel":
        found += entities(tokenizer, tagger, NER_TEXTS, ["none", "simple"])
    cases.append(
        {
            "name": name,
            "tokenizer": json.loads(tokenizer.backend_tokenizer.to_str()),
            "tokens": {"labels": TAGS, **tag_tables, "cases": found},
            "span": {**span_tables, "cases": list(answers(tokenizer, reader))},
            "classes": {"labels": CLASSES, **class_tables, "single": list(classes(tokenizer, sorter)), "multi": list(classes(tokenizer, marker))},
        }
    )
    print(name, {k: len(v["cases"]) for k, v in cases[-1].items() if isinstance(v, dict) and "cases" in v})

versions = {"torch": str(torch.__version__), "transformers": transformers.__version__, "tokenizers": tokenizers.__version__}
FILE.parent.mkdir(parents=True, exist_ok=True)
FILE.write_text(json.dumps({"generator": versions, "maxLength": PLACES, "cases": cases}, separators=(",", ":"), ensure_ascii=False) + "\n")
