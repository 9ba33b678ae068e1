"""Writes packages/tokenizer/test/fixtures/random.json.gz: tokenizers put together at random, of every component and option,
and what the native library gives for random texts, pairs and words: the hunt that the first fixture was too tame for.

python -m venv /tmp/venv && /tmp/venv/bin/pip install tokenizers==0.23.3
/tmp/venv/bin/python tools/oracle/tokenizer_random_oracle.py packages/tokenizer/test/fixtures [seed] [tokenizers] [texts each]

Only code points of Unicode 14 (Python 3.11's), which both sides know. Left out: byte fallback with a prefix or suffix,
whose offsets run beyond the text there, and truncation to less than the special tokens, which wraps round there.
"""
import gzip
import hashlib
import json
import os
import random
import sys
import unicodedata
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers
OUT = Path(sys.argv[1])
SEED, COUNT, EACH = (int(value) for value in [*sys.argv[2:], *[20261125, 300, 12][len(sys.argv) - 2 :]])
rng = random.Random(SEED)
WORDS=("the quick brown fox jumps over lazy dogs again naïve café résumé Straße don't we'll you're it's I'm HELLO World ﬁne ½ 2nd 1234567 3.14 "
 "Привет мир Ελληνικά ΣΑΣ κόσμος مرحبا بالعالم שָׁלוֹם עולם नमस्ते दुनिया 你好 世界 東京都 こんにちは ガギグ カタカナ ｶﾞｷﾞ 안녕하세요 ไทยน้ำ ລາວ မြန်မာ ខ្មែរ አማርኛ ქართული ՀԱՅԵՐԵՆ İstanbul ıI ǅ ß ẞ "
 "👩‍👩‍👧 🏳️‍🌈 😀 👍🏽 🇩🇪🇫🇷 1️⃣ e\u0301 a\u0323\u0302 ẛ̣ Å ﷺ x² H₂O №5 ① Ⅷ 𝔘𝔫𝔦 𝐀𝟙 𐐷𐐏 🀄 〇 々 㐂 𠮷野家 ﬃ ĳ ŉ ǆ ͅ ΐ և ffi ½⅓ ٣٤٥ १२३ ௧௨ Ⅻ ½ _under_score CamelCase snake_case a.b.c U.S.A. foo-bar x+y=z ~/path/to $100 €5 50% #tag @user http://a.b/c?d=e&f=g").split(" ")
RANGES=[(33,126),(0,31),(127,160),(0xA1,0x24F),(0x250,0x36F),(0x370,0x6FF),(0x700,0x97F),(0x980,0xFFF),(0x1000,0x1FFF),(0x2000,0x206F),(0x2070,0x2BFF),(0x2E80,0x303F),(0x3040,0x30FF),(0x3100,0x33FF),(0x4E00,0x9FFF),(0xA000,0xABFF),(0xAC00,0xD7A3),(0xF900,0xFAFF),(0xFB00,0xFDFF),(0xFE00,0xFFEF),(0x10000,0x103FF),(0x1D400,0x1D7FF),(0x1F1E6,0x1F1FF),(0x1F300,0x1F6FF),(0x20000,0x200FF),(0xE0000,0xE007F)]
SP=[" "]*10+["  ","\t","\n","\r\n","\u00a0","\u3000","   ","\u2028","\u200b","\u0085","\x0b","\u1680","\u202f","\ufeff","","\n\n","▁"]
PU=["","","",",",".","!","?","...",";"," -","—","。","、","'s",'"',")","(","#","@","[","]","`","^","|","$","+","<",">","~","«","»","¿","…","·","\\","/"]
CODE=["def f(x):\n    return x[0] + 1\n",'<a href="x">&nbsp;</a>','{"k": [1, 2.5e-3, null]}',"for(i=0;i<10;++i){}","if a && b || !c","\tif (x) {\n\t\treturn;\n\t}\n","x  =  1","<0x41>","<0xE4>"]
SPECIAL=["[CLS]","[MASK]","<s>","</s>","<|endoftext|>","<mask>"," <mask> ","[PAD]","foobar","x foobar y","foo","FooBar","World","xfoobary","[UNK]","<unk>","é","É","ab"]
def ch():
    a,b=rng.choice(RANGES)
    while True:
        c=rng.randint(a,b)
        if not 0xD800<=c<=0xDFFF and unicodedata.category(chr(c))!='Cn': return chr(c)
