"""Writes packages/tokenizer/test/fixtures/unigram-ties.json: Unigram models whose scores have all their digits, and how
the native library cuts runs of one letter, where many ways have the same sum but for its last bit.

python tools/oracle/tokenizer_ties_oracle.py packages/tokenizer/test/fixtures
"""
import json
import random
import struct
import sys
from pathlib import Path

from tokenizers import Tokenizer, __version__

rng = random.Random(20261126)


def single(x):
    """As SentencePiece's files have scores: floats of 32 bits, written with the digits of one of 64."""
    return struct.unpack("f", struct.pack("f", x))[0]


def model(draw):
    pieces = ["<unk>"] + [letter * length for letter in "-a" for length in (1, 2, 3, 5)]
    vocab = [[piece, 0.0 if piece == "<unk>" else draw(-3 - 2 * len(piece) * rng.uniform(0.9, 1))] for piece in pieces]
    return {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False}


cases = []
for i in range(12):
    own = model(single if i % 2 else lambda x: x)
    tokenizer = Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": own}))
    runs = [letter * length for letter in "-a" for length in (13, 22, 31, 40, 47)]
    cases.append({"model": own, "runs": [[run, tokenizer.encode(run).ids] for run in runs]})
text = json.dumps({"made by": {"tokenizers": __version__}, "cases": cases}, separators=(",", ":"))
(Path(sys.argv[1]) / "unigram-ties.json").write_text(text + "\n")
