// Updates in place and matrix products of every kind, against the reference.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createGpu } from '../../src/backends/gpu/index';
import { createWebGpuDevice, type WebGpuDevice } from '../../src/backends/gpu/webgpu-device';
import { multiply, tune } from '../../src/backends/gpu/wgsl/matmul';
import { createReference } from '../../src/backends/reference/index';
import { full, memory, noGrad, randn, scope, type Tensor, tensor, zeros } from '../../src/index';
import { assign } from '../../src/nn/index';
import { Generator } from '../../src/random';
import { on } from '../support/backends';
import { expectClose } from '../support/compare';
import { missing } from './dawn';

// Sizes around a workgroup's, one of them empty, more than go into one dispatch.
const SHAPES = [[3], [64], [65], [7, 13], [0, 4], [200], [1], [33, 3], [129]];

const draw = (seed: number): Tensor[] => SHAPES.map((shape, i) => randn(shape, { generator: new Generator(seed + i) }));
const positive = (seed: number): Tensor[] => draw(seed).map((t) => t.mul(t));

const ADAM = { lr: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, step: 3 };

/** What every kind of update makes of the same tensors. */
const updates: Record<string, (backend: Backend) => Tensor[]> = {
  adam({ inPlace }) {
    const [params, grads, m, v] = [draw(1), draw(20), draw(40), positive(60)];
    inPlace.adam(params, grads, m, v, { ...ADAM, decoupled: false });
    return [...params, ...m, ...v];
  },
  adamw({ inPlace }) {
    const [params, grads, m, v] = [draw(1), draw(20), draw(40), positive(60)];
    inPlace.adam(params, grads, m, v, { ...ADAM, decoupled: true });
    return [...params, ...m, ...v];
  },
  'adamw of parts of one tensor'({ inPlace }) {
    const [whole, grad, m, v] = [1, 2, 3, 4].map((seed) => randn([6, 4], { generator: new Generator(seed) }));
    const parts = (t: Tensor): Tensor[] => [t.slice([[0, 2]]), t.slice([[2, 5]])];
    inPlace.adam(parts(whole), parts(grad), parts(m), parts(v.mul(v)), { ...ADAM, decoupled: true });
    return [whole];
  },
  'adamw after a parameter was assigned'({ inPlace }) {
    const [params, m, v] = [draw(1), draw(40), positive(60)];
    for (const seed of [20, 80, 100, 120]) {
      inPlace.adam(params, draw(seed), m, v, { ...ADAM, decoupled: true });
      if (seed === 20) inPlace.copyInto(params[2], randn([65], { generator: new Generator(9) }));
    }
    return [...params, ...m, ...v];
  },
  'adamw with the parameters in another order'({ inPlace }) {
    const [params, m, v] = [draw(1), draw(40), positive(60)];
    inPlace.adam(params, draw(20), m, v, { ...ADAM, decoupled: true });
    const order = SHAPES.map((_, i) => (i * 4) % SHAPES.length);
    const [p, g, mm, vv] = [params, draw(80), m, v].map((list) => order.map((i) => list[i]));
    inPlace.adam(p, g, mm, vv, { ...ADAM, decoupled: true });
    return [...params, ...m, ...v];
  },
  'adamw while a parameter is still to be read'({ inPlace }) {
    const [params, m, v] = [draw(1), draw(40), positive(60)];
    inPlace.adam(params, draw(20), m, v, { ...ADAM, decoupled: true });
    const before = params.map((p) => p.mul(2));
    inPlace.adam(params, draw(80), m, v, { ...ADAM, decoupled: true });
    return [...params, ...before];
  },
  'adamw after its gradients were clipped together'(backend) {
    const [params, grads, m, v] = [draw(1), draw(20), draw(40), positive(60)];
    const before = grads.map((g) => g.mul(2));
    backend.free(backend.inPlace.sumSquares(grads));
    backend.inPlace.scaleInPlace(grads, tensor([0.5]));
    backend.inPlace.scaleInPlace(grads.slice(1, 6), tensor([3]));
    backend.inPlace.adam(params, grads, m, v, { ...ADAM, decoupled: true });
    return [...params, ...grads, ...before];
  },
  sgd({ inPlace }) {
    const params = draw(1);
    const settings = { lr: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0.1, first: true };
    inPlace.sgd(params, draw(20), null, settings);
    return params;
  },
  'sgd with momentum'({ inPlace }) {
    const [params, momentum] = [draw(1), draw(40)];
    const settings = { lr: 0.1, momentum: 0.9, dampening: 0.2, nesterov: false, weightDecay: 0.1, first: false };
    inPlace.sgd(params, draw(20), momentum, settings);
    return [...params, ...momentum];
  },
  'sgd with Nesterov momentum'({ inPlace }) {
    const [params, momentum] = [draw(1), draw(40)];
    const settings = { lr: 0.1, momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0.1, first: true };
    inPlace.sgd(params, draw(20), momentum, settings);
    return [...params, ...momentum];
  },
  lion({ inPlace }) {
    const [params, momentum] = [draw(1), draw(40)];
    inPlace.lion(params, draw(20), momentum, { lr: 0.1, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 });
    return [...params, ...momentum];
  },
  scaleInPlace({ inPlace }) {
    const tensors = draw(1);
    inPlace.scaleInPlace(
      tensors,
      tensor([0.5, 3])
        .slice([[1, 2]])
        .reshape([]),
    );
    return tensors;
  },
  'scaleInPlace of parts of one tensor'({ inPlace }) {
    const whole = randn([6, 4], { generator: new Generator(3) });
    inPlace.scaleInPlace([whole.slice([[0, 2]]), whole.slice([[2, 5]])], tensor([0.5]));
    return [whole];
  },
  clampInPlace({ inPlace }) {
    const tensors = draw(1);
    inPlace.clampInPlace(tensors, 0.7);
    return tensors;
  },
  addInto({ inPlace }) {
    const tensors = draw(1);
    tensors.forEach((t, i) => {
      inPlace.addInto(t, draw(20)[i]);
    });
    return tensors;
  },
  'addInto from a transposed view'({ inPlace }) {
    const target = randn([5, 7], { generator: new Generator(1) });
    inPlace.addInto(target, randn([7, 5], { generator: new Generator(2) }).transpose());
    return [target];
  },
  copyInto({ inPlace }) {
    const target = zeros([5, 7]);
    inPlace.copyInto(target, randn([7, 5], { generator: new Generator(2) }).transpose());
    return [target];
  },
  'copyInto a part'({ inPlace }) {
    const whole = randn([6, 4], { generator: new Generator(3) });
    inPlace.copyInto(whole.slice([[2, 4]]), randn([2, 4], { generator: new Generator(4) }));
    return [whole];
  },
  assign() {
    const target = randn([5], { generator: new Generator(5) });
    const alias = target.reshape([1, 5]);
    assign(target, tensor([1, 2, 3, 4, 5]));
    return [target, alias];
  },
};

async function results(backend: Backend, name: string): Promise<ArrayLike<number>[]> {
  const made = await on(backend, () => noGrad(() => scope(() => updates[name](backend))));
  const data = await Promise.all(made.map((t) => t.data()));
  for (const t of made) t.dispose();
  return data;
}

describe.skipIf(missing !== null)('in place', () => {
  describe.each(['portable', 'auto'] as const)('%s kernels', (kernels) => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await createGpu({ mode: 'webgpu', kernels });
    });
    afterAll(() => backend.dispose());

    it.each(Object.keys(updates))('%s', async (name) => {
      const before = memory().buffers;
      const expected = await results(createReference(), name);
      const actual = await results(backend, name);
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
