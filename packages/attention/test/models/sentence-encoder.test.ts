// Sentence encoders against sentence-transformers: the vectors, and folders that it would read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { init, memory } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/index';
import { expectClose } from '../support/fixture';
import { batchOf, folderOf, valuesOf } from '../support/model-fixture';

const folder = (name: string): string => join(import.meta.dirname, '../fixtures/sentences', name);
const read = (name: string, file: string) => JSON.parse(readFileSync(join(folder(name), file), 'utf8'));

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe.each(['mpnet', 'every-pooling'])('%s', (name) => {
  const { ids, mask, vectors } = read(name, 'expected.json');
  const batch = batchOf({ ids, mask });

  it('gives the same vectors, and what it writes says the same', async () => {
    const encoder = await SentenceEncoder.fromPretrained(folder(name));
    await expectClose(encoder.call(batch), { ...vectors, dtype: 'float32' }, 'vectors');
    expect(encoder.maxLength).toBe(20);
    const files = new Map<string, Uint8Array>();
    await encoder.savePretrained(files);
    const again = await SentenceEncoder.fromPretrained(files);
    expect(await valuesOf(() => again.call(batch))).toEqual(await valuesOf(() => encoder.call(batch)));
    for (const file of ['modules.json', '1_Pooling/config.json'])
      expect(JSON.parse(new TextDecoder().decode(files.get(file)))).toEqual(read(name, file));
  });
});

it('encodes texts in batches, and cuts them off', async () => {
  const encoder = await SentenceEncoder.fromPretrained(folder('mpnet'));
  const lengths: (number | undefined)[] = [];
  const tokenizer = {
    vocabSize: 23,
    encode: () => ({ ids: [], tokens: [], offsets: [] }),
    decode: () => '',
    toJSON: () => ({}),
    encodeBatch: (texts: readonly string[], options?: { readonly maxLength?: number | undefined }) => {
      lengths.push(options?.maxLength);
      const width = Math.max(...texts.map((text) => text.length));
      const at = (text: string, i: number): number => (i < text.length ? 3 + (text.charCodeAt(i) % 20) : 1);
      return {
        ids: Int32Array.from(texts.flatMap((text) => Array.from({ length: width }, (_, i) => at(text, i)))),
        mask: Int32Array.from(
          texts.flatMap((text) => Array.from({ length: width }, (_, i) => Number(i < text.length))),
        ),
        shape: [texts.length, width] as const,
      };
    },
  };
  const before = memory().buffers;
  const vectors = await encoder.encode(['rain', 'sunshine', 'snow', 'rain'], { tokenizer, batchSize: 3 });
  expect(memory().buffers).toBe(before);
  expect(lengths).toEqual([20, 20]);
  vectors[3].forEach((x, i) => {
    expect(vectors[0][i]).toBeCloseTo(x, 5);
  });
  expect(vectors.map((vector) => vector.reduce((sum, x) => sum + x * x, 0))).toEqual(
    vectors.map(() => expect.closeTo(1, 5)),
  );
});

it('takes a plain encoder, and names what it does not know', async () => {
  const plain = await SentenceEncoder.fromPretrained(folderOf('bert-mlm'), { strict: false });
  expect([plain.pooling, plain.normalize, plain.maxLength]).toEqual([['mean'], true, 24]);
  const files = new Map<string, Uint8Array>();
  await plain.savePretrained(files);
  const withModules = (modules: unknown) =>
    SentenceEncoder.fromPretrained(
      new Map([...files, ['modules.json', new TextEncoder().encode(JSON.stringify(modules))]]),
    );
  const first = { type: 'sentence_transformers.models.Transformer', path: '' };
  await expect(withModules([first, { type: 'sentence_transformers.models.CNN', path: '1_CNN' }])).rejects.toThrow(
    'got CNN',
  );
  await expect(withModules([first, { type: 'x.Pooling', path: '../1_Pooling' }])).rejects.toThrow(
    'one below the folder',
  );
  await expect(withModules([first, { type: 'x.Pooling', path: '7_Pooling' }])).rejects.toThrow('7_Pooling/config.json');
  await expect(withModules({})).rejects.toThrow('is not a list');
});
