// tiktoken's rank files: a byte sequence in base64 and its rank on each line. The rank is the id, and the merge order.

import { DecoderSequence } from '../decoders/sequence';
import { describe, TokenizerError } from '../errors';
import { byteLevel, regex } from '../families/lazy';
import { CL100K_PATTERN, O200K_PATTERN } from '../fast/scanners';
import { Vocab } from '../models/vocab';
import { VocabBuilder } from '../models/vocab-builder';
import { checkChoice } from '../options';
import { PreTokenizerSequence } from '../pre-tokenizers/sequence';
import { BYTE_UNITS } from '../text/byte-alphabet';
import { addTokens, type TokenizerParts, toAddedToken } from '../tokenizer-parts';

/** The encodings that are known by name. */
export type TiktokenEncoding = 'gpt2' | 'r50k_base' | 'p50k_base' | 'cl100k_base' | 'o200k_base';

/** How to read a rank file; an encoding that is known by its size needs nothing. */
export interface TiktokenOptions {
  readonly encoding?: TiktokenEncoding;
  /** The pattern that cuts words, in Oniguruma's dialect. */
  readonly pattern?: string;
  readonly specialTokens?: Readonly<Record<string, number>>;
}

interface Encoding {
  readonly ranks: number;
  /** undefined for GPT-2's. */
  readonly pattern: string | undefined;
  readonly specialTokens: Readonly<Record<string, number>>;
}

const FIM = { '<|fim_prefix|>': 100258, '<|fim_middle|>': 100259, '<|fim_suffix|>': 100260 };
const ENCODINGS: Readonly<Record<TiktokenEncoding, Encoding>> = {
  gpt2: { ranks: 50256, pattern: undefined, specialTokens: { '<|endoftext|>': 50256 } },
  r50k_base: { ranks: 50256, pattern: undefined, specialTokens: { '<|endoftext|>': 50256 } },
  p50k_base: { ranks: 50280, pattern: undefined, specialTokens: { '<|endoftext|>': 50256 } },
  cl100k_base: {
    ranks: 100256,
    pattern: CL100K_PATTERN,
    specialTokens: { '<|endoftext|>': 100257, ...FIM, '<|endofprompt|>': 100276 },
  },
  o200k_base: {
    ranks: 199998,
    pattern: O200K_PATTERN,
    specialTokens: { '<|endoftext|>': 199999, '<|endofprompt|>': 200018 },
  },
};

/** The value of each base64 digit; −1 for what is none. */
const DIGITS = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  DIGITS[digit.charCodeAt(0)] = value;
const PADDING = 0x3d;

/** Decodes base64 in bytes[from, to) to units of the byte alphabet at `at`, and returns their end; −1 where it is none. */
function decodeBase64(bytes: Uint8Array, from: number, to: number, units: Uint16Array, at: number): number {
  const length = to - from;
  if (length === 0 || length % 4 !== 0) return -1;
  const padding = bytes[to - 1] !== PADDING ? 0 : bytes[to - 2] !== PADDING ? 1 : 2;
  let out = at;
  let bits = 0;
  for (let i = from; i < to; i++) {
    const digit = i < to - padding ? (DIGITS[bytes[i] as number] as number) : 0;
    if (digit < 0) return -1;
    bits = (bits << 6) | digit;
    if (((i - from) & 3) !== 3) continue;
    units[out++] = BYTE_UNITS[bits >> 16] as number;
    units[out++] = BYTE_UNITS[(bits >> 8) & 0xff] as number;
    units[out++] = BYTE_UNITS[bits & 0xff] as number;
    bits = 0;
  }
  return out - padding;
}

const SPACE = 0x20;
const isBlank = (unit: number): boolean => unit === SPACE || unit === 0x0d || unit === 0x09;

/** The whole number that bytes[from, to) spell; NaN for anything else. */
function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  let value = from < to ? 0 : Number.NaN;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] as number) - 0x30;
    value = digit >= 0 && digit <= 9 ? 10 * value + digit : Number.NaN;
  }
  return value;
}

/** Tokens by rank, in the byte alphabet. */
function readRanks(bytes: Uint8Array, file: string): VocabBuilder {
  const builder = new VocabBuilder(bytes.length);
  let number = 0;
  const refuse = (expected: string, from: number, to: number): TokenizerError => {
    const got = describe(new TextDecoder().decode(bytes.subarray(from, to)));
    return new TokenizerError({ kind: 'file', file, where: `line ${number}`, expected, got });
  };
  for (let from = 0, next = 0; from < bytes.length; from = next) {
    number++;
    const lineEnd = bytes.indexOf(0x0a, from);
    next = lineEnd < 0 ? bytes.length : lineEnd + 1;
    let to = lineEnd < 0 ? bytes.length : lineEnd;
    while (to > from && isBlank(bytes[to - 1] as number)) to--;
    if (to === from) continue;
    const space = bytes.indexOf(SPACE, from);
    const rank = wholeNumber(bytes, space + 1, to);
    if (space <= from || Number.isNaN(rank) || !builder.fits(rank))
      throw refuse('base64, a space and a rank', from, to);
    const start = builder.used;
    builder.used = decodeBase64(bytes, from, space, builder.units, start);
    if (builder.used < 0) throw refuse('base64', from, to);
    if (builder.has(rank)) throw refuse('a rank of its own', from, to);
    builder.add(rank, start);
  }
  return builder;
}

/** Builds a tokenizer from the bytes of a rank file. */
export async function readTiktoken(
  bytes: Uint8Array,
  file: string,
  options: TiktokenOptions = {},
): Promise<TokenizerParts> {
  checkChoice('tiktoken.encoding', options.encoding, Object.keys(ENCODINGS));
  const { Bpe, ByteLevelDecoder, ByteLevelPreTokenizer, GPT2_PATTERN, mergesByRank, Split } = await byteLevel();
  const ranks = readRanks(bytes, file);
  const { count } = ranks;
  const known = options.encoding
    ? ENCODINGS[options.encoding]
    : Object.values(ENCODINGS).find(({ ranks }) => ranks === count);
  const pattern = options.pattern ?? (known && (known.pattern ?? GPT2_PATTERN));
  if (pattern === undefined)
    throw new TokenizerError({
      kind: 'input',
      file,
      where: 'pattern',
      expected: 'a pattern, since no known encoding has this many ranks',
      got: String(count),
    });
  const vocab = new Vocab(ranks.finish());
  const model = new Bpe(vocab, mergesByRank(vocab), { ignoreMerges: true });
  const spelling = { addPrefixSpace: false, trimOffsets: false, useRegex: pattern === GPT2_PATTERN };
  const bytesOnly = new ByteLevelPreTokenizer(spelling);
  const specials = Object.entries(options.specialTokens ?? known?.specialTokens ?? {});
  return {
    normalizer: undefined,
    preTokenizer:
      pattern === GPT2_PATTERN
        ? bytesOnly
        : new PreTokenizerSequence([new Split(new (await regex()).Regex(pattern, 'pattern'), 'Isolated'), bytesOnly]),
    model,
    postProcessor: undefined,
    decoder: new DecoderSequence([new ByteLevelDecoder(spelling)]),
    added: addTokens(
      [],
      model,
      undefined,
      specials.map(([content, id]) => ({ ...toAddedToken(content, true), id })),
    ),
    truncation: undefined,
    padding: undefined,
  };
}
