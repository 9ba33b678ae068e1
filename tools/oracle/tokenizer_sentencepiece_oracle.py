"""Writes packages/tokenizer/test/fixtures/sentencepiece.json.gz: models that the sentencepiece library trains with its
options, how it cuts random texts with them, and what it makes of those ids and of random ones.

python tools/oracle/tokenizer_sentencepiece_oracle.py packages/tokenizer/test/fixtures
"""
import base64
import gzip
import io
import json
import os
import random
import sys
import tempfile
from pathlib import Path

import sentencepiece

rng = random.Random(20261126)
LETTERS = "abcdefghijklm"
WORDS = ["".join(rng.choice(LETTERS) for _ in range(rng.randint(2, 6))) for _ in range(80)]
WORDS += ["foo", "foo_bar", "naïve", "日本語", "テスト", "12", "2024", "don't", "👍", "<sep>"]
RARE = ["  ", " ", "\t", "\n", "▁", "\u3000", "é", "e\u0301", "ß", "Ａ", "本", "😀", "\0", "<s>", "<unk>", "<ctl>", "<0x41>", "ab"]
RULES = "61 62\t58\n1F600\t3A 29\n63\t\n"
EDGES = ["", " ", "  ", "▁", " ▁ ", "a", " a", "a ", " a ", "foo", "foo_bar", "▁▁", "<unk>", "😀", "c", "c ", "the 😀 end"]

BOTH = {
    "plain": {},
    "bytes": {"byte_fallback": True, "vocab_size": 340, "character_coverage": 0.98},
    "user": {"user_defined_symbols": ["foo", "foo_bar", "<sep>", "▁x", "日本", "a b"]},
    "user-bytes": {"user_defined_symbols": ["foo", "<sep>"], "byte_fallback": True, "vocab_size": 340},
    "control": {"control_symbols": ["<ctl>", "本", "ab"], "pad_id": 3, "unk_id": 5, "bos_id": 0, "eos_id": -1},
    "no-prefix": {"add_dummy_prefix": False},
    "spaces": {"remove_extra_whitespaces": False},
    "spaces-no-prefix": {"remove_extra_whitespaces": False, "add_dummy_prefix": False},
    "suffix": {"treat_whitespace_as_suffix": True, "remove_extra_whitespaces": False},
    "denormalizer": {"denormalization_rule_tsv": RULES},
    "rules": {"normalization_rule_tsv": RULES},
    "surface": {"unk_surface": " ?? ", "unk_piece": "[UNK]", "character_coverage": 0.98},
}
REFUSED = {
    "char": {"model_type": "char"},
    "word": {"model_type": "word"},
}


def text():
    parts = WORDS + RARE + [" "] * 60
    if rng.random() < 0.4:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 6)))
    return "".join(rng.choice(parts) for _ in range(rng.randint(0, 10)))


def train(options, corpus):
    options = dict(options)
    for name, value in options.items():
        if name.endswith("_tsv"):
            Path("rules.tsv").write_text(value)
            options[name] = "rules.tsv"
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=out, minloglevel=2, hard_vocab_limit=False,
        **{"vocab_size": 90, "character_coverage": 0.999, "normalization_rule_name": "identity", **options},
    )
    return out.getvalue()


target = Path(sys.argv[1]).absolute() / "sentencepiece.json.gz"
cases = {}
refused = {}
with tempfile.TemporaryDirectory() as name:
    os.chdir(name)  # models hold the names of their files
    corpus = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 9))) for _ in range(600)]
    for kind in ("unigram", "bpe"):
        for label, options in BOTH.items():
            model = train({"model_type": kind, **options}, corpus)
            processor = sentencepiece.SentencePieceProcessor(model_proto=model)
            size = processor.get_piece_size()
            texts = [[t, ids, processor.decode(ids)] for t in EDGES + [text() for _ in range(60)] for ids in [processor.encode(t)]]
            rows = [[rng.randrange(size) for _ in range(rng.randint(1, 8))] for _ in range(60)]
            # Runs of the first pieces have the bytes, the marks and the special ones.
            rows += [[rng.randrange(min(size, 262)) for _ in range(6)] for _ in range(20)]
            # Control pieces are left out before bytes are joined, as the other library has it: none between bytes here.
            rows = [row for row in rows if not any(map(processor.is_control, row)) or not any(map(processor.is_byte, row))]
            mark = processor.piece_to_id("▁")
            if mark != processor.unk_id():
                rows += [[mark] * n + [rng.randrange(size)] + [mark] * n + [rng.randrange(size)] for n in (1, 2, 3)]
            cases[f"{kind} {label}"] = {
                "model": base64.b64encode(model).decode(),
                "texts": texts,
                "decoded": [[ids, processor.decode(ids)] for ids in rows],
            }
    for label, options in REFUSED.items():
        refused[label] = base64.b64encode(train(options, corpus)).decode()
    # The last field of a piece is its type where it isn't a normal one.
    piece, score = "▁a".encode(), b"\x15\0\0\0\0"
    unused = b"\x0a" + bytes([len(piece)]) + piece + score + b"\x18\x05"
    model = base64.b64decode(cases["bpe plain"]["model"]) + b"\x0a" + bytes([len(unused)]) + unused
    refused["bpe with an unused piece"] = base64.b64encode(model).decode()
made = {"made by": {"sentencepiece": sentencepiece.__version__}, "cases": cases, "refused": refused}
data = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
target.write_bytes(gzip.compress(data, 9, mtime=0))
