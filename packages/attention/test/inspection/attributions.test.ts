// What tokens count for: complete, right where it is known, and nothing left in memory.
import { init, memory, type Tensor, tensor } from '@heddle/tensor';
import { Embedding, Linear, Module } from '@heddle/tensor/nn';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bert, Gpt2, gradientTimesInput, integratedGradients, Llama, occlusion, type TextBatch } from '../../src/index';
import { gaussLegendre } from '../../src/inspection/attributions';
import { expectNumbers } from '../support/fixture';
import { batchOf, expectedOf, folderOf, valuesOf } from '../support/model-fixture';

/** A model whose output is a sum over tokens: what each counts for is known. */
class Additive extends Module {
  readonly embedding = new Embedding({ count: 20, dim: 4 });
  readonly head = new Linear({ inputs: 4, outputs: 3 });
  override forward(batch: TextBatch): Tensor {
    const ids = 'shape' in batch ? tensor(batch.ids, { shape: batch.shape }) : batch.ids;
    return this.head.call(this.embedding.call(ids).sum({ axis: 1 }));
  }
}

const text = { ids: Int32Array.of(5, 7, 3, 11), mask: new Int32Array(4).fill(1), shape: [1, 4] as const };
const sumOf = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 4 });
});

describe('integrated gradients', () => {
  it.each([
    ['bert', Bert.fromPretrained, 2],
    ['roberta', Bert.fromPretrained, undefined],
    ['gpt2', Gpt2.fromPretrained, undefined],
    ['llama', Llama.fromPretrained, [3, 9]],
  ] as const)('of %s are complete: tokens sum to what the output changed by', async (name, load, target) => {
    const model = await load(folderOf(name));
    const batch = batchOf(expectedOf(name).inputs);
    await valuesOf(() => model.call(batch)); // makes the tables of rotary positions
    const before = memory().buffers;
    // RMS norms change abruptly near zero: a baseline of small vectors makes the path a smooth one.
    const dim = model.config.dim;
    const baseline = name === 'llama' ? tensor(new Float32Array(dim).fill(0.1), { shape: [1, 1, dim] }) : undefined;
    const { tokens, output, baseline: start } = integratedGradients(model, batch, { target, baseline, steps: 64 });
    const [values, ends, starts] = [await tokens.data(), await output.data(), await start.data()];
    const T = tokens.shape[1];
    for (const [row, end] of ends.entries()) {
      const change = end - starts[row];
      expect(Math.abs(change)).toBeGreaterThan(1e-3);
      expect(sumOf(values.subarray(row * T, (row + 1) * T)) / change).toBeCloseTo(1, 2);
    }
    for (const t of [tokens, output, start, ...(baseline === undefined ? [] : [baseline])]) t.dispose();
    expect(memory().buffers).toBe(before);
  });

  it('are exact where the model is linear, and what gradient × input gives', async () => {
    const model = new Additive();
    const { tokens } = integratedGradients(model, text, { target: 1, steps: 1 });
    const weight = await model.head.weight.data();
    const table = await model.embedding.weight.data();
    const own = [...text.ids].map((id) => sumOf([0, 1, 2, 3].map((i) => table[4 * id + i] * weight[4 + i])));
    expectNumbers(await tokens.data(), own, 'integrated');
    expectNumbers(await gradientTimesInput(model, text, { target: 1 }).data(), own, 'gradient × input');
    const [hidden] = await occlusion(model, text, { target: 1, hiddenId: 0, orders: 2, batchSize: 3 });
    const nothing = sumOf([0, 1, 2, 3].map((i) => table[i] * weight[4 + i]));
    expectNumbers(
      hidden,
      own.map((value) => value - nothing),
      'occlusion',
    );
    const [alone] = await occlusion(model, text, { target: 1, hiddenId: 0, orders: 0 });
    expectNumbers(alone, hidden, 'one by one');
  });

  it('go by nodes and weights that integrate polynomials exactly', () => {
    for (const n of [1, 2, 5, 32])
      for (const power of [0, 1, 2 * n - 1])
        expect(sumOf(gaussLegendre(n).map(({ node, weight }) => weight * node ** power))).toBeCloseTo(
          1 / (power + 1),
          12,
        );
  });
});

describe('occlusion', () => {
  it('is complete, leaves what must stay, and gives the same for the same seed', async () => {
    const model = await Bert.fromPretrained(folderOf('bert'));
    const { inputs } = expectedOf('bert');
    const batch = batchOf(inputs);
    const options = { target: [2, 0], hiddenId: 6, keepIds: [5, 4], orders: 3, seed: 1 };
    const before = memory().buffers;
    const found = await occlusion(model, batch, options);
    expect(memory().buffers).toBe(before);
    const logits = await valuesOf(() => model.call(batch));
    const hidden = { ...batch, ids: batch.ids.map((id) => (options.keepIds.includes(id) ? id : options.hiddenId)) };
    const without = await valuesOf(() => model.call(hidden));
    for (const [row, values] of found.entries()) {
      const at = 3 * row + options.target[row];
      expect(sumOf(values)).toBeCloseTo(logits[at] - without[at], 4);
      expect(values[0] === 0).toBe(row === 0);
    }
    expect(found[1].slice(4)).toEqual(new Float64Array(3)); // padding
    expect(await occlusion(model, batch, options)).toEqual(found);
  });
});

describe('bad input', () => {
  it('names classes that there are not, and settings that are wrong', async () => {
    const model = new Additive();
    expect(() => gradientTimesInput(model, text, { target: 3 })).toThrow('a class below 3');
    expect(() => integratedGradients(model, text, { target: [0, 1] })).toThrow('1 of them');
    expect(() => integratedGradients(model, text, { steps: 0 })).toThrow('steps');
    await expect(occlusion(model, text, { hiddenId: 0, orders: -1 })).rejects.toThrow('orders');
    class Blind extends Module {
      readonly head = new Linear({ inputs: 4, outputs: 3 });
      override forward(batch: TextBatch): Tensor {
        return this.head.call(tensor(Float32Array.from('shape' in batch ? batch.ids : []), { shape: [1, 4] }));
      }
    }
    expect(() => gradientTimesInput(new Blind(), text)).toThrow('one that begins with an embedding');
  });
});
