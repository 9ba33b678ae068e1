// Labels by entailment: scores from the model's own logits, whatever the batches.
import { Bert, bertConfig } from '@heddle/attention';
import { init } from '@heddle/tensor';
import { beforeAll, expect, it } from 'vitest';
import { zeroShot } from '../src/index';
import { type EncodedPair, type PairCodec, pairBatch } from '../src/pair-codec';

/** Characters as tokens, and what stands between and behind texts. */
const tokenizer: PairCodec = {
  vocabSize: 100,
  padId: 0,
  encode: (text, options = {}): EncodedPair => {
    const idsOf = (s: string): number[] => Array.from(s, (c) => 3 + (c.charCodeAt(0) % 90));
    const ids = [1, ...idsOf(text), 2, ...idsOf(options.pair ?? ''), 2];
    const second = text.length + 2;
    return {
      ids,
      typeIds: ids.map((_, i) => (i >= second ? 1 : 0)),
      sequenceIds: ids.map(() => null),
      tokens: ids.map(String),
      offsets: ids.map(() => [0, 0] as const),
      overflowing: [],
    };
  },
  encodeBatch: () => ({ ids: new Int32Array(0), mask: new Int32Array(0), shape: [0, 0] }),
  decode: () => '',
  toJSON: () => ({}),
};
const labels = ['contradiction', 'neutral', 'entailment'];
let model: Bert;

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 5 });
  const sizes = { vocabSize: 100, dim: 16, layers: 1, heads: 2, maxLength: 64 };
  model = new Bert(bertConfig({ ...sizes, head: 'classification', labels })).eval();
});

it('compares entailment among labels, or with contradiction for each alone', async () => {
  const asked = ['sport', 'politics', 'food'];
  const rows = asked.map((label) => tokenizer.encode('cup', { pair: `It is ${label}.` }));
  const logits = await model.call(pairBatch(rows, 0)).data();
  const options = { tokenizer, template: 'It is {}.' };
  const together = await zeroShot(model, 'cup', asked, options);
  expect(together.map(({ score }) => score)).toEqual(together.map(({ score }) => score).sort((a, b) => b - a));
  const total = [2, 5, 8].reduce((sum, at) => sum + Math.exp(logits[at]), 0);
  const each = await zeroShot(model, 'cup', asked, { ...options, multiLabel: true, batchSize: 2 });
  asked.forEach((label, i) => {
    const [no, , yes] = logits.slice(3 * i, 3 * i + 3);
    expect(together.find((found) => found.label === label)?.score).toBeCloseTo(Math.exp(yes) / total, 5);
    expect(each.find((found) => found.label === label)?.score).toBeCloseTo(
      Math.exp(yes) / (Math.exp(yes) + Math.exp(no)),
      5,
    );
  });
});

it('says what is missing', async () => {
  await expect(zeroShot(model, 'cup', [], { tokenizer })).rejects.toThrow('labels: expected at least one');
  await expect(zeroShot(model, 'cup', ['a'], { tokenizer, template: 'no place' })).rejects.toThrow('{}');
  const other = new Bert(
    bertConfig({ vocabSize: 9, dim: 8, layers: 1, heads: 1, head: 'classification', labels: ['a', 'b'] }),
  );
  await expect(zeroShot(other, 'cup', ['a'], { tokenizer })).rejects.toThrow('a label that begins with entail');
});
