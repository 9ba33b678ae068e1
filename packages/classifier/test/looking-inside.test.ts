// What looks into models works for the heads of this package too.
import { draw, gradientTimesInput, integratedGradients, occlusion, trace } from '@heddle/attention';
import { init } from '@heddle/tensor';
import { beforeAll, expect, it } from 'vitest';
import { SequenceClassifier } from '../src/index';

const batch = {
  ids: Int32Array.of(5, 6, 7, 8, 9, 0),
  mask: Int32Array.of(1, 1, 1, 1, 1, 0),
  shape: [2, 3] as const,
};
const sumOf = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
let model: SequenceClassifier;

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 2 });
  model = new SequenceClassifier({ vocabSize: 20, dim: 16, layers: 2, heads: 2, labels: ['ham', 'spam'] }).eval();
});

it('says which tokens a classifier decided by', async () => {
  const { tokens, output, baseline } = integratedGradients(model, batch, { target: 1, steps: 64 });
  const [values, ends, starts] = [await tokens.data(), await output.data(), await baseline.data()];
  for (const row of [0, 1])
    expect(sumOf(values.subarray(3 * row, 3 * row + 3))).toBeCloseTo(ends[row] - starts[row], 2);
  expect(values[5]).toBeCloseTo(0, 6); // padding
  const logits = await model.call(batch).data();
  expect(ends[0]).toBeCloseTo(logits[1], 5);
  expect(gradientTimesInput(model, batch, { target: [0, 1] }).shape).toEqual([2, 3]);
  const hidden = await occlusion(model, batch, { target: 1, hiddenId: 1, orders: 2 });
  const without = await model.call({ ...batch, ids: Int32Array.of(1, 1, 1, 1, 1, 0) }).data();
  for (const row of [0, 1]) expect(sumOf(hidden[row])).toBeCloseTo(logits[2 * row + 1] - without[2 * row + 1], 4);
});

it('traces and draws it', async () => {
  const { rows } = await trace(model, batch);
  expect(rows[0]).toMatchObject({ type: 'SequenceClassifier', output: [2, 2], parameters: model.parameterCount() });
  expect(rows.find(({ name }) => name === 'classifier')?.flops).toBe(2 * 2 * 16 * 2);
  expect(draw(model)).toContain('EncoderLayer × 2');
});
