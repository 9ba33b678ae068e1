// GloVe's text form: read, looked up, and refused where it is none.
import { init } from '@heddle/tensor';
import { beforeAll, expect, it } from 'vitest';
import { embeddingOf, readWordVectors } from '../src/index';

const read = (text: string, options?: Parameters<typeof readWordVectors>[2]) =>
  readWordVectors(new Map([['v.txt', new TextEncoder().encode(text)]]), 'v.txt', options);

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 1 });
});

const text = 'the 0.5 -1 2e-1\nnew york 1 2 3\n1984 4 5 6\nthe 7 7 7\nkatze 0 0 1';

it('reads words, such of several parts and numbers too; the first of its name counts', async () => {
  const { index, data, dim } = await read(text);
  expect(dim).toBe(3);
  expect([...index]).toEqual([
    ['the', 0],
    ['new york', 1],
    ['1984', 2],
    ['katze', 3],
  ]);
  expect(Array.from(data.subarray(0, 3))).toEqual([0.5, -1, 0.2].map(Math.fround));
  expect([...(await read(`5 3\n${text}`)).index.keys()]).toEqual([...index.keys()]);
  expect([...(await read(text, { limit: 2 })).index.keys()]).toEqual(['the', 'new york']);
  expect([...(await read(text, { words: new Set(['katze']) })).index.keys()]).toEqual(['katze']);
  expect([...(await read(text.replaceAll('\n', '\r\n'))).index.keys()]).toEqual([...index.keys()]);
});

it('fills an embedding by a vocabulary, and leaves what it does not know as it began', async () => {
  const embedding = embeddingOf(await read(text), ['[PAD]', 'The', 'katze', '1984']);
  const rows = Array.from(await embedding.weight.data());
  expect(rows.slice(3)).toEqual([0.5, -1, 0.2, 0, 0, 1, 4, 5, 6].map(Math.fround));
  expect(rows.slice(0, 3).every((x) => x !== 0)).toBe(true);
  expect(embedding.weight.requiresGrad).toBe(true);
});

it('names the line that is wrong', async () => {
  await expect(read('a 1 2\nb 1')).rejects.toThrow('line 2: expected a word and 2 numbers');
  await expect(read('a 1 2\nb 1 x')).rejects.toThrow('line 2');
  await expect(read('just words\n')).rejects.toThrow('line 1');
  await expect(read('')).rejects.toThrow('holds no vector');
  await expect(readWordVectors(new Map(), 'v.txt')).rejects.toThrow('there is no such file');
});
