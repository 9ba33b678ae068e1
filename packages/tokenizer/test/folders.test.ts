// Folders against transformers' AutoTokenizer: tokens that only the files beside tokenizer.json have, sides, lengths, what
// its classes set anew, and cleaned up text. Expected values: tools/oracle/tokenizer_folders_oracle.py.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';

interface Line {
  text: string;
  pair?: string;
  ids: number[];
  tokens: string[];
  offsets: [number, number][];
  /** null where versions of the native library differ. */
  decoded: string | null;
  plain: string | null;
}

interface Case {
  class: string;
  base?: string;
  files: Record<string, unknown>;
  modelMaxLength: number | null;
  paddingSide: string;
  truncationSide: string;
  vocabSize: number;
  roles: Record<'pad' | 'unk' | 'cls' | 'sep' | 'mask' | 'bos' | 'eos', number | null>;
  added: unknown[][];
  batch: number[][] | null;
  texts: Line[];
}

const { bases, cases } = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/folders.json.gz', import.meta.url))).toString('utf8'),
) as { bases: Record<string, unknown>; cases: Case[] };

function load({ base, files }: Case): Promise<Tokenizer> {
  const all = base === undefined ? files : { 'tokenizer.json': bases[base], ...files };
  const bytes = Object.entries(all).map(([name, content]): [string, Uint8Array] => [
    name,
    new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content)),
  ]);
  return Tokenizer.load(new Map(bytes));
}

const name = ({ class: of, base, files }: Case, i: number): [string, number] => [
  `${i} ${of} ${base ?? Object.keys(files)[0]}`,
  i,
];

/** Deterministic choices. */
function* choices(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe('beside tokenizer.json', () => {
  const folder = (config: object): Promise<Tokenizer> =>
    load({ base: 'gpt2', files: { 'tokenizer_config.json': config } } as unknown as Case);

  it('a stream cleans up what decode cleans up, wherever tokens end', async () => {
    const tokenizer = await folder({ clean_up_tokenization_spaces: true });
    const pieces = [' ', ' ', '.', ',', '?', '!', "'", "n't", "'m", "'s", "'ve", "'re", 'n', 'a', 'now', '\n'];
    const next = choices(7);
    for (let round = 0; round < 3000; round++) {
      const count = 1 + Math.floor(next.next().value * 14);
      const text = Array.from({ length: count }, () => pieces[Math.floor(next.next().value * pieces.length)]).join('');
      const ids = tokenizer.encodeIds(text);
      const stream = tokenizer.decodeStream();
      expect(Array.from(ids, (id) => stream.push(id)).join('') + stream.end()).toBe(tokenizer.decode(ids));
      expect(tokenizer.decode(ids, { cleanUpTokenizationSpaces: false })).toBe(text);
    }
    const stream = tokenizer.decodeStream();
    const words = [...tokenizer.encodeIds('the quick')].map((id) => stream.push(id));
    expect(words.join('')).toBe('the quick'); // nothing is held back that is certain
  });

  it('truncation: true cuts to the length of the model, on its side; without one it is refused', async () => {
    const tokenizer = await folder({ model_max_length: 3, truncation_side: 'left', padding_side: 'left' });
    const ids = [...tokenizer.encodeIds('the quick brown fox')];
    expect(tokenizer.encode('the quick brown fox').ids).toEqual(ids);
    expect(tokenizer.encode('the quick brown fox', { truncation: true }).ids).toEqual(ids.slice(-3));
    expect([...tokenizer.encodeBatch(['the quick brown fox'], { truncation: true }).ids]).toEqual(ids.slice(-3));
    expect(tokenizer.encodeBatch(['a'], { padding: 'max' }).mask).toEqual(Int32Array.of(0, 0, 1));
    const plain = await folder({});
    expect(() => plain.encode('a', { truncation: true })).toThrow('maxLength');
  });
});

describe('a class', () => {
  it.each(['constructor', '__proto__', 'toString', 'NoSuchTokenizer'])(
    'that is none, as %s, changes nothing',
    async (name) => {
      const plain = await load({ base: 'gpt2', files: {} } as unknown as Case);
      for (const files of [
        { 'tokenizer_config.json': { tokenizer_class: name } },
        { 'tokenizer_config.json': {}, 'config.json': { tokenizer_class: name } },
        { 'tokenizer_config.json': {}, 'config.json': { model_type: name } },
      ])
        expect((await load({ base: 'gpt2', files } as unknown as Case)).toJSON()).toEqual(plain.toJSON());
    },
  );
  it('is not looked for in a config.json that nothing stands beside but the tokenizer', async () => {
    const alone = await load({ base: 'bert', files: { 'config.json': { model_type: 'mpnet' } } } as unknown as Case);
    expect(alone.toJSON()).toEqual((await load({ base: 'bert', files: {} } as unknown as Case)).toJSON());
  });
  it('of a broken config.json is refused by its name, where it is asked for', async () => {
    const files = { 'tokenizer_config.json': {}, 'config.json': '{"model_type": ' };
    await expect(load({ base: 'gpt2', files } as unknown as Case)).rejects.toThrow('config.json');
    const named = { ...files, 'tokenizer_config.json': { tokenizer_class: 'GPT2Tokenizer' } };
    expect((await load({ base: 'gpt2', files: named } as unknown as Case)).eosId).toBe(0);
  });
});

describe('a folder is read as AutoTokenizer reads it', () => {
  it.each(cases.map(name))('%s', async (_, i) => {
    const expected = cases[i] as Case;
    const tokenizer = await load(expected);
    const added = tokenizer.addedTokens.map((t) => [
      t.id,
      t.content,
      t.singleWord,
      t.lstrip,
      t.rstrip,
      t.normalized,
      t.special,
    ]);
    expect(added).toEqual(expected.added);
    expect(tokenizer.vocabSize).toBe(expected.vocabSize);
    expect(tokenizer.modelMaxLength ?? null).toBe(expected.modelMaxLength);
    for (const [role, id] of Object.entries(expected.roles))
      if (id !== null) expect([role, tokenizer[`${role as keyof Case['roles']}Id`]]).toEqual([role, id]);
    for (const { text, pair, ids, tokens, offsets, decoded, plain } of expected.texts) {
      const encoding = tokenizer.encode(text, { pair, offsets: 'codePoint' });
      expect([text, encoding.ids]).toEqual([text, ids]);
      expect([text, encoding.offsets]).toEqual([text, offsets]);
      expect(encoding.ids.map((id) => tokenizer.idToToken(id))).toEqual(tokens);
      if (decoded === null) continue;
      expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(decoded);
      expect(tokenizer.decode(ids)).toBe(plain);
      const stream = tokenizer.decodeStream({ skipSpecialTokens: false });
      expect(ids.map((id) => stream.push(id)).join('') + stream.end()).toBe(decoded);
    }
    if (expected.batch === null) return;
    const texts = expected.texts.filter(({ pair }) => pair === undefined).map(({ text }) => text);
    const { ids, shape } = tokenizer.encodeBatch(texts, { maxLength: 6 });
    const rows = texts.map((_, row) => [...ids.subarray(row * shape[1], (row + 1) * shape[1])]);
    expect(rows).toEqual(expected.batch);
  });
});
