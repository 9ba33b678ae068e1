// A loaded tokenizer holds little more than its tables need: no string, no spare room, nothing of the file.
import { expect, it } from 'vitest';
import { Tokenizer } from '../src/index';
import { BYTE_CHARS } from '../src/text/byte-alphabet';
import { type Content, keptBytes, neededBytes, reachedBytes } from './held-bytes';

const COUNT = 100_000;
/** What a tokenizer may hold beside each byte that its tables need. */
const MOST = 1.3;

/** Tokens of the byte alphabet, each but the bytes put together of two before it, and these two. */
function merged(count: number): { readonly tokens: string[]; readonly pairs: [string, string][] } {
  const tokens = [...BYTE_CHARS];
  const pairs: [string, string][] = [];
  const known = new Set(tokens);
  let state = 1;
  const draw = (below: number): string => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return tokens[Math.floor((state / 2 ** 32) * below)] as string;
  };
  while (tokens.length < count) {
    const [first, second] = [draw(tokens.length), draw(Math.min(tokens.length, 4000))];
    if (known.has(first + second) || first.length + second.length > 8) continue;
    known.add(first + second);
    tokens.push(first + second);
    pairs.push([first, second]);
  }
  return { tokens, pairs };
}

const idsOf = (tokens: readonly string[]): object => Object.fromEntries(tokens.map((token, id) => [token, id]));

interface Case {
  readonly content: Content;
  /** The file's name and what is in it. */
  readonly name: string;
  readonly file: string;
}

const bertParts = {
  normalizer: { type: 'BertNormalizer' },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
};
const byteParts = {
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
};

const CASES: { readonly [name: string]: (count: number) => Case } = {
  BPE: (count) => {
    const { tokens, pairs } = merged(count);
    const model = { type: 'BPE', vocab: idsOf(tokens), merges: pairs.map((pair) => pair.join(' ')) };
    return {
      content: { tokens, merges: pairs.length },
      name: 'tokenizer.json',
      file: JSON.stringify({ ...byteParts, model }),
    };
  },
  'a rank file': (count) => {
    const { tokens } = merged(count);
    const toBase64 = (token: string): string =>
      Buffer.from(Array.from(token, (char) => BYTE_CHARS.indexOf(char))).toString('base64');
    return {
      content: { tokens },
      name: 'tiktoken.model',
      file: tokens.map((token, rank) => `${toBase64(token)} ${rank}\n`).join(''),
    };
  },
  WordPiece: (count) => {
    const tokens = Array.from({ length: count }, (_, id) => (id === 0 ? '[UNK]' : `${id & 1 ? '##' : ''}w${id}`));
    const model = { type: 'WordPiece', vocab: idsOf(tokens), unk_token: '[UNK]' };
    return { content: { tokens }, name: 'tokenizer.json', file: JSON.stringify({ ...bertParts, model }) };
  },
  Unigram: (count) => {
    const { tokens } = merged(count);
    const model = { type: 'Unigram', unk_id: 0, vocab: tokens.map((token, id) => [token, -id / 1000]) };
    const file = JSON.stringify({
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: true },
      model,
    });
    return { content: { tokens, hasScores: true }, name: 'tokenizer.json', file };
  },
};

it.each(Object.entries(CASES))('%s of 100,000 tokens holds at most 1.3 of what its tables need', async (_, make) => {
  const load = ({ name, file }: Case): Promise<Tokenizer> =>
    Tokenizer.load(new Map([[name, new TextEncoder().encode(file)]]), { tiktoken: { encoding: 'cl100k_base' } });
  // What loading compiles and fetches is no tokenizer's.
  await load(make(2000));
  const made = make(COUNT);
  const needed = neededBytes(made.content);
  const { value, bytes } = await keptBytes(() => load(made));
  expect(value.vocabSize).toBeGreaterThanOrEqual(COUNT);
  expect(reachedBytes(value) / needed).toBeLessThan(MOST);
  expect(bytes / needed).toBeLessThan(MOST);
  // The measure sees the tables, however it is taken.
  expect(reachedBytes(value) / needed).toBeGreaterThan(1);
  expect(bytes / needed).toBeGreaterThan(0.9);
});
