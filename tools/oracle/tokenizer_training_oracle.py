"""Writes packages/tokenizer/test/fixtures/training.json: small corpora with random options, and what the native trainers
learn of them. Where a prefix or suffix is asked for the corpus is one word many times: with more, the native trainer's
hash map shuffles the words, and the ids with them.

python tools/oracle/tokenizer_training_oracle.py packages/tokenizer/test/fixtures
"""
import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer, __version__, models, normalizers, pre_tokenizers, trainers
from tokenizers.pre_tokenizers import WhitespaceSplit

rng = random.Random(20261127)
SPECIAL = ["<s>", "[UNK]", "hello", "ab", "日"]
LETTERS = ["ab", "abcd", "aAbB", "hélo", "日本語", "0123.,", "😀👨\u200d👩", "<s>[UNK]#"]


def word():
    letters = rng.choice(LETTERS)
    return "".join(rng.choice(letters) for _ in range(rng.randint(1, 8)))


def corpus(words):
    return [" ".join(rng.choice(words) for _ in range(rng.randint(0, 12))) for _ in range(rng.randint(1, 12))]


def case(kind):
    affixed = kind == "wordpiece" or (kind == "bpe" and rng.random() < 0.5)
    words = [word()] if affixed else [word() for _ in range(20)] + SPECIAL
    texts = corpus(words)
    options = {"vocabSize": rng.choice([6, 15, 40, 120]), "minFrequency": rng.choice([0, 1, 3])}
    options["specialTokens"] = rng.sample(SPECIAL, rng.randint(0, 4))
    native = {"vocab_size": options["vocabSize"], "min_frequency": options["minFrequency"]}
    native |= {"special_tokens": options["specialTokens"], "show_progress": False}
    if kind == "bpe" and affixed:
        options["continuingSubwordPrefix"] = native["continuing_subword_prefix"] = "##"
        if rng.random() < 0.5:
            options["endOfWordSuffix"] = native["end_of_word_suffix"] = "</w>"
    elif kind == "bpe" and rng.random() < 0.5:
        options["maxTokenLength"] = native["max_token_length"] = rng.choice([2, 3, 5])
    if kind != "wordlevel":
        options["initialAlphabet"] = native["initial_alphabet"] = rng.choice([[], ["z", "éa"]])
    model, trainer = {
        "bpe": (models.BPE(), trainers.BpeTrainer),
        "wordpiece": (models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer),
        "wordlevel": (models.WordLevel(unk_token="[UNK]"), trainers.WordLevelTrainer),
    }[kind]
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.train_from_iterator(texts, trainer(**native))
    learnt = json.loads(tokenizer.to_str())
    merges = learnt["model"].get("merges")
    added = [[token["id"], token["content"]] for token in learnt["added_tokens"]]
    expected = {"vocab": learnt["model"]["vocab"], "added": added} | ({"merges": merges} if merges is not None else {})
    return {"texts": texts, "options": {"model": kind, **options}, "expected": expected}


cases = [case(kind) for kind in ["bpe", "wordpiece", "wordlevel"] for _ in range(20)]


PIECES = ["Bb", "a", "é", "e\u0301", "漢", "🙂", "1", ".", "-", "▁", " ", "  ", "\t", "\n", "\u2028", "\ufeff", "\u0301"]


def cut_case():
    """Words by the components that cut them: what a normaliser drops at the front is not the first piece's any more."""
    texts = ["".join(rng.choice(PIECES) for _ in range(rng.randint(0, 6))) for _ in range(rng.randint(1, 3))]
    n, p = normalizers, pre_tokenizers
    normalizer = rng.choice([n.Strip(True, True), n.Strip(True, False), n.Replace(" ", ""), n.BertNormalizer(), n.Prepend("x"), n.Sequence([n.Strip(True, False), n.Prepend("x")])])
    before = rng.choice([[], [p.Digits(True)], [p.Punctuation()], [p.ByteLevel(add_prefix_space=True, use_regex=False)], [p.Metaspace("▁", "never", False)]])
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = p.Sequence([*before, p.Metaspace("▁", rng.choice(["first", "first", "always"]), rng.random() < 0.6)])
    tokenizer.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=["[UNK]"], show_progress=False))
    made = json.loads(tokenizer.to_str())
    return {"texts": texts, "normalizer": made["normalizer"], "preTokenizer": made["pre_tokenizer"], "vocab": made["model"]["vocab"]}


cuts = [cut_case() for _ in range(300)]
text = json.dumps({"made by": {"tokenizers": __version__}, "cases": cases, "cuts": cuts}, separators=(",", ":"), ensure_ascii=False)
(Path(sys.argv[1]) / "training.json").write_text(text + "\n")
