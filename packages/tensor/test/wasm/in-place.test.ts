// Optimizer steps and the other kernels that write into tensors, over lists of odd sizes, against the reference.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createReference } from '../../src/backends/reference/index';
import { scope } from '../../src/lifetime';
import { full, tensor } from '../../src/ops/create';
import { Generator } from '../../src/random';
import type { Tensor } from '../../src/tensor';
import { on, onReference } from '../support/backends';
import { expectClose } from '../support/compare';
import { levels, wasm } from './against-reference';

const sizes = [1, 2, 3, 5, 64, 1023, 0, 16_384, 40_001];
const lists = (count: number): Tensor[][] => {
  const generator = new Generator(1);
  return Array.from({ length: count }, () =>
    sizes.map((n) => tensor(Float32Array.from(generator.uniform(n), (x) => x + 0.1))),
  );
};

// Runs a kernel on fresh lists and reads all of them.
async function after(backend: Backend, count: number, run: (kernels: Backend['inPlace'], t: Tensor[][]) => void) {
  const t = scope(() => {
    const all = lists(count);
    run(backend.inPlace, all);
    return all;
  });
  const values = await Promise.all(t.flat().map((x) => x.data()));
  for (const x of t.flat()) x.dispose();
  return values;
}

const each = (tensors: readonly Tensor[], f: (t: Tensor, i: number) => void): void => {
  for (const [i, t] of tensors.entries()) f(t, i);
};

const adam = { lr: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, step: 3 };
const sgd = { lr: 0.1, momentum: 0.9, dampening: 0.1, nesterov: false, weightDecay: 0.01, first: false };

const kernels: Readonly<Record<string, readonly [count: number, (k: Backend['inPlace'], t: Tensor[][]) => void]>> = {
  adam: [4, (k, [p, g, m, v]) => k.adam(p, g, m, v, { ...adam, decoupled: false })],
  adamw: [4, (k, [p, g, m, v]) => k.adam(p, g, m, v, { ...adam, decoupled: true })],
  sgd: [2, (k, [p, g]) => k.sgd(p, g, null, { ...sgd, momentum: 0 })],
  'sgd, first step with momentum': [3, (k, [p, g, m]) => k.sgd(p, g, m, { ...sgd, first: true })],
  'sgd with momentum': [3, (k, [p, g, m]) => k.sgd(p, g, m, sgd)],
  'sgd after Nesterov': [3, (k, [p, g, m]) => k.sgd(p, g, m, { ...sgd, nesterov: true, dampening: 0 })],
  lion: [3, (k, [p, g, m]) => k.lion(p, g, m, { lr: 0.01, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 })],
  scaleInPlace: [1, (k, [p]) => k.scaleInPlace(p, tensor([0.37]))],
  clampInPlace: [1, (k, [p]) => k.clampInPlace(p, 0.5)],
  copyInto: [2, (k, [p, g]) => each(p, (t, i) => k.copyInto(t, g[i]))],
  addInto: [2, (k, [p, g]) => each(p, (t, i) => k.addInto(t, g[i]))],
};

describe.each(levels)('%s SIMD', (simd) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasm(simd, 2);
  });
  afterAll(() => backend.dispose());

  test.each(Object.keys(kernels))('%s', async (name) => {
    const [count, run] = kernels[name];
    const reference = createReference();
    const expected = await on(reference, () => after(reference, count, run));
    const actual = await on(backend, () => after(backend, count, run));
    for (const [i, values] of actual.entries()) expectClose(values, expected[i], 1e-6, `tensor ${i}`);
  });

  test('momentum that has died away is 0, not a subnormal number for ever', async () => {
    await on(backend, async () => {
      const [p, g, m, v] = [0, 0, 1e-36, 1e-36].map((x) => [full([7], x)]);
      for (let step = 1; step < 20; step++) backend.inPlace.adam(p, g, m, v, { ...adam, step, decoupled: true });
      for (const [t] of [m, v]) expect([...(await t.data())].every((x) => x === 0 || x > 7e-37)).toBe(true);
      expect((await m[0].data())[0]).toBe(0);
      const velocity = [full([7], 1e-36)];
      for (let step = 1; step < 20; step++) backend.inPlace.sgd(p, g, velocity, { ...sgd, weightDecay: 0 });
      expect((await velocity[0].data())[0]).toBe(0);
    });
  });

  test('more tensors than one table holds', async () => {
    const { total, halved, count } = await on(backend, () => {
      const many = Array.from({ length: 4321 }, (_, i) => tensor(Float32Array.from({ length: 1 + (i % 3) }, () => 2)));
      const squares = backend.inPlace.sumSquares(many);
      backend.inPlace.scaleInPlace(many, tensor([0.5]));
      return { total: squares, halved: backend.inPlace.sumSquares(many), count: many.reduce((n, t) => n + t.size, 0) };
    });
    expect((await backend.read(total, 0, 1, 'float32'))[0]).toBe(4 * count);
    expect((await backend.read(halved, 0, 1, 'float32'))[0]).toBe(count);
  });

  test('the sum of squares over lists', async () => {
    const exact = await onReference(() =>
      lists(1)[0].reduce(async (sum, t) => (await sum) + (await t.mul(t).sum().item()), Promise.resolve(0)),
    );
    await on(backend, async () => {
      const buffer = backend.inPlace.sumSquares(lists(1)[0]);
      expect(Math.abs((await backend.read(buffer, 0, 1, 'float32'))[0] / exact - 1)).toBeLessThan(1e-6);
      backend.free(buffer);
    });
  });
});
