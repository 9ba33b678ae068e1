// tiktoken's rank files: a byte sequence in base64 and its rank on each line. The rank is the id, and the merge order.

import { DecoderSequence } from '../decoders/sequence';
import { describe, TokenizerError } from '../errors';
import { byteLevel, regex } from '../families/lazy';
import { CL100K_PATTERN, O200K_PATTERN } from '../fast/scanners';
import { Vocab } from '../models/vocab';
import { PreTokenizerSequence } from '../pre-tokenizers/sequence';
import { BYTE_CHARS } from '../text/byte-alphabet';
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

/** Tokens by rank, in the byte alphabet. */
function readRanks(bytes: Uint8Array, file: string): (string | undefined)[] {
  const tokens: (string | undefined)[] = [];
  const lines = new TextDecoder().decode(bytes).split('\n');
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const space = line.indexOf(' ');
    const rank = Number(line.slice(space + 1));
    const refuse = (expected: string): TokenizerError =>
      new TokenizerError({ kind: 'file', file, where: `line ${i + 1}`, expected, got: describe(line) });
    if (space < 1 || !Number.isInteger(rank) || rank < 0 || rank > 8 * lines.length + 1_000_000)
      throw refuse('base64, a space and a rank');
    let binary: string;
    try {
      binary = atob(line.slice(0, space));
    } catch {
      throw refuse('base64');
    }
    let token = '';
    for (let b = 0; b < binary.length; b++) token += BYTE_CHARS[binary.charCodeAt(b)];
    while (tokens.length <= rank) tokens.push(undefined);
    if (tokens[rank] !== undefined) throw refuse('a rank of its own');
    tokens[rank] = token;
  }
  return tokens;
}

/** Builds a tokenizer from the bytes of a rank file. */
export async function readTiktoken(
  bytes: Uint8Array,
  file: string,
  options: TiktokenOptions = {},
): Promise<TokenizerParts> {
  const { Bpe, ByteLevelDecoder, ByteLevelPreTokenizer, GPT2_PATTERN, mergesByRank, Split } = await byteLevel();
  const tokens = readRanks(bytes, file);
  const count = tokens.filter((token) => token !== undefined).length;
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
  const vocab = new Vocab(tokens);
  const model = new Bpe(
    vocab,
    mergesByRank(vocab, (id) => id),
    { ignoreMerges: true },
  );
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
