import json,sys
from tokenizers import normalizers as N, pre_tokenizers as P, Regex
cps=[c for c in range(1,0x110000) if not 0xd800<=c<=0xdfff]
def ranges(l):
    out=[];
    for c in l:
        if out and out[-1][1]==c-1: out[-1][1]=c
        else: out.append([c,c])
    return out
res={}
bp=P.Punctuation('isolated')
res['PUNCT']=ranges([c for c in cps if len(bp.pre_tokenize_str('a'+chr(c)+'a'))==3])
clean=N.BertNormalizer(clean_text=True,handle_chinese_chars=False,strip_accents=False,lowercase=False)
def rm(n): return ranges([c for c in cps if n.normalize_str('a'+chr(c)+'a')=='aa'])
res['OTHER']=rm(clean)
res['MN']=rm(N.BertNormalizer(clean_text=False,handle_chinese_chars=False,strip_accents=True,lowercase=False))
res['MARK']=rm(N.StripAccents())
ws=P.WhitespaceSplit()
res['WS']=ranges([c for c in cps if len(ws.pre_tokenize_str('a'+chr(c)+'a'))==2])
dg=P.Digits(True)
res['NUM']=ranges([c for c in cps if len(dg.pre_tokenize_str('a'+chr(c)+'a'))==3])
w=P.Whitespace()
res['WORD']=ranges([c for c in cps if [x for x,_ in w.pre_tokenize_str('a'+chr(c)+'a')]==['a'+chr(c)+'a']])
for k,p in [('oL',r'\p{L}'),('oN',r'\p{N}'),('os',r'\s'),('ow',r'\w'),('od',r'\d'),('oP',r'\p{P}'),('oM',r'\p{M}'),('oLu',r'\p{Lu}'),('oHan',r'\p{Han}'),('oalpha','[[:alpha:]]'),('opunct','[[:punct:]]'),('ospace','[[:space:]]'),('oalnum','[[:alnum:]]'),('ois',r'(?i:s)'),('oik',r'(?i:k)'),('oupper','[[:upper:]]'),('ograph','[[:graph:]]'),('oprint','[[:print:]]'),('oblank','[[:blank:]]'),('oh',r'\h'),('oR',r'\R'),('ocntrl','[[:cntrl:]]'),('oS',r'\p{S}')]:
    r=P.Split(Regex(p),'removed')
    res[k]=ranges([c for c in cps if len(r.pre_tokenize_str(chr(c)))==0])
for f in ['NFC','NFD','NFKC','NFKD','Lowercase','Nmt']:
    n=getattr(N,f)()
    res[f]={c:o for c in cps if (o:=n.normalize_str(chr(c)))!=chr(c)}
us=P.UnicodeScripts()
alone=lambda c,other: len(us.pre_tokenize_str(other+chr(c)+other))==1
# Of no script: it joins two scripts.
res['NOSCRIPT']=ranges([c for c in cps if alone(c,'a') and alone(c,'я')])
json.dump(res,open(sys.argv[1],'w'))
