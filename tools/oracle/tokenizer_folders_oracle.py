"""Writes packages/tokenizer/test/fixtures/folders.json.gz: what transformers' AutoTokenizer makes of whole folders.

python tokenizer_folders_oracle.py            # transformers 4.44.2, tokenizers 0.19.1, sentencepiece 0.2, protobuf 4
python tokenizer_folders_oracle.py FOLDER     # AutoTokenizer's results on a folder of folders, as JSON on standard output

Small tokenizers are trained here, and what stands beside tokenizer.json is drawn from a seed.
"""
import gzip
import json
import os
import random
import sys
import tempfile
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import sentencepiece
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, LlamaTokenizerFast
from transformers.models.mbart.tokenization_mbart_fast import FAIRSEQ_LANGUAGE_CODES as MBART
from transformers.models.mbart50.tokenization_mbart50_fast import FAIRSEQ_LANGUAGE_CODES as MBART50

transformers.logging.set_verbosity_error()
OUT = Path(__file__).resolve().parents[2] / "packages/tokenizer/test/fixtures/folders.json.gz"
rng = random.Random(20261126)

CORPUS = ["the quick brown fox jumps over the lazy dog .", "Hello world , it 's fine ! isn't it ?", "They 've said : we 're here .",
          "Ünïcode naïve café 漢字 東京", "<unk> and [MASK] and tags", "numbers 12 345 , and so on . . ."] * 3
TEXTS = ["Hello world , it 's fine !", " leading space, two  spaces", "Café NAÏVE 漢字x", "the <tag> fox<tag>s [MASK] dog </s> .",
         "<extra> they 've <s> said Extra_two x<mask> y", "do n't ' quote ' isn't", "", "x [NEW] y <|end|>z"]
PAIRS = [("Hello world", "the lazy dog ."), ("it 's <tag>", "[NEW] fine")]


def trained(model, trainer, **parts):
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def bert():
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t = trained(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=160, special_tokens=specials, show_progress=False),
                normalizer=normalizers.BertNormalizer(lowercase=True), pre_tokenizer=pre_tokenizers.BertPreTokenizer(), decoder=decoders.WordPiece())
    t.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)])
    return t


def byte_level(specials, **parts):
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    t = trained(models.BPE(), trainer, pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False), decoder=decoders.ByteLevel())
    for name, part in parts.items():
        setattr(t, name, part)
    return t


def gpt2():
    return byte_level(["<|endoftext|>"], post_processor=processors.ByteLevel(trim_offsets=False))


def roberta():
    return byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], post_processor=processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False))


def llama():
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=["<unk>", "<s>", "</s>", "<bos>", "<eos>", "<pad>", *(f"<0x{b:02X}>" for b in range(256))], show_progress=False)
    t = trained(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True), trainer,
                normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
                decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]))
    t.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s>:1 $B:1", [("<s>", 1)])
    state = json.loads(t.to_str())  # bytes are the model's, not added
    state["added_tokens"] = state["added_tokens"][:6]
    return Tokenizer.from_str(json.dumps(state))


def clip():
    t = trained(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>", continuing_subword_prefix=""),
                trainers.BpeTrainer(vocab_size=700, special_tokens=["<|startoftext|>", "<|endoftext|>"], end_of_word_suffix="</w>",
                                    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False),
                normalizer=normalizers.Sequence([normalizers.NFC(), normalizers.Replace(" +", " "), normalizers.Lowercase()]),
                pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.Split(" ", "removed"), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
                decoder=decoders.ByteLevel())
    t.post_processor = processors.RobertaProcessing(("<|endoftext|>", 1), ("<|startoftext|>", 0), trim_offsets=False, add_prefix_space=False)
    return t


def bloom():
    inner = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r" ?[^\s.,!?]+"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])])
    return byte_level(["<s>", "<pad>", "</s>", "<unk>", "<UNK>", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"], pre_tokenizer=inner, post_processor=processors.ByteLevel(trim_offsets=False))


def translator():
    languages = list(dict.fromkeys([*MBART, *MBART50, "eng_Latn", "fra_Latn", "__eng__", "__fra__"]))
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *languages]
    t = trained(models.BPE(unk_token="<unk>"), trainers.BpeTrainer(vocab_size=300, special_tokens=specials, show_progress=False),
                pre_tokenizer=pre_tokenizers.Metaspace(), decoder=decoders.Metaspace())
    t.post_processor = processors.TemplateProcessing("$A </s> eng_Latn", "$A $B </s> eng_Latn", [("</s>", 2), ("eng_Latn", t.token_to_id("eng_Latn"))])
    return t


def llama_piece():
    """A SentencePiece file, which Llama's class builds the tokenizer from where `add_prefix_space` is set, and what it made of it."""
    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS), model_prefix=f"{folder}/tokenizer", vocab_size=380, model_type="bpe", byte_fallback=True,
                                                 normalization_rule_name="identity", add_dummy_prefix=True, remove_extra_whitespaces=False, minloglevel=2)
        made = LlamaTokenizerFast(f"{folder}/tokenizer.model", legacy=True)
        return Path(folder, "tokenizer.model").read_bytes(), made.backend_tokenizer


