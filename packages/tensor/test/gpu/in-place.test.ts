// Updates in place and matrix products of every kind, against the reference.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createGpu } from '../../src/backends/gpu/index';
import { createWebGpuDevice, type WebGpuDevice } from '../../src/backends/gpu/webgpu-device';
import { multiply, tune } from '../../src/backends/gpu/wgsl/matmul';
import { createReference } from '../../src/backends/reference/index';
import { full, memory, randn, type Tensor } from '../../src/index';
import { Generator } from '../../src/random';
import { on } from '../support/backends';
import { expectClose } from '../support/compare';
import { missing } from './dawn';
import { draw, updated, updates } from './updates';

describe.skipIf(missing !== null)('in place', () => {
  describe.each(['portable', 'auto'] as const)('%s kernels', (kernels) => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await createGpu({ mode: 'webgpu', kernels });
    });
    afterAll(() => backend.dispose());

    it.each(Object.keys(updates))('%s', async (name) => {
      const before = memory().buffers;
      const reference = createReference();
      const expected = await on(reference, () => updated(reference, name));
      const actual = await on(backend, () => updated(backend, name));
      actual.forEach((values, i) => {
        expectClose(values, expected[i], 1e-5, `tensor ${i}`);
      });
      expect(memory().buffers).toBe(before);
    });

    it('sumSquares', async () => {
      const sum = async (on_: Backend, draws: () => Tensor[]): Promise<number> =>
        on(on_, async () => {
          // What lies in memory before is no part of a sum.
          full([64], 1e6).dispose();
          const tensors = draws();
          const buffer = on_.inPlace.sumSquares(tensors);
          const [value] = await on_.read(buffer, 0, 1, 'float32');
          on_.free(buffer);
          for (const t of tensors) t.dispose();
          return value;
        });
      const several = () => [...draw(1), randn([9000], { generator: new Generator(9) })];
      const one = () => [randn([3], { generator: new Generator(9) })];
      for (const draws of [several, one]) {
        expect(await sum(backend, draws)).toBeCloseTo(await sum(createReference(), draws), 2);
      }
    });
  });
});

describe.skipIf(missing !== null).each(['registers', 'shared'] as const)('matrix product, tiles in %s', (variant) => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await createWebGpuDevice();
  });
  afterAll(() => device.dispose());

  it('is measured once an adapter, and then remembered', async () => {
    const chosen = await tune(device);
    const before = device.counts.own;
    expect(await tune(device)).toBe(chosen);
    expect(device.counts.own).toBe(before);
  });

  // Below, at and beyond a tile; K beyond a slice; enough for the large tiles; K so long that workgroups share it.
  it.each([
    [2, 1, 1, 1, 'relu'],
    [2, 5, 3, 2, 'relu'],
    [2, 64, 16, 64, 'relu'],
    [2, 65, 17, 67, 'relu'],
    [2, 33, 100, 130, 'relu'],
    [51, 65, 17, 67, 'relu'],
    [2, 33, 1100, 40, 'none'],
    [1, 260, 1030, 260, 'none'],
  ] as const)('%i of %i × %i × %i, %s, any layout', async (batches, M, K, N, activation) => {
    const values = (size: number, seed: number) => Float32Array.from(new Generator(seed).normal(size));
    const ends = (total: number): number => (activation === 'relu' ? Math.max(total, 0) : total);
    const [a, b] = [values(batches * M * K, 1), values(batches * K * N, 2)];
    const bias = values(N, 3);
    const [left, right, added] = [a, b, bias].map((data) => device.upload(data));
    for (const [am, ak] of [
      [K, 1],
      [1, M],
    ]) {
      for (const [bk, bn] of [
        [N, 1],
        [1, K],
      ]) {
        const made = multiply(
          device,
          variant,
          [batches],
          [M, K, N],
          { buffer: left, strides: [M * K, am, ak], offset: 0 },
          { buffer: right, strides: [K * N, bk, bn], offset: 0 },
          'rowSums',
          { bias: activation === 'none' ? null : { buffer: added, strides: [1], offset: 0 }, activation },
        );
        const expected = new Float64Array(batches * M * N);
        const sums = new Float64Array(batches * M);
        for (let n = 0; n < batches; n++) {
          for (let i = 0; i < M; i++) {
            for (let k = 0; k < K; k++) sums[n * M + i] += a[n * M * K + i * am + k * ak];
            for (let j = 0; j < N; j++) {
              let total = activation === 'none' ? 0 : bias[j];
              for (let k = 0; k < K; k++) total += a[n * M * K + i * am + k * ak] * b[n * K * N + k * bk + j * bn];
              expected[(n * M + i) * N + j] = ends(total);
            }
          }
        }
        if (made === null || made.extra === null) throw new Error('no product was made');
        expectClose(await device.read(made.y, 0, expected.length), expected, 1e-5, 'product');
        expectClose(await device.read(made.extra, 0, sums.length), sums, 1e-5, 'sums of rows');
        for (const buffer of [made.y, made.extra]) device.free(buffer);
      }
    }
    for (const buffer of [left, right, added]) device.free(buffer);
  });
});
