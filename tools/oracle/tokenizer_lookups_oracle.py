"""Writes packages/tokenizer/test/fixtures/lookups.json.gz: char_to_token, token_to_chars and the like of the native library.

python tokenizer_lookups_oracle.py              # tokenizers 0.19.1; its tokenizers are those of folders.json.gz
python tokenizer_lookups_oracle.py FOLDER       # the same of a folder of folders with tokenizer.json, on standard output
"""
import gzip
import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer

FIXTURES = Path(__file__).resolve().parents[2] / "packages/tokenizer/test/fixtures"
rng = random.Random(7)
PIECES = ["the", "quick", "fox", "Hello", "world", "naïve", "e\u0301", "漢字", "🙂", "👩‍👩‍👧", "ﬁne", "[MASK]", "<s>", "</s>", "<mask>", "...", "'s", "1234", "ﷺ", "\u200b", "\ufffd",
          "İ", "½", "한국어", "ก็", "\t", "\n", "\r\n", "  ", " ", " ", " ", " ", "", "-", "(", "x" * 30, "\u00a0", "\u0000"]


def text():
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 12)))


def lookups(tokenizer, sequences, options):
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if "maxLength" in options:
        tokenizer.enable_truncation(options["maxLength"], stride=0, direction=options["side"])
    if "padding" in options:
        tokenizer.enable_padding(length=options["padding"], direction=options["paddingSide"], pad_id=0, pad_token="[PAD]")
    e = tokenizer.encode(*sequences, add_special_tokens=options["special"])
    n = len(e.ids)
    longest = max(len(s) for s in sequences)
    words = max((w for w in e.word_ids if w is not None), default=0)
    both = range(len(sequences))
    return {"sequences": sequences, "options": options,
            "charToToken": [[e.char_to_token(c, s) for c in range(longest + 2)] for s in both],
            "charToWord": [[e.char_to_word(c, s) for c in range(longest + 2)] for s in both],
            "wordToTokens": [[e.word_to_tokens(w, s) for w in range(words + 2)] for s in both],
            "wordToChars": [[e.word_to_chars(w, s) for w in range(words + 2)] for s in both],
            "tokenToChar": [e.token_to_chars(t) for t in range(n + 1)],
            "tokenToWord": [e.token_to_word(t) for t in range(n + 1)],
            # Beyond the last token the native library says 0 where nothing frames the text.
            "tokenToSequence": [e.token_to_sequence(t) for t in range(n)]}


def cases(tokenizer, count):
    for _ in range(count):
        sequences = [text() for _ in range(rng.choice([1, 1, 2]))]
        options = {"special": rng.random() < 0.8}
        if rng.random() < 0.25:
            options.update(maxLength=rng.randint(6, 12), side=rng.choice(["left", "right"]))
        if rng.random() < 0.25:
            options.update(padding=rng.randint(4, 30), paddingSide=rng.choice(["left", "right"]))
        try:
            yield lookups(tokenizer, sequences, options)
        except BaseException as error:  # a panic of the native library
            print(type(error).__name__, str(error)[:90], sequences, file=sys.stderr)


if len(sys.argv) > 1:
    found = {}
    for file in sorted(Path(sys.argv[1]).glob("*/tokenizer.json")):
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:
            print(file.parent.name, str(error)[:80], file=sys.stderr)
            continue
        found[str(file)] = list(cases(tokenizer, 300))
    print(json.dumps(found))
else:
    with gzip.open(FIXTURES / "folders.json.gz") as file:
        bases = json.load(file)["bases"]
    data = {name: list(cases(Tokenizer.from_str(json.dumps(base)), 60)) for name, base in bases.items()}
    with open(FIXTURES / "lookups.json.gz", "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out:
        out.write(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())
    print(f"lookups.json.gz: {sum(map(len, data.values()))} cases, {(FIXTURES / 'lookups.json.gz').stat().st_size // 1024} KiB")