CLASSES = {"bert": (bert, ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizerFast", "PreTrainedTokenizerFast"]),
           "gpt2": (gpt2, ["GPT2Tokenizer", "GPTNeoXTokenizer", "CodeGenTokenizer", "WhisperTokenizer", "PreTrainedTokenizerFast"]),
           "roberta": (roberta, ["RobertaTokenizer", "BartTokenizerFast", "PreTrainedTokenizerFast"]),
           "llama": (llama, ["LlamaTokenizer", "LlamaTokenizerFast", "GemmaTokenizer", "PreTrainedTokenizerFast"]),
           "clip": (clip, ["CLIPTokenizer"]),
           "mpnet": (bert, ["MPNetTokenizer"]),
           "bloom": (bloom, ["BloomTokenizerFast", "CohereTokenizer"]),
           "translator": (translator, ["NllbTokenizer", "NllbTokenizerFast", "MBartTokenizer", "MBart50Tokenizer", "SeamlessM4TTokenizer"])}
PIECE_FILE, PIECED = llama_piece()
CLASSES["piece"] = (lambda: PIECED, ["LlamaTokenizer", "LlamaTokenizerFast"])
MADE = {name: make() for name, (make, _) in CLASSES.items()}


def token(content, normalizes, special=None):
    fields = {"content": content, "lstrip": rng.random() < 0.3, "normalized": normalizes and rng.random() < 0.5, "rstrip": rng.random() < 0.3, "single_word": rng.random() < 0.2}
    return fields if special is None else {**fields, "special": special}


def maybe(config, key, values, chance=0.4):
    if rng.random() < chance:
        config[key] = rng.choice(values)


NEW = ["<tag>", "<extra>", "Extra_two", "[NEW]", "<|end|>"]


def draw(kind):
    """The files of a folder."""
    base = MADE[kind]
    config = {"tokenizer_class": rng.choice(CLASSES[kind][1])}
    files = {"tokenizer.json": base.to_str()}
    maybe(config, "clean_up_tokenization_spaces", [True, False], 0.7)
    maybe(config, "model_max_length", [7, 512, 1000000000000000019884624838656])
    maybe(config, "padding_side", ["left", "right"])
    maybe(config, "truncation_side", ["left", "right"])
    maybe(config, "split_special_tokens", [True, False], 0.15)
    if kind in ("bert", "mpnet"):
        maybe(config, "do_lower_case", [True, False], 0.6)
        maybe(config, "strip_accents", [None, True, False])
        maybe(config, "tokenize_chinese_chars", [True, False])
        config.update(unk_token="[UNK]", sep_token="[SEP]", pad_token="[PAD]", cls_token="[CLS]", mask_token="[MASK]")
    if kind == "mpnet":
        config.update(bos_token="[CLS]", eos_token="[SEP]")
    if kind in ("gpt2", "roberta", "bloom"):
        maybe(config, "add_prefix_space", [True, False], 0.6)
    if kind == "roberta":
        maybe(config, "trim_offsets", [True, False])
        config.update(bos_token="<s>", eos_token="</s>", sep_token="</s>", cls_token="<s>", unk_token="<unk>", pad_token="<pad>", mask_token="<mask>")
    if kind == "gpt2":
        config.update(bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>", pad_token=rng.choice(["<|endoftext|>", "[PAD]"]))
    if kind == "llama":
        gemma = config["tokenizer_class"].startswith("Gemma")
        config.update(bos_token="<bos>" if gemma else "<s>", eos_token="<eos>" if gemma else "</s>", unk_token="<unk>", pad_token="<pad>")
    if kind == "piece":
        config.update(bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<unk>")
        maybe(config, "add_prefix_space", [True, False], 0.9)
        maybe(config, "legacy", [True, False], 0.8)
        files["tokenizer.model"] = PIECE_FILE
    if kind == "bloom":
        cohere = config["tokenizer_class"].startswith("Cohere")
        config.update(bos_token="<BOS_TOKEN>" if cohere else "<s>", eos_token="<|END_OF_TURN_TOKEN|>" if cohere else "</s>", unk_token="<UNK>" if cohere else "<unk>", pad_token="<pad>")
    if kind == "translator":
        config.update(bos_token="<s>", eos_token="</s>", sep_token="</s>", cls_token="<s>", unk_token="<unk>", pad_token="<pad>", mask_token="<mask>")
        known = {"Nllb": ["fra_Latn", "eng_Latn"], "Seam": ["__fra__", "fra", "eng"]}.get(config["tokenizer_class"][:4], ["de_DE", "fr_XX"])
        maybe(config, "src_lang", known, 0.7)
        maybe(config, "legacy_behaviour", [True, False], 0.5)
    if kind == "clip" and rng.random() < 0.5:
        config.update(bos_token="<|startoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>", pad_token="<|endoftext|>")
    if config["tokenizer_class"].split("Tokenizer")[0] in ("Llama", "Gemma", "GPTNeoX", "Cohere"):
        maybe(config, "add_bos_token", [True, False], 0.7)
        maybe(config, "add_eos_token", [True, False], 0.7)
    specials = {}
    layout = rng.choice(["decoder", "legacy", "none"])
    news = rng.sample(NEW, rng.randint(1, 4))
    # AutoTokenizer sets BERT's normaliser after it has normalised the added tokens, which then are not found.
    normalizes = kind not in ("bert", "mpnet")
    if layout == "decoder":
        known = json.loads(base.to_str())["added_tokens"]
        decoder = {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in known}
        size = base.get_vocab_size()
        for i, content in enumerate(news):
            decoder[str(size + i)] = token(content, normalizes, rng.random() < 0.5)
        if rng.random() < 0.3:
            changed = decoder[rng.choice(list(decoder))]
            changed["lstrip"] = not changed["lstrip"]
        config["added_tokens_decoder"] = decoder
        maybe(config, "additional_special_tokens", [news[:1], news[-1:], ["fox"]])
    elif layout == "legacy":
        specials["additional_special_tokens"] = [t if rng.random() < 0.5 else token(t, normalizes) for t in news[:2]]
        if rng.random() < 0.5:
            plain = [content for content in news[2:] if normalizes or content.islower()]
            files["added_tokens.json"] = {content: base.get_vocab_size() + i for i, content in enumerate(plain + ["quick"])}
        # Of two entries that want a token found in different ways, the native library goes by both until it is saved.
        plain = [t for t in specials["additional_special_tokens"] if isinstance(t, str)]
        maybe(config, "additional_special_tokens", [["dog"], plain[:1] or news[2:3]])
    elif rng.random() < 0.5:
        config["mask_token"] = {"__type": "AddedToken", **token("<msk>", normalizes)}
    if config["tokenizer_class"].startswith("Nllb"):  # or all of its 202 languages are added
        config.setdefault("additional_special_tokens", ["fra_Latn"])
    files["tokenizer_config.json"] = config
    if specials:
        files["special_tokens_map.json"] = specials
    return files


# What config.json calls the models of each class. MBart50's folders call themselves MBart's.
MODEL_TYPES = {"Bert": ["bert", "megatron-bert", "visual_bert"], "DistilBert": ["distilbert"], "Electra": ["electra"], "GPT2": ["gpt2", "gptj", "opt", "starcoder2"],
               "GPTNeoX": ["gpt_neox", "olmo"], "CodeGen": ["codegen", "phi"], "Whisper": ["whisper"], "Roberta": ["roberta", "data2vec-text", "ibert"], "Bart": ["bart"],
               "Llama": ["llama", "mistral", "mixtral"], "Gemma": ["gemma", "gemma2"], "CLIP": ["clip", "owlvit"], "MPNet": ["mpnet"], "Bloom": ["bloom"],
               "Cohere": ["cohere"], "Nllb": ["nllb-moe"], "MBart": ["mbart"], "SeamlessM4T": ["seamless_m4t", "seamless_m4t_v2"]}


def draw_by_model(kind):
    """A folder whose config.json tells the class, by the model's type or by name."""
    while True:
        files = draw(kind)
        named = files["tokenizer_config.json"].pop("tokenizer_class")
        types = MODEL_TYPES.get(named.split("Tokenizer")[0])
        if types is not None:
            if rng.random() < 0.4:  # the class has roles of its own
                for role in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"):
                    files["tokenizer_config.json"].pop(f"{role}_token", None)
            of = {"model_type": "t5", "tokenizer_class": named} if rng.random() < 0.2 else {"model_type": rng.choice(types)}
            return {**files, "config.json": of}


def vocabulary_folders():
    """Folders without a tokenizer.json, which transformers makes one for."""
    wordpiece = json.loads(MADE["bert"].to_str())["model"]["vocab"]
    lines = "".join(f"{t}\n" for t in sorted(wordpiece, key=wordpiece.get))
    for lower in (True, False):
        yield {"vocab.txt": lines, "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": lower, "clean_up_tokenization_spaces": True,
                                                             "additional_special_tokens": ["[NEW]", "<tag>"], "model_max_length": 9}}
    for kind, name in (("gpt2", "GPT2Tokenizer"), ("roberta", "RobertaTokenizer")):
        model = json.loads(MADE[kind].to_str())["model"]
        merges = "#version: 0.2\n" + "".join(f"{m if isinstance(m, str) else ' '.join(m)}\n" for m in model["merges"])
        for prefix in (True, False):
            yield {"vocab.json": model["vocab"], "merges.txt": merges,
                   "tokenizer_config.json": {"tokenizer_class": name, "add_prefix_space": prefix, "clean_up_tokenization_spaces": False, "padding_side": "left"},
                   "special_tokens_map.json": {"additional_special_tokens": ["<tag>", "[NEW]"]}}


def results(tokenizer, texts, pairs):
    cleans = tokenizer.init_kwargs.get("clean_up_tokenization_spaces") is True
    limit = tokenizer.model_max_length
    if tokenizer.pad_token is not None:
        batch = tokenizer(texts, padding=True, truncation=True, max_length=6)["input_ids"]
    else:
        batch = None
    out = []
    for text, pair in [*((t, None) for t in texts), *pairs]:
        e = tokenizer(text, pair, padding=False, return_offsets_mapping=True)
        ids = e["input_ids"]
        # Newer versions of the native library decode normalised added tokens from their normalised text; 0.19 does not.
        decodes = not any(i in tokenizer.added_tokens_decoder and tokenizer.added_tokens_decoder[i].normalized for i in ids)
        out.append({"text": text, **({} if pair is None else {"pair": pair}), "ids": ids, "offsets": e["offset_mapping"], "tokens": tokenizer.convert_ids_to_tokens(ids),
                    "decoded": tokenizer.decode(ids, clean_up_tokenization_spaces=cleans) if decodes else None,
                    "plain": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=cleans) if decodes else None})
    roles = {name: getattr(tokenizer, f"{name}_token_id") for name in ("pad", "unk", "cls", "sep", "mask", "bos", "eos")}
    added = [[i, t.content, t.single_word, t.lstrip, t.rstrip, t.normalized, t.special] for i, t in sorted(tokenizer.added_tokens_decoder.items())]
    return {"modelMaxLength": None if limit > 1e20 else limit, "paddingSide": tokenizer.padding_side, "truncationSide": tokenizer.truncation_side,
            "vocabSize": len(tokenizer), "roles": roles, "added": added, "batch": batch, "texts": out}


def case(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            data = content if isinstance(content, (str, bytes)) else json.dumps(content, ensure_ascii=False)
            Path(folder, name).write_bytes(data if isinstance(data, bytes) else data.encode())
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return {"class": type(tokenizer).__name__, "files": {k: v for k, v in files.items() if not isinstance(v, bytes)}, **results(tokenizer, TEXTS, PAIRS)}


if len(sys.argv) > 1:
    found = {}
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        if not (folder / "tokenizer_config.json").exists() or "auto_map" in (folder / "tokenizer_config.json").read_text():
            continue
        try:
            found[folder.name] = results(AutoTokenizer.from_pretrained(str(folder)), TEXTS, PAIRS)
        except Exception as error:
            print(folder.name, type(error).__name__, str(error)[:80], file=sys.stderr)
    print(json.dumps(found))
else:
    drawn = [draw(kind) for kind in ("bert", "bert", "gpt2", "gpt2", "roberta", "llama", "llama") for _ in range(12)] + [draw("clip") for _ in range(3)]
    drawn += [draw(kind) for kind in ("mpnet", "bloom", "bloom", "translator", "translator", "piece", "piece") for _ in range(8)]
    bases = {name: json.loads(t.to_str()) for name, t in MADE.items()}
    texts = {t.to_str(): name for name, t in MADE.items()}
    cases = []
    by_model = [draw_by_model(kind) for kind in ("bert", "gpt2", "gpt2", "roberta", "llama", "llama", "clip", "mpnet", "bloom", "translator") for _ in range(5)]
    for files in [*drawn, *vocabulary_folders(), *by_model]:
        entry = case(files)
        if "tokenizer.json" in files:
            entry["base"] = texts[files["tokenizer.json"]]
            del entry["files"]["tokenizer.json"]
        cases.append(entry)
    data = json.dumps({"generator": {"transformers": transformers.__version__}, "bases": bases, "cases": cases}, ensure_ascii=False, separators=(",", ":"))
    with open(OUT, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as out:
        out.write(data.encode())
    print(f"{OUT.name}: {len(cases)} cases, {OUT.stat().st_size // 1024} KiB")
