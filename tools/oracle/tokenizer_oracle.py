"""Writes packages/tokenizer/test/fixtures: what the native library gives for generated tokenizers and texts.

python -m venv /tmp/venv && /tmp/venv/bin/pip install tokenizers==0.23.3
/tmp/venv/bin/python tools/oracle/tokenizer_oracle.py packages/tokenizer/test/fixtures

Never needed to run the tests. All texts are generated here from a seed; the vocabularies are trained on them.
"""
import gzip
import hashlib
import json
import random
import sys
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path(sys.argv[1])
SEED = 20261124
rng = random.Random(SEED)

WORDS = ("the quick brown fox jumps over lazy dogs again and never stops running through green fields of wheat "
         "naïve café résumé Straße fiancée don't we'll you're it's I'm they've HELLO World ﬁne ½ 2nd 1234567 3.14 "
         "Привет мир Ελληνικά κόσμος مرحبا بالعالم שלום עולם नमस्ते दुनिया 你好 世界 東京 こんにちは カタカナ 안녕하세요 ไทย "
         "👩‍👩‍👧 🏳️‍🌈 😀 👍🏽 e\u0301 a\u0323\u0302 ẛ̣ Å ﷺ x² H₂O ½ №5 ① Ⅷ").split(" ")
PUNCT = ["", "", "", ",", ".", "!", "?", "...", ";", " -", "—", "。", "、", "'s", '"', ")", "(", "#", "@", "[", "]"]
SPACE = [" "] * 12 + ["  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "   ", "\u2028"]
CODE = ["def f(x):\n    return x[0] + 1\n", "<a href=\"x\">&nbsp;</a>", '{"k": [1, 2.5e-3, null]}', "for(i=0;i<10;++i){}", "if a && b || !c"]
SPECIAL = ["[CLS]", "[MASK]", "<s>", "</s>", "<|endoftext|>", "<mask>", " <mask> ", "[PAD]", "foobar", "x foobar y"]


def line():
    parts = []
    for _ in range(rng.randint(0, 14)):
        r = rng.random()
        if r < 0.72:
            parts.append(rng.choice(WORDS))
        elif r < 0.78:
            parts.append("".join(chr(rng.choice([rng.randint(33, 126), rng.randint(0xA1, 0x24F), rng.randint(0x370, 0x6FF),
                                                rng.randint(0x900, 0x97F), rng.randint(0x3040, 0x30FF), rng.randint(0x4E00, 0x9FFF),
                                                rng.randint(0xAC00, 0xD7A3), rng.randint(0x1F600, 0x1F64F)]))
                                 for _ in range(rng.randint(1, 6))))
        elif r < 0.84:
            parts.append(rng.choice(CODE))
        elif r < 0.90:
            parts.append(rng.choice(SPECIAL))
        elif r < 0.93:
            parts.append(chr(rng.choice([0, 1, 7, 0x7F, 0x85, 0xAD, 0x200B, 0x200D, 0xFEFF, 0xFFFD, 0xE000, 0x300, 0x301, 0x64B])))
        else:
            parts.append(rng.choice("abcxyz0189") * rng.randint(1, 40))
        parts.append(rng.choice(PUNCT) + rng.choice(SPACE))
    return "".join(parts)


LINES = [line() for _ in range(1200)] + ["", " ", "\n", "a", "a" * 5000, " " * 300, "ab " * 400]
TRAIN = LINES[:600]


def special(ids):
    return [AddedToken(t, special=True) for t in ids]


def bpe(**k):
    t = Tokenizer(models.BPE(**k))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(TRAIN, trainers.BpeTrainer(vocab_size=900, special_tokens=["<s>", "</s>", "<|endoftext|>"],
                                                     initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return t


def word_piece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(TRAIN[:300], trainers.WordPieceTrainer(vocab_size=1200, limit_alphabet=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
                                                                 show_progress=False))
    return t


def unigram(**k):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.NFKC()
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(TRAIN[:300], trainers.UnigramTrainer(vocab_size=1500, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False))
    return t


def char_bpe():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    alphabet = ["<unk>"] + [f"<0x{b:02X}>" for b in range(256)]
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    t.train_from_iterator(TRAIN[:60], trainers.BpeTrainer(vocab_size=700, limit_alphabet=80, special_tokens=alphabet, max_token_length=8, show_progress=False))
    j = json.loads(t.to_str())
    j["added_tokens"] = []
    j["model"].update(unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    return Tokenizer.from_str(json.dumps(j))


def suffix_bpe():
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(TRAIN[:60], trainers.BpeTrainer(vocab_size=600, limit_alphabet=120, end_of_word_suffix="</w>", special_tokens=["<unk>"], show_progress=False))
    return t


def word_level():
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.train_from_iterator(TRAIN, trainers.WordLevelTrainer(vocab_size=400, special_tokens=["[UNK]"], show_progress=False))
    return t


BASES = {"bpe": bpe(), "wordpiece": word_piece(), "unigram": unigram(), "charbpe": char_bpe(), "suffixbpe": suffix_bpe(), "wordlevel": word_level()}
N = {
    "none": None, "bert": normalizers.BertNormalizer(), "bert-cased": normalizers.BertNormalizer(lowercase=False),
    "bert-accents": normalizers.BertNormalizer(lowercase=True, strip_accents=False), "nfc": normalizers.NFC(), "nfd": normalizers.NFD(),
    "nfkc": normalizers.NFKC(), "nfkd": normalizers.NFKD(), "lower": normalizers.Lowercase(), "strip": normalizers.Strip(),
    "rstrip": normalizers.Strip(left=False, right=True), "nfd-accents": normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]),
    "replace": normalizers.Replace("a", "bcd"), "replace-regex": normalizers.Replace(Regex(r"\s+"), " "), "replace-empty": normalizers.Replace(Regex("[0-9]+"), ""),
    "prepend": normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), "nmt": normalizers.Nmt(), "bytelevel": normalizers.ByteLevel(),
}
P = {
    "bert": pre_tokenizers.BertPreTokenizer(), "bytelevel": pre_tokenizers.ByteLevel(add_prefix_space=False), "bytelevel-prefix": pre_tokenizers.ByteLevel(add_prefix_space=True),
    "bytelevel-noregex": pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), "metaspace": pre_tokenizers.Metaspace(),
    "metaspace-first": pre_tokenizers.Metaspace(prepend_scheme="first"), "metaspace-never": pre_tokenizers.Metaspace(prepend_scheme="never", split=False),
    "whitespace": pre_tokenizers.Whitespace(), "whitespacesplit": pre_tokenizers.WhitespaceSplit(), "digits": pre_tokenizers.Digits(True), "digits-runs": pre_tokenizers.Digits(False),
    "delimiter": pre_tokenizers.CharDelimiterSplit("e"), "scripts": pre_tokenizers.UnicodeScripts(), "fixed": pre_tokenizers.FixedLength(4),
    **{f"punct-{b}": pre_tokenizers.Punctuation(b) for b in ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]},
    **{f"split-{b}": pre_tokenizers.Split(Regex(r"[\s,]+"), b) for b in ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]},
    "split-invert": pre_tokenizers.Split(Regex(r"\w+"), "removed", invert=True), "split-string": pre_tokenizers.Split(" ", "merged_with_next"),
    "split-icase": pre_tokenizers.Split(Regex(r"(?i:'s|the|k)|\p{Lu}?\p{Ll}+|[[:punct:]]|[^\p{L}\s&&[^0-9]]+"), "isolated"),
    "split-look": pre_tokenizers.Split(Regex(r"(?<=[a-z])(?=[A-Z])|\d{1,3}(?=(?:\d{3})*\b)|^\s*|\s+$"), "isolated"),
    "split-atomic": pre_tokenizers.Split(Regex(r"(?>a+)b|x++|\h{2}|\R|(o)\1"), "isolated"),
    "sequence": pre_tokenizers.Sequence([pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.Digits(False)]),
    "llama3": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"), "isolated"),
                                       pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
}
T = {
    "none": None, "bert": processors.BertProcessing(("</s>", 2), ("<s>", 1)), "roberta": processors.RobertaProcessing(("</s>", 2), ("<s>", 1)),
    "bytelevel": processors.ByteLevel(trim_offsets=True), "template": processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> $B:1 </s>:1", [("<s>", 1), ("</s>", 2)]),
    "sequence": processors.Sequence([processors.ByteLevel(trim_offsets=True), processors.TemplateProcessing("$A </s>", "$A </s> $B:2 </s>:2", [("</s>", 2)])]),
}
ADDED = [[], [AddedToken("foobar", single_word=True)], [AddedToken("<mask>", lstrip=True, special=True)], [AddedToken("[MASK]", rstrip=True, special=True), AddedToken("World", normalized=True)]]
D = {"bpe": decoders.ByteLevel(), "wordpiece": decoders.WordPiece(), "unigram": decoders.Metaspace(), "charbpe": decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
     "suffixbpe": decoders.BPEDecoder(), "wordlevel": decoders.CTC()}