def line(maxn=12):
    p=[]
    for _ in range(rng.randint(0,maxn)):
        r=rng.random()
        if r<.6: p.append(rng.choice(WORDS))
        elif r<.72: p.append("".join(ch() for _ in range(rng.randint(1,6))))
        elif r<.78: p.append(rng.choice(CODE))
        elif r<.88: p.append(rng.choice(SPECIAL))
        elif r<.92: p.append(rng.choice("abcxyz0189 -é漢") * rng.randint(1,30))
        else: p.append(rng.choice(WORDS).upper())
        p.append(rng.choice(PU)+rng.choice(SP))
    return "".join(p)
TRAIN=[line() for _ in range(300)]
def AT(ts): return [AddedToken(t,special=True) for t in ts]
def pre_for_train():
    return rng.choice([pre_tokenizers.Whitespace(),pre_tokenizers.WhitespaceSplit(),pre_tokenizers.BertPreTokenizer(),pre_tokenizers.Metaspace(),pre_tokenizers.ByteLevel(add_prefix_space=rng.random()<.5)])
def mk(kind):
    if kind=="bytebpe":
        t=Tokenizer(models.BPE()); t.pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.train_from_iterator(TRAIN,trainers.BpeTrainer(vocab_size=rng.choice([300,600]),initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),special_tokens=rng.choice([[],["<s>","</s>"]]),show_progress=False))
    elif kind=="bpe":
        t=Tokenizer(models.BPE()); t.pre_tokenizer=pre_for_train()
        k={}
        if rng.random()<.3: k["continuing_subword_prefix"]=rng.choice(["##","@@"])
        if rng.random()<.3: k["end_of_word_suffix"]=rng.choice(["</w>","@"])
        sp=["<unk>","<s>","</s>"]+([f"<0x{b:02X}>" for b in range(256)] if rng.random()<.5 else [])
        t.train_from_iterator(TRAIN[:100],trainers.BpeTrainer(vocab_size=rng.choice([400,700]),limit_alphabet=rng.choice([30,80,300]),special_tokens=sp,show_progress=False,**k))
        j=json.loads(t.to_str()); j["added_tokens"]=[]
        m=j["model"]; m["unk_token"]=rng.choice([None,"<unk>","<unk>"]); m["fuse_unk"]=rng.random()<.5; m["byte_fallback"]=rng.random()<.5; m["ignore_merges"]=rng.random()<.3
        m["continuing_subword_prefix"]=k.get("continuing_subword_prefix"); m["end_of_word_suffix"]=k.get("end_of_word_suffix")
        t=Tokenizer.from_str(json.dumps(j))
    elif kind=="wordpiece":
        t=Tokenizer(models.WordPiece(unk_token="[UNK]")); t.pre_tokenizer=pre_for_train()
        t.train_from_iterator(TRAIN,trainers.WordPieceTrainer(vocab_size=500,limit_alphabet=rng.choice([60,300]),special_tokens=["[PAD]","[UNK]","[CLS]","[SEP]","[MASK]"],continuing_subword_prefix=rng.choice(["##","##","@",""]),show_progress=False))
        j=json.loads(t.to_str()); j["model"]["max_input_chars_per_word"]=rng.choice([100,5,10]); j["added_tokens"]=[]
        t=Tokenizer.from_str(json.dumps(j))
    elif kind=="wordlevel":
        t=Tokenizer(models.WordLevel(unk_token="[UNK]")); t.pre_tokenizer=pre_for_train()
        t.train_from_iterator(TRAIN,trainers.WordLevelTrainer(vocab_size=300,special_tokens=["[UNK]"],show_progress=False))
    else:
        t=Tokenizer(models.Unigram()); t.pre_tokenizer=rng.choice([pre_tokenizers.Metaspace(),pre_tokenizers.Whitespace()])
        t.train_from_iterator(TRAIN[:40],trainers.UnigramTrainer(vocab_size=rng.choice([1200,1600]),special_tokens=["<unk>","<s>","</s>"],unk_token="<unk>",show_progress=False))
        j=json.loads(t.to_str())
        for r in j["model"]["vocab"]: r[1]=round(r[1],5)
        if rng.random()<.4:
            have={r[0] for r in j["model"]["vocab"]}
            j["model"]["vocab"]+=[[f"<0x{b:02X}>",0.0] for b in range(256)]; j["model"]["byte_fallback"]=True
        t=Tokenizer.from_str(json.dumps(j))
    return t
