// The other tokenizers, each behind one function from a line to its ids. One that has no build for this system is left out.
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@heddle/tokenizer';

/** The vocabularies that are compared, and their files in the shared fixtures. */
export const VOCABULARIES = {
  gpt2: 'gpt2/tokenizer.json',
  bert: 'bert-base-uncased/tokenizer.json',
  cl100k: 'cl100k/cl100k_base.tiktoken',
  o200k: 'o200k/o200k_base.tiktoken',
} as const;

/** The name of one of them. */
export type Vocabulary = keyof typeof VOCABULARIES;

/** One tokenizer, loaded. */
export interface Encoder {
  /** Ids of one text without special tokens. */
  readonly encode?: (text: string) => ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Ids of many texts in one call. */
  readonly encodeAll?: (texts: readonly string[]) => Promise<ArrayLike<number>[]>;
}

/** A tokenizer that may be installed. */
export interface Peer {
  readonly name: string;
  readonly package: string;
  readonly vocabularies: readonly Vocabulary[];
  /** Loads the vocabulary, from its file unless the package brings it. */
  readonly load: (file: string, vocabulary: Vocabulary) => Promise<Encoder>;
}

interface NativeEncoding {
  getIds(): number[];
}
interface NativeTokenizer {
  encode(text: string, pair: null, options: object): Promise<NativeEncoding>;
  encodeBatch(texts: readonly string[], options: object): Promise<NativeEncoding[]>;
}
interface Classes {
  readonly Tokenizer?: { fromString(json: string): NativeTokenizer } & (new (
    json: object,
    config: object,
  ) => { encode(text: string, options: object): { ids: number[] } });
  readonly PreTrainedTokenizer?: new (
    json: object,
    config: object,
  ) => { encode(text: string, pair: null, options: object): number[] };
  readonly default?: Classes;
  readonly encode?: (text: string) => number[];
  readonly getEncoding?: (name: string) => { encode(text: string, allowed: string[], disallowed: string[]): number[] };
  readonly clearMergeCache?: () => void;
  readonly get_encoding?: (name: string) => { encode_ordinary(text: string): Uint32Array };
}

async function classesOf(name: string): Promise<Classes> {
  const module: Classes = await import(name);
  return module.default === undefined ? module : { ...module.default, ...module };
}

const configOf = (vocabulary: Vocabulary): object => ({
  tokenizer_class: vocabulary === 'bert' ? 'BertTokenizer' : 'GPT2Tokenizer',
});

const BARE = { addSpecialTokens: false };

const textOf = (file: string): string => readFileSync(file, 'utf8');

/** What tiktoken's ports have of it. */
const TIKTOKEN = ['gpt2', 'cl100k', 'o200k'] as const;
const ENCODINGS: { readonly [vocabulary in Vocabulary]?: string } = {
  gpt2: 'r50k_base',
  cl100k: 'cl100k_base',
  o200k: 'o200k_base',
};

/** `@xenova/transformers` reads merges as `"a b"` only. */
function legacyMerges(json: string): object {
  const parsed: { model: { merges?: (string | string[])[] } } = JSON.parse(json);
  const { merges } = parsed.model;
  if (merges !== undefined)
    parsed.model.merges = merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  return parsed;
}

export const heddle: Peer = {
  name: 'heddle',
  package: '@heddle/tokenizer',
  vocabularies: ['gpt2', 'bert', 'cl100k', 'o200k'],
  load: async (file) => {
    const tokenizer = await Tokenizer.load(file);
    return { encode: (text) => tokenizer.encodeIds(text) };
  },
};

export const peers: readonly Peer[] = [
  {
    name: 'tokenizers (native), line by line',
    package: 'tokenizers',
    vocabularies: ['gpt2', 'bert'],
    load: async (file) => {
      const tokenizer = (await classesOf('tokenizers')).Tokenizer?.fromString(textOf(file));
      return { encode: async (text) => (await tokenizer?.encode(text, null, BARE))?.getIds() ?? [] };
    },
  },
  {
    name: 'tokenizers (native), one batch',
    package: 'tokenizers',
    vocabularies: ['gpt2', 'bert'],
    load: async (file) => {
      const tokenizer = (await classesOf('tokenizers')).Tokenizer?.fromString(textOf(file));
      return {
        encodeAll: async (texts) => ((await tokenizer?.encodeBatch(texts, BARE)) ?? []).map((row) => row.getIds()),
      };
    },
  },
  {
    name: '@huggingface/tokenizers',
    package: '@huggingface/tokenizers',
    vocabularies: ['gpt2', 'bert'],
    load: async (file, vocabulary) => {
      const { Tokenizer: Class } = await classesOf('@huggingface/tokenizers');
      if (Class === undefined) return {};
      const tokenizer = new Class(JSON.parse(textOf(file)), configOf(vocabulary));
      return { encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids };
    },
  },
  {
    name: '@xenova/transformers',
    package: '@xenova/transformers/src/tokenizers.js',
    vocabularies: ['gpt2', 'bert'],
    load: async (file, vocabulary) => {
      const { PreTrainedTokenizer: Class } = await classesOf('@xenova/transformers/src/tokenizers.js');
      if (Class === undefined) return {};
      const tokenizer = new Class(legacyMerges(textOf(file)), configOf(vocabulary));
      return { encode: (text) => tokenizer.encode(text, null, { add_special_tokens: false }) };
    },
  },
  {
    name: 'gpt-tokenizer',
    package: 'gpt-tokenizer/encoding',
    vocabularies: TIKTOKEN,
    load: async (_file, vocabulary) => {
      const { encode, clearMergeCache } = await classesOf(`gpt-tokenizer/encoding/${ENCODINGS[vocabulary]}`);
      // The module remembers words from one text to the next, whose first pass would not be a first one.
      clearMergeCache?.();
      return encode === undefined ? {} : { encode };
    },
  },
  {
    name: 'tiktoken (wasm)',
    package: 'tiktoken',
    vocabularies: TIKTOKEN,
    load: async (_file, vocabulary) => {
      const encoding = (await classesOf('tiktoken')).get_encoding?.(ENCODINGS[vocabulary] ?? '');
      return encoding === undefined ? {} : { encode: (text) => encoding.encode_ordinary(text) };
    },
  },
  {
    name: 'js-tiktoken',
    package: 'js-tiktoken',
    vocabularies: TIKTOKEN,
    load: async (_file, vocabulary) => {
      const encoding = (await classesOf('js-tiktoken')).getEncoding?.(ENCODINGS[vocabulary] ?? '');
      return encoding === undefined ? {} : { encode: (text) => encoding.encode(text, [], []) };
    },
  },
];