def combos():
    for b in BASES:
        yield b, "none" if b in ("bpe", "unigram") else None, None, "none", 0
    for n in N:
        yield rng.choice(list(BASES)), n, rng.choice(list(P)), rng.choice(list(T)), rng.randrange(len(ADDED))
        yield rng.choice(["bpe", "charbpe"]), n, "whitespacesplit", "none", rng.randrange(len(ADDED))
    for p in P:
        yield rng.choice(["bpe", "unigram", "charbpe"]), rng.choice(list(N)), p, rng.choice(list(T)), rng.randrange(len(ADDED))
        yield "bpe", "none", p, "bytelevel", rng.randrange(len(ADDED))
    for t in T:
        yield "bpe", "none", "bytelevel", t, rng.randrange(len(ADDED))
        yield "wordpiece", "bert", "bert", t, rng.randrange(len(ADDED))


def encode(t, text, pair):
    e = t.encode(text, pair) if pair is not None else t.encode(text)
    return {"ids": e.ids, "tokens": e.tokens, "offsets": [list(o) for o in e.offsets], "words": e.word_ids, "types": e.type_ids, "mask": e.special_tokens_mask, "decoded": t.decode(e.ids)}


def digest(value):
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf8", "surrogatepass")).hexdigest()[:10]


OUT.mkdir(parents=True, exist_ok=True)
bases = {k: json.loads(v.to_str()) for k, v in BASES.items()}
# serde_json is off by a bit for some numbers of 17 digits, which decides ties: few digits read the same everywhere.
for row in bases["unigram"]["model"]["vocab"]:
    row[1] = round(row[1], 5)
