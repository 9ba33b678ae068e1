// NaN, infinities, subnormals, ties and bad indices, op by op; and that aliased operands are read before they change.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { IndexError } from '../../src/errors';
import { crossEntropy } from '../../src/fused/cross-entropy';
import { dropout } from '../../src/fused/dropout';
import { embedding } from '../../src/fused/embedding';
import { softmax } from '../../src/fused/softmax';
import { erf, sign, sin, tanh } from '../../src/ops/arithmetic';
import { tensor } from '../../src/ops/create';
import { argsort, gather } from '../../src/ops/indexing';
import { argmax, cumsum, max, sum } from '../../src/ops/reduce';
import { Generator } from '../../src/random';
import { memory } from '../../src/storage';
import type { AnyTensor, Tensor } from '../../src/tensor';
import { on, onReference } from '../support/backends';
import { levels, wasm } from './against-reference';

const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: low } = Number;
const odd = [nan, inf, low, 0, -0, 1e-40, -1e-45, 1, -1, 2.5, -2.5, 3.4e38, 0.5, 1.5, -0.5];
const pairs = odd.flatMap((a) => odd.map((b) => [a, b] as const));

const binary: Readonly<Record<string, (a: Tensor, b: Tensor) => AnyTensor>> = {
  add: (a, b) => a.add(b),
  mul: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  maximum: (a, b) => a.maximum(b),
  minimum: (a, b) => a.minimum(b),
  equal: (a, b) => a.equal(b),
  less: (a, b) => a.less(b),
  lessEqual: (a, b) => a.lessEqual(b),
};

const unary: Readonly<Record<string, (x: Tensor) => AnyTensor>> = {
  neg: (x) => x.neg(),
  'cast to int32': (x) => x.cast('int32'),
  abs: (x) => x.abs(),
  sign: (x) => sign(x),
  floor: (x) => x.floor(),
  ceil: (x) => x.ceil(),
  round: (x) => x.round(),
  relu: (x) => x.relu(),
  cumsum: (x) => cumsum(x, 0),
  'descending order': (x) => argsort(x, { descending: true }),
  'ascending order': (x) => argsort(x),
  // What is dropped is multiplied by 0, as in PyTorch: NaN stays what it is.
  dropout: (x) => dropout(x, 0.5, { generator: new Generator(3) }),
  'dropout of nearly all': (x) => dropout(x, 0.99, { generator: new Generator(3) }),
};

describe.each(levels)('%s SIMD', (simd) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasm(simd);
  });
  afterAll(() => backend.dispose());

  const both = async (f: () => AnyTensor): Promise<void> => {
    const expected = Float32Array.from(await onReference(() => f().data()));
    const actual = Float32Array.from(await on(backend, () => f().data()));
    expect(actual.map((x) => x + 0)).toEqual(expected.map((x) => x + 0)); // −0 counts as 0
  };

  test('odd functions keep the sign of zero', async () => {
    const zeros = await on(backend, () => Promise.all([tanh, erf, sin].map((f) => f(tensor([-0, 0])).data())));
    for (const values of zeros) expect([...values]).toEqual([-0, 0]);
  });

  test.each(Object.keys(binary))('%s', async (name) => {
    const columns = [0, 1].map((k) => Float32Array.from(pairs, (pair) => pair[k]));
    await both(() => binary[name](tensor(columns[0]), tensor(columns[1])));
  });

  test.each(Object.keys(unary))('%s', async (name) => {
    await both(() => unary[name](tensor(Float32Array.from([...odd, ...odd, ...odd]))));
  });

  test('int32 arithmetic, remainders by 0 included', async () => {
    const a = Int32Array.from([7, -7, 7, -7, 5, 0, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31)]);
    const b = Int32Array.from([3, 3, -3, -3, 0, 5, 2, -1, 3]);
    await both(() => tensor(a).mod(tensor(b)));
    await both(() => tensor(a).less(tensor(b)));
    await both(() => tensor(a).maximum(tensor(b)));
  });

  test('NaN is the greatest, and the first of equals wins', async () => {
    await on(backend, async () => {
      expect(await argmax(tensor([1, 3, 3, 2])).item()).toBe(1);
      expect(await argmax(tensor([1, nan, inf, nan])).item()).toBe(1);
      expect(await max(tensor([1, nan, 2, 3, 4, 5, 6])).item()).toBeNaN();
      expect(await max(tensor([low, low])).item()).toBe(low);
      expect(await sum(tensor([1, inf, 2, 3, 4])).item()).toBe(inf);
    });
  });

  test('softmax of rows with infinities and NaN', async () => {
    await on(backend, async () => {
      const y = await softmax(
        tensor([
          [low, 0, 0],
          [nan, 0, 1],
          [inf, 0, 1],
          [low, low, low],
          [1e30, -1e30, 0],
        ]),
      ).data();
      expect([...y.subarray(0, 3)]).toEqual([0, 0.5, 0.5]);
      expect(y.subarray(3, 12).filter(Number.isNaN).length).toBeGreaterThan(6);
      expect([...y.subarray(12)]).toEqual([1, 0, 0]);
    });
  });

  test('a sum of a million floats keeps six digits', async () => {
    await on(backend, async () => {
      const host = Float32Array.from({ length: 1_000_003 }, (_, i) => 0.1 + (i % 7) * 1e-3);
      const exact = host.reduce((total: number, x) => total + x, 0);
      for (const shape of [[1_000_003], [1, 1_000_003], [1_000_003, 1]])
        expect(Math.abs((await sum(tensor(host, { shape })).item()) / exact - 1)).toBeLessThan(1e-6);
    });
  });

  test('an index outside its axis is a typed error that names it, and leaks nothing', async () => {
    await on(backend, () => {
      const table = tensor([
        [1, 2],
        [3, 4],
      ]);
      const ids = tensor(Int32Array.of(0, 2));
      const before = memory().buffers;
      expect(() => embedding(table, ids)).toThrow(IndexError);
      expect(() => embedding(table, tensor(Int32Array.of(-1)))).toThrow(/\[0, 1\], got -1/);
      expect(() => gather(table, 0, tensor(Int32Array.of(5, 0), { shape: [1, 2] }))).toThrow(IndexError);
      expect(() => crossEntropy(table, ids)).toThrow(IndexError);
      expect(memory().buffers - before).toBe(2);
    });
  });

  test('in-place kernels may read what they write', async () => {
    await on(backend, async () => {
      const x = tensor(Float32Array.from({ length: 2051 }, (_, i) => i));
      backend.inPlace.addInto(x, x);
      expect((await x.data()).every((value, i) => value === 2 * i)).toBe(true);
    });
  });
});
