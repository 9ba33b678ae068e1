// Shapes and lists beyond what one dispatch or one kernel holds.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createGpu } from '../../src/backends/gpu/index';
import { threadsOf } from '../../src/backends/gpu/threads';
import {
  BackendError,
  concat,
  embedding,
  gradients,
  IndexError,
  matmul,
  scope,
  type Tensor,
  tensor,
} from '../../src/index';
import { on } from '../support/backends';
import { missing } from './dawn';

const counted = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => i);

describe.skipIf(missing !== null).each(['portable', 'auto'] as const)('large shapes, %s kernels', (kernels) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createGpu({ mode: 'webgpu', kernels });
  });
  afterAll(() => backend.dispose());

  // Longer than a dispatch along x; more planes than a dispatch has along z; more elements than floats count.
  it.each([
    [
      [2, 600_001],
      [1, 0],
    ],
    [
      [70_001, 2, 3],
      [0, 2, 1],
    ],
    [
      [2, 3, 2, 5, 2],
      [4, 2, 0, 3, 1],
    ],
    [
      [129, 131, 33, 31],
      [1, 0, 2, 3],
    ],
    [
      [70_001, 16, 16],
      [0, 2, 1],
    ],
  ])('copies %j in the order %j', async (shape, order) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const source = order.map((axis) => shape[axis]);
    const inverse = order.map((_, axis) => order.indexOf(axis));
    const strides = source.map((_, i) => source.slice(i + 1).reduce((a, b) => a * b, 1));
    const copied = await on(backend, () =>
      scope(() => tensor<'float32'>(counted(size), { shape: source }).permute(inverse).add(0)).data(),
    );
    const wrong = copied.findIndex((value, i) => {
      let rest = i;
      let at = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        at += (rest % shape[axis]) * strides[inverse[axis]];
        rest = Math.floor(rest / shape[axis]);
      }
      return value !== Math.fround(at);
    });
    expect(wrong).toBe(-1);
  });

  it('multiplies more matrices than a dispatch has planes', async () => {
    const batches = 70_001;
    const made = await on(backend, () =>
      scope(() => {
        const a = tensor<'float32'>(
          Float32Array.from(counted(batches * 6), (i) => i % 97),
          { shape: [batches, 2, 3] },
        );
        const b = tensor<'float32'>(
          Float32Array.from(counted(batches * 12), (i) => i % 89),
          { shape: [batches, 3, 4] },
        );
        return matmul(a, b);
      }).data(),
    );
    const wrong = made.findIndex((value, i) => {
      const [n, row, column] = [Math.floor(i / 8), Math.floor(i / 4) % 2, i % 4];
      const term = (k: number) => ((n * 6 + row * 3 + k) % 97) * ((n * 12 + k * 4 + column) % 89);
      return value !== term(0) + term(1) + term(2);
    });
    expect(wrong).toBe(-1);
  });

  it('takes more rows than a dispatch has threads, and adds their gradients', async () => {
    const rows = 530_001;
    const ids = Int32Array.from({ length: rows }, (_, i) => i % 3);
    const [taken, sums] = await on(backend, async () => {
      const table = tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]).requireGrad();
      const made = scope(() => {
        const y = embedding(table, tensor<'int32'>(ids, { shape: [rows], dtype: 'int32' }));
        return [y, ...gradients(y.sum(), [table])];
      });
      const data = await Promise.all(made.map((t) => t.data()));
      for (const t of [table, ...made]) t.dispose();
      return data;
    });
    expect(taken.findIndex((value, i) => value !== 2 * ids[Math.floor(i / 2)] + 1 + (i % 2))).toBe(-1);
    expect([...sums]).toEqual(Array.from({ length: 6 }, () => rows / 3));
  });

  it('adds up a million elements', async () => {
    const total = await on(backend, () =>
      scope(() => tensor<'float32'>(new Float32Array(1_000_000).fill(0.5)).sum()).item(),
    );
    expect(total).toBe(500_000);
  });

  // One thread that adds 0.1 a million times is 1 % off.
  it('shares a long sum out between threads, whichever axes it goes over', async () => {
    const filled = (shape: readonly number[]) => tensor<'float32'>(new Float32Array(1_000_000).fill(0.1), { shape });
    const sums: Record<string, () => Tensor> = {
      'of a transposed matrix': () => filled([1000, 1000]).transpose().sum(),
      'over the outer axes': () => filled([500, 2, 1000]).sum({ axis: [0, 2] }),
      'of every second block': () =>
        filled([1000, 10, 100])
          .slice([null, [0, 5]])
          .sum(),
    };
    const totals = await on(backend, () => Promise.all(Object.values(sums).map((sum) => scope(sum).data())));
    const wrong = totals.flatMap((total, i) => [...total].map((x) => Math.abs(x / [1e5, 5e4, 5e4][i] - 1)));
    expect(Math.max(...wrong)).toBeLessThan(1e-4);
  });

  it('joins more tensors than a kernel binds', async () => {
    const joined = await on(backend, () =>
      scope(() => concat(Array.from({ length: 23 }, (_, i) => tensor([i, i + 0.5])))).data(),
    );
    expect([...joined]).toEqual(Array.from({ length: 46 }, (_, i) => Math.floor(i / 2) + (i % 2) / 2));
  });

  it('refuses ids that the host can see are wrong, and gives NaN for those that only the device knows', async () => {
    await on(backend, async () => {
      const table = tensor([
        [1, 2],
        [3, 4],
      ]);
      expect(() => embedding(table, tensor<'int32'>([0, 2], { dtype: 'int32' }))).toThrow(IndexError);
      const made = tensor<'int32'>([0, 1], { dtype: 'int32' }).mul(2);
      const rows = embedding(table, made);
      expect([...(await rows.data())]).toEqual([1, 2, Number.NaN, Number.NaN]);
      for (const t of [table, made, rows]) t.dispose();
    });
  });
});

describe('threads', () => {
  it('refuses what floats can no longer count', () => {
    expect(() => threadsOf('webgpu', [3, 6_000_000])).toThrow(BackendError);
  });
});