BASES=[mk(k) for k in ["bytebpe","bpe","wordpiece","wordlevel","unigram"]+[rng.choice(["bytebpe","bpe","bpe","wordpiece","unigram","bpe"]) for _ in range(7)]]
B=lambda p=.5: rng.random()<p
REGEX=[r"\s+",r"\p{L}+",r"\d",r"\d{1,3}",r"\w+",r"[^\s]+",r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",r"\b",r"a|e",r"[a-z]+",r"[^a-z]",r"(?<=o)\w",r"\p{Han}|\p{Hiragana}+|\p{Katakana}+",r"[[:punct:]]",r"[[:alpha:]]+",r"[[:space:]]",r"(?i)FOO",r"\p{P}",r"\p{Lu}\p{Ll}*",r"[\p{L}&&[^a-z]]+",r"\h+",r"(?:ab)+",r"x*",r".",r"(?m).+",r"\n+",r"^.",r".$",r"\A\w",r"\w\z",r"\R",r"\p{Greek}+",r"[[:^alnum:]]+",r"[^\p{L}\p{N}\p{M}\s]",r"\p{^L}+",r"\P{L}+",r"(?x) a b # c",r"\x{65}",r"(a|b)\1",r"(?<n>o)\k<n>",r"[\u4e00-\u9fff]" ,r"(?>a+)b?",r"\w++",r"[a-c&&b-d]",r"\S+?\b",r"\p{Alphabetic}+",r"\p{Emoji}",r"(?s:.)+",r"\D+",r"\W+",r"\N+",r"\O",r"\p{Any}",r"\p{Zs}",r"[\w&&\D]+",r"\Bo"]
STR=[" ","a","e","o"," the ","▁","é","\n","","''","  ","漢","ab"]
def pat():
    return Regex(rng.choice(REGEX)) if B(.65) else rng.choice(STR)
def norm(d=0):
    k=rng.randrange(14)
    if k==0: return normalizers.BertNormalizer(clean_text=B(),handle_chinese_chars=B(),strip_accents=rng.choice([None,True,False]),lowercase=B())
    if k==1: return normalizers.NFC()
    if k==2: return normalizers.NFD()
    if k==3: return normalizers.NFKC()
    if k==4: return normalizers.NFKD()
    if k==5: return normalizers.Lowercase()
    if k==6: return normalizers.StripAccents()
    if k==7: return normalizers.Strip(left=B(),right=B())
    if k==8: return normalizers.Replace(pat(),rng.choice([""," ","x","▁","--","é","a b"]))
    if k==9: return normalizers.Prepend(rng.choice(["▁"," ","x","é","ab"]))
    if k in (10, 11): return normalizers.Nmt()
    if k==12: return normalizers.ByteLevel()
    if d>1: return normalizers.NFKC()
    return normalizers.Sequence([norm(d+1) for _ in range(rng.randint(0,4))])
BEH=["removed","isolated","merged_with_previous","merged_with_next","contiguous"]
def pre(d=0):
    k=rng.randrange(14)
    if k==0: return pre_tokenizers.BertPreTokenizer()
    if k==1: return pre_tokenizers.ByteLevel(add_prefix_space=B(),use_regex=B(),trim_offsets=B())
    if k==2: return pre_tokenizers.Metaspace(replacement=rng.choice(["▁","_","é"]),prepend_scheme=rng.choice(["always","first","never"]),split=B())
    if k==3: return pre_tokenizers.Whitespace()
    if k==4: return pre_tokenizers.WhitespaceSplit()
    if k==5: return pre_tokenizers.Punctuation(rng.choice(BEH))
    if k==6: return pre_tokenizers.Digits(individual_digits=B())
    if k in(7,8,9): return pre_tokenizers.Split(pat(),rng.choice(BEH),invert=B(.3))
    if k==10: return pre_tokenizers.CharDelimiterSplit(rng.choice(["a"," ","-","é","漢"]))
    if k==11: return pre_tokenizers.UnicodeScripts()
    if k==12: return pre_tokenizers.FixedLength(rng.randint(1,8))
    if d>1: return pre_tokenizers.Whitespace()
    return pre_tokenizers.Sequence([pre(d+1) for _ in range(rng.randint(0,3))])
def tmpl(pair):
    r=[rng.choice(["[CLS]","[SEP]:1","[CLS]:2","[M]","[M]:3"]) for _ in range(rng.randint(0,3))]
    r.insert(rng.randint(0,len(r)),rng.choice(["$A","$A:0","$A:1","$0","$2"] if not pair else ["$A","$A:0","$A:1"]))
    if pair:
        r.insert(rng.randint(0,len(r)),rng.choice(["$B","$B:1","$B:2"]))
    return r
def post(d=0):
    k=rng.randrange(8)
    if k==0: return processors.BertProcessing(("</s>",2),("<s>",1))
    if k==1: return processors.RobertaProcessing(("</s>",2),("<s>",1),trim_offsets=B(),add_prefix_space=B())
    if k==2: return processors.ByteLevel(trim_offsets=B(),add_prefix_space=B(),use_regex=B())
    if k in(3,4): 
        t=processors.TemplateProcessing(tmpl(False),tmpl(True),[("[CLS]",1),("[SEP]",2),("[M]",4)])
        j=json.loads(t.__getstate__())
        if B(.3):
            j["special_tokens"]["[M]"]={"id":"[M]","ids":[3,4,5],"tokens":["M1","M2","M3"]}
        return j
    if k==5 and d==0: return processors.Sequence([processors.ByteLevel(trim_offsets=B()),processors.TemplateProcessing("$A </s>","$A </s> $B:1 </s>:1",[("</s>",2)])])
    if k==6 and d==0: return processors.Sequence([processors.TemplateProcessing("<s> $A","<s> $A $B",[("<s>",1)]),processors.TemplateProcessing("$A </s>","$A </s> $B:1 </s>:1",[("</s>",2)]),processors.ByteLevel(trim_offsets=B())])
    return None
def dec(d=0):
    k=rng.randrange(11)
    if k==0: return decoders.ByteLevel()
    if k==1: return decoders.WordPiece(prefix=rng.choice(["##","@@"]),cleanup=B())
    if k==2: return decoders.Metaspace(replacement=rng.choice(["▁","_"]),prepend_scheme=rng.choice(["always","first","never"]),split=B())
    if k==3: return decoders.BPEDecoder(suffix=rng.choice(["</w>","@"]))
    if k==4: return decoders.ByteFallback()
    if k==5: return decoders.Fuse()
    if k==6: return decoders.Strip(content=rng.choice([" ","▁","a"]),left=rng.randint(0,2),right=rng.randint(0,2))
    if k==7: return decoders.Replace(pat(),rng.choice([""," ","x"]))
    if k==8: return decoders.CTC(pad_token=rng.choice(["<pad>","e"]),word_delimiter_token=rng.choice(["|","a"]),cleanup=B())
    if k==9 and d<2: return decoders.Sequence([dec(d+1) for _ in range(rng.randint(0,4))])
    return decoders.Metaspace()
def added():
    ts=[]
    for c in rng.sample(["foobar","<mask>","[MASK]","World","foo","é","É","ab"," x","the","<|endoftext|>","[UNK]","日","ing","FOO","\n","  ","<s>"],rng.randint(0,5)):
        ts.append(AddedToken(c,single_word=B(.3),lstrip=B(.3),rstrip=B(.3),normalized=B(),special=B()))
    return ts
def enc(e,full=True):
    r={"ids":e.ids,"tokens":e.tokens,"offsets":[list(o) for o in e.offsets],"words":e.word_ids,"types":e.type_ids,"smask":e.special_tokens_mask,"amask":e.attention_mask,"seqs":e.sequence_ids}
    if full: r["over"]=[enc(o,False) for o in e.overflowing]
    return r
LINES=[line() for _ in range(400)]+["", " ","\n","a","aa"," a","a ","é","e\u0301","\u0301","👩‍👩‍👧","ab"*50," "*30]
bases = [json.loads(base.to_str()) for base in BASES]
# Few digits read the same everywhere; byte fallback goes without prefix and suffix.
for base in bases:
    model = base["model"]
    if model.get("byte_fallback") and (model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")):
        model["byte_fallback"] = False
cases = []
while len(cases) < COUNT:
    number = rng.randrange(len(bases))
    try:
        j = {**bases[number], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None}
        nz = norm() if B(.6) else None; pz = pre() if B(.75) else None; oz = post(); dz = dec() if B(.85) else None
        t = Tokenizer.from_str(json.dumps(j))
        if nz is not None: t.normalizer = nz
        if pz is not None: t.pre_tokenizer = pz
        if dz is not None: t.decoder = dz
        if oz is not None and not isinstance(oz, dict): t.post_processor = oz
        t.add_tokens(added())
        if B(.3): t.add_special_tokens([AddedToken("<mask>", lstrip=B(), rstrip=B(), normalized=False)])
        if B(.35): t.enable_truncation(rng.randint(10, 22), stride=rng.choice([0, 0, 0, 1, 2, 3]), strategy=rng.choice(["longest_first", "only_first", "only_second"]), direction=rng.choice(["left", "right"]))
        if B(.3): t.enable_padding(direction=rng.choice(["left", "right"]), pad_id=rng.randint(0, 3), pad_type_id=rng.randint(0, 2), pad_token="[PAD]", length=rng.choice([None, None, 5, 20]), pad_to_multiple_of=rng.choice([None, None, 4, 8]))
        j = json.loads(t.to_str())
        if isinstance(oz, dict): j["post_processor"] = oz
        contents = [t.normalizer.normalize_str(a["content"]) if a["normalized"] and t.normalizer else a["content"] for a in j["added_tokens"]]
        if len(set(contents)) < len(contents) or "" in contents:
            continue  # of tokens that are normalised alike a hash map decides there; one that is normalised away matches everywhere
        t = Tokenizer.from_str(json.dumps(j))
    except BaseException:
        continue
    j["model"] = number
    rows = []
    for _ in range(EACH):
        at = rng.randrange(len(LINES)); pair = rng.randrange(len(LINES)) if B(.25) else None; add = B(.8); words = B(.12)
        text = LINES[at].split(" ") if words else LINES[at]
        second = None if pair is None else LINES[pair].split(" ") if words else LINES[pair]
        try:
            e = t.encode(text, second, is_pretokenized=words, add_special_tokens=add)
            value = {**enc(e), "decoded": t.decode(e.ids), "whole": t.decode(e.ids, skip_special_tokens=False)}
        except BaseException:
            continue
        digest = hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()[:10]
        rows.append([at, pair, add, words, digest])
    cases.append({"json": j, "rows": rows})
text = json.dumps({"made by": {"tokenizers": tokenizers.__version__, "python": sys.version.split()[0], "seed": SEED}, "lines": LINES,
                   "models": [base["model"] for base in bases], "cases": cases}, ensure_ascii=False, separators=(",", ":"))
(OUT / "random.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
print(len(cases), "tokenizers", sum(len(case["rows"]) for case in cases), "texts", (OUT / "random.json.gz").stat().st_size)
