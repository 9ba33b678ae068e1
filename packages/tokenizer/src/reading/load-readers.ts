// Fetches the readers that a file needs and no others. Components that are used together come together.
import * as common from '../families/common';
import { bert, byteLevel, rare, regex, sentencePiece } from '../families/lazy';
import { isObject, MAX_DEPTH } from '../json';
import { KINDS, type Kind, type NameOf } from './kinds';
import { nameOf, type Reader, Readers } from './readers';

const here = async (): Promise<typeof common> => common;

/** Where the reader of every component is found: a module that has it under its kind and name. */
const SOURCES: {
  readonly [K in Kind]: {
    readonly [N in NameOf<K>]: () => Promise<{ readonly [P in K]: { readonly [Q in N]: Reader<P> } }>;
  };
} = {
  normalizer: {
    BertNormalizer: bert,
    Strip: sentencePiece,
    StripAccents: bert,
    NFC: bert,
    NFD: bert,
    NFKC: bert,
    NFKD: bert,
    Lowercase: bert,
    Nmt: sentencePiece,
    Precompiled: sentencePiece,
    Replace: sentencePiece,
    Prepend: sentencePiece,
    ByteLevel: byteLevel,
    Sequence: here,
  },
  preTokenizer: {
    BertPreTokenizer: bert,
    ByteLevel: byteLevel,
    CharDelimiterSplit: rare,
    Metaspace: sentencePiece,
    Whitespace: sentencePiece,
    WhitespaceSplit: sentencePiece,
    Sequence: here,
    Split: byteLevel,
    Punctuation: rare,
    Digits: rare,
    UnicodeScripts: rare,
    FixedLength: rare,
  },
  model: { BPE: byteLevel, WordPiece: bert, WordLevel: rare, Unigram: sentencePiece },
  postProcessor: {
    BertProcessing: here,
    RobertaProcessing: here,
    ByteLevel: here,
    TemplateProcessing: here,
    Sequence: here,
  },
  decoder: {
    BPEDecoder: rare,
    ByteLevel: byteLevel,
    WordPiece: bert,
    Metaspace: sentencePiece,
    CTC: rare,
    Sequence: here,
    Replace: sentencePiece,
    Fuse: sentencePiece,
    Strip: sentencePiece,
    ByteFallback: sentencePiece,
  },
};

/** Where a Sequence of each kind keeps its parts. */
const PARTS: Readonly<Partial<Record<Kind, string>>> = {
  normalizer: 'normalizers',
  preTokenizer: 'pretokenizers',
  postProcessor: 'processors',
  decoder: 'decoders',
};

/** Tables that are being filled. */
type Tables = { [K in Kind]: Record<string, Reader<K>> };

async function addReader<K extends Kind>(tables: Tables, kind: K, name: string): Promise<void> {
  const sources: Readonly<Record<string, () => Promise<{ readonly [P in K]: Readonly<Record<string, Reader<K>>> }>>> =
    SOURCES[kind];
  if (!Object.hasOwn(sources, name)) return; // who reads it says so
  const reader = (await sources[name]?.())?.[kind][name];
  const table: Record<string, Reader<K>> = tables[kind];
  if (reader !== undefined) table[name] = reader;
}

/** The readers of every component in some JSON, by kind. What is no component is left to who reads it. */
export async function loadReaders(json: { readonly [K in Kind]?: unknown }): Promise<Readers> {
  const tables: Tables = { normalizer: {}, preTokenizer: {}, model: {}, postProcessor: {}, decoder: {} };
  let needsRegex = false;
  const wanted: Promise<void>[] = [];
  const visit = (kind: Kind, value: unknown, depth: number): void => {
    if (!isObject(value) || depth > MAX_DEPTH) return; // who reads it says so
    const name = nameOf(kind, value);
    if (typeof name === 'string') wanted.push(addReader(tables, kind, name));
    const { pattern } = value;
    if (isObject(pattern) && Object.hasOwn(pattern, 'Regex')) needsRegex = true;
    const list = PARTS[kind];
    const parts = name === 'Sequence' && list !== undefined ? value[list] : undefined;
    if (Array.isArray(parts)) for (const part of parts) visit(kind, part, depth + 2);
  };
  for (const kind of KINDS) visit(kind, json[kind], 2);
  const regexes = needsRegex ? await regex() : undefined;
  await Promise.all(wanted);
  return new Readers(tables, (pattern, where) => {
    if (regexes === undefined) throw new Error(`${where}: a pattern that was not foreseen`);
    return new regexes.Regex(pattern, where);
  });
}