cases = []
total = 0
for i, (b, n, p, t, a) in enumerate(combos()):
    tok = Tokenizer.from_str(json.dumps(bases[b]))
    if n is not None and not (n == "none" and b not in ("bpe", "unigram")):
        tok.normalizer = N[n]
    if p is not None:
        tok.pre_tokenizer = P[p]
    if T[t] is not None:
        tok.post_processor = T[t]
    tok.decoder = D[b]
    tok.add_tokens(ADDED[a])
    j = json.loads(tok.to_str())
    j["model"] = b
    lines, full = [], []
    chosen = rng.sample(range(len(LINES)), 210) if i >= len(BASES) else range(len(LINES))
    for k, at in enumerate(chosen):
        pair = (at * 7 + 3) % 600 if k % 9 == 0 else None
        if len(LINES[at]) > 1000 and i >= len(BASES):
            continue
        try:
            value = encode(tok, LINES[at], LINES[pair] if pair is not None else None)
        except BaseException:
            continue
        lines.append([at, pair, digest(value)])
        if len(full) < 2 and 5 < len(LINES[at]) < 60:
            full.append([len(lines) - 1, value])
    total += len(lines)
    cases.append({"name": f"{b}/{n}/{p}/{t}/{a}", "json": j, "lines": lines, "full": full})

json_text = json.dumps({"made by": {"tokenizers": tokenizers.__version__, "python": sys.version.split()[0], "seed": SEED}, "lines": LINES,
                        "models": {k: v["model"] for k, v in bases.items()}, "cases": cases, "train": 600}, ensure_ascii=False, separators=(",", ":"))
(OUT / "native.json.gz").write_bytes(gzip.compress(json_text.encode("utf8"), 9, mtime=0))
print(len(cases), "tokenizers", total, "lines", (OUT / "native.json.gz").stat().st_size)
