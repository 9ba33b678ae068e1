// Transposed copies of small weights that a BLAS multiplies few rows by: never older than the weight, and never left behind.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { localBackend } from '../../src/backends/wasm/backend';
import { Engine } from '../../src/backends/wasm/engine/engine';
import { linear } from '../../src/fused/linear';
import { noGrad, scope } from '../../src/index';
import { assign, Parameter } from '../../src/nn/index';
import { tensor } from '../../src/ops/create';
import { slice, transpose } from '../../src/ops/views';
import { AdamW, clipGradNorm, clipGradValue, Lion, SGD } from '../../src/optim/index';
import { Generator } from '../../src/random';
import type { Tensor } from '../../src/tensor';
import { on } from '../support/backends';
import { expectClose } from '../support/compare';

const [ROWS, I, O] = [64, 64, 48];
const probe = await Engine.create({ threads: 1 });
const floats = (count: number, seed: number): Float32Array => Float32Array.from(new Generator(seed).normal(count));

/** x · wᵀ in float64. */
function product(x: Float32Array, w: Float32Array): Float32Array {
  const y = new Float32Array(ROWS * O);
  for (let r = 0; r < ROWS; r++)
    for (let o = 0; o < O; o++) {
      let sum = 0;
      for (let i = 0; i < I; i++) sum += x[r * I + i] * w[o * I + i];
      y[r * O + o] = sum;
    }
  return y;
}

describe.skipIf(!probe.hasBlas)('with a BLAS', () => {
  let engine: Engine;
  let backend: Backend;
  const input = floats(ROWS * I, 1);
  beforeAll(async () => {
    engine = await Engine.create({ threads: 2 });
    backend = localBackend(engine) as Backend;
  });
  afterAll(() => backend.dispose());

  // What a map gives now is what its weight says now.
  const holds = async (weight: Tensor): Promise<void> => {
    const y = scope(() => noGrad(() => linear(tensor(input, { shape: [ROWS, I] }), weight)));
    expectClose(await y.data(), product(input, await weight.data()), 1e-5, 'product');
    y.dispose();
  };
  const withGrad = (weight: Parameter): void =>
    scope(() =>
      linear(tensor(input, { shape: [ROWS, I] }), weight)
        .mul(0.01)
        .sum()
        .backward(),
    );

  const writes: Readonly<Record<string, (weight: Parameter) => void>> = {
    assign: (w) => scope(() => assign(w, tensor(floats(O * I, 3), { shape: [O, I] }))),
    'assign to a view of it': (w) =>
      scope(() => assign(slice(w.detach(), [[7, 8]]), tensor(floats(I, 4), { shape: [1, I] }))),
    AdamW: (w) => new AdamW([w], { lr: 0.1 }).step(),
    SGD: (w) => new SGD([w], { lr: 5 }).step(),
    Lion: (w) => new Lion([w], { lr: 0.1 }).step(),
  };
  test.each(Object.keys(writes))('%s is seen by the next product', (name) =>
    on(backend, async () => {
      const weight = scope(() => new Parameter(tensor(floats(O * I, 2), { shape: [O, I] })));
      await holds(weight);
      await holds(weight);
      withGrad(weight);
      const before = await weight.data();
      writes[name](weight);
      expect(await weight.data()).not.toEqual(before);
      await holds(weight);
      weight.dispose();
    }),
  );
  test('so are changes of a gradient that serves as a weight', () =>
    on(backend, async () => {
      const parameter = scope(() => new Parameter(tensor(floats(O * I, 2), { shape: [O, I] })));
      withGrad(parameter);
      await holds(parameter.grad as Tensor);
      clipGradNorm([parameter], 1e-3);
      await holds(parameter.grad as Tensor);
      clipGradValue([parameter], 1e-6);
      await holds(parameter.grad as Tensor);
      withGrad(parameter); // adds to it
      await holds(parameter.grad as Tensor);
      parameter.dispose();
    }));
  test('a buffer that took the place of a freed weight has none', () =>
    on(backend, async () => {
      for (let seed = 0; seed < 20; seed++) {
        const weight = scope(() => tensor(floats(O * I, seed), { shape: [O, I] }));
        await holds(weight);
        weight.dispose();
      }
    }));
  test('views and other shapes of one buffer are read as they are', () =>
    on(backend, async () => {
      const all = tensor(floats(2 * O * I, 5), { shape: [2 * O, I] });
      for (const rows of [
        [0, O],
        [O, 2 * O],
        [3, 3 + O],
        [0, O],
      ] as const) {
        const part = slice(all, [rows]);
        await holds(part);
        part.dispose();
      }
      const flat = tensor(floats(I * O, 6), { shape: [I, O] });
      const turned = transpose(flat);
      await holds(turned);
      for (const t of [turned, flat, all]) t.dispose();
    }));
  test('the same bits each time, recorded or not', () =>
    on(backend, async () => {
      const weight = scope(() => new Parameter(tensor(floats(O * I, 2), { shape: [O, I] })));
      const run = async (record: boolean): Promise<Float32Array> => {
        const y = scope(() => {
          const x = tensor(input, { shape: [ROWS, I] });
          return record ? linear(x, weight).detach() : noGrad(() => linear(x, weight));
        });
        const data = await y.data();
        y.dispose();
        return data;
      };
      const first = await run(false);
      for (const record of [false, true, true, false]) expect(await run(record)).toEqual(first);
      weight.dispose();
    }));
  test('copies go with what they were made of', () =>
    on(backend, async () => {
      const [bytes, buffers] = [engine.liveBytes, engine.liveBuffers];
      const weight = scope(() => new Parameter(tensor(floats(O * I, 2), { shape: [O, I] })));
      const own = [engine.liveBytes, engine.liveBuffers];
      await holds(weight);
      await holds(weight);
      expect([engine.liveBytes, engine.liveBuffers]).toEqual([own[0] + O * I * 4, own[1] + 1]);
      weight.dispose();
      expect([engine.liveBytes, engine.liveBuffers]).toEqual([bytes, buffers]);
    }));
  test('where memory is short they are given up', async () => {
    const small = await Engine.create({ threads: 1, maxBytes: 20 << 20 });
    const on20 = localBackend(small) as Backend;
    await on(on20, async () => {
      const weight = scope(() => tensor(floats(O * I, 2), { shape: [O, I] }));
      await holds(weight);
      const filled: number[] = [];
      const { liveBuffers } = small;
      expect(() => {
        for (;;) filled.push(small.alloc(O * I * 4));
      }).toThrow(/memory/);
      expect(small.liveBuffers).toBe(liveBuffers - 1 + filled.length);
      for (const address of filled) small.free(address);
      await holds(weight);
      weight.dispose();
    });
    await on20.dispose();
  });
});
