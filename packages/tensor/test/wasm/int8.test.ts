// 8-bit weights: the kernels against products in float64 over the whole range, and models before and after.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ArgumentError,
  linearInt8,
  memory,
  noGrad,
  randn,
  ShapeError,
  scope,
  type Tensor,
  tensor,
} from '../../src/index';
import { init } from '../../src/init';
import { loadSafetensors, loadWeights, saveSafetensors } from '../../src/io/index';
import { Embedding, Linear, Module, QuantizedLinear, quantize, Sequential } from '../../src/nn/index';
import { engines, expectSameOnThreads, sizes } from './packed-weights';

/** Every integer from −127 to 127, none at a word's edge by design. */
function integers(count: number): Int8Array {
  return Int8Array.from({ length: count }, (_, i) => ((i * 89 + 17) % 255) - 127);
}

describe.each(engines)('%s', (_, options) => {
  beforeAll(async () => {
    await init(options);
  });

  test.each(sizes)('%i × %i outputs × %i inputs', async (M, O, I) => {
    const stride = Math.ceil(I / 4) * 4;
    const q = integers(O * stride);
    const x = Float32Array.from({ length: M * I }, (_, i) => Math.sin(i * 0.7));
    const scales = Float32Array.from({ length: O }, (_, i) => 0.01 + 0.001 * i);
    const bias = Float32Array.from({ length: O }, (_, i) => Math.cos(i));
    const words = tensor<'int32'>(new Int32Array(q.buffer), { shape: [O, stride / 4] });
    const atX = tensor<'float32'>(x, { shape: [M, I] }).requireGrad();
    const atBias = tensor<'float32'>(bias).requireGrad();
    const y = linearInt8(atX, words, tensor<'float32'>(scales), { bias: atBias });
    const found = await y.data();
    expect(y.shape).toEqual([M, O]);
    for (let m = 0; m < M; m++) {
      for (let o = 0; o < O; o++) {
        let [sum, size] = [bias[o], 1];
        for (let i = 0; i < I; i++) {
          const term = x[m * I + i] * q[o * stride + i] * scales[o];
          sum += term;
          size += Math.abs(term);
        }
        expect(Math.abs(found[m * O + o] - sum)).toBeLessThanOrEqual(1e-6 * size);
      }
    }
    y.sum().backward();
    const dX = (await atX.grad?.data()) ?? new Float32Array(0);
    for (let i = 0; i < Math.min(I, 20) && M > 0; i++) {
      let sum = 0;
      for (let o = 0; o < O; o++) sum += q[o * stride + i] * scales[o];
      expect(dX[i]).toBeCloseTo(sum, 2);
    }
    if (M > 0) expect((await atBias.grad?.data())?.[0]).toBe(M);
  });
});

test('results do not depend on the number of threads', async () => {
  await expectSameOnThreads(() => {
    const words = tensor<'int32'>(new Int32Array(integers(512 * 256).buffer), { shape: [512, 64] });
    const scales = randn([512], { std: 0.01 });
    return [1, 100].map((M) => linearInt8(randn([M, 256]), words, scales));
  });
});

class Model extends Module {
  readonly embedding = new Embedding({ count: 10, dim: 16 });
  readonly maps = [new Linear({ inputs: 16, outputs: 30, activation: 'gelu' })];
  readonly out = new Linear({ inputs: 30, outputs: 16, bias: false });
  readonly head = new Linear({ inputs: 16, outputs: 10, bias: false });

  constructor() {
    super();
    Reflect.set(this.head, 'weight', this.embedding.weight);
  }

  override forward(x: Tensor): Tensor {
    return this.head.call(this.out.call(this.maps[0].call(x)));
  }
}

describe('a model', () => {
  beforeAll(async () => {
    await init({ threads: 1, blas: 'off', seed: 3 });
  });
  afterAll(() => init());

  test('is turned into integers but for what is tied, and gives nearly the same', async () => {
    const map = new Linear({ inputs: 100, outputs: 50 });
    const x = randn([7, 100]);
    const before = await noGrad(() => map.call(x)).data();
    const weight = await map.weight.data();
    const rows = Array.from({ length: 50 }, (_, o) => weight.subarray(o * 100, (o + 1) * 100));
    const values = await x.data();
    const model = new Sequential([map]);
    expect(await quantize(model)).toEqual(['0']);
    const after = await noGrad(() => model.call(x)).data();
    // The stated bound: each weight is off by at most half its row's scale, and products of floats by their rounding.
    after.forEach((y, i) => {
      const [m, o] = [Math.floor(i / 50), i % 50];
      const scale = rows[o].reduce((most, w) => Math.max(most, Math.abs(w)), 0) / 127;
      const size = values.subarray(m * 100, (m + 1) * 100).reduce((sum, v) => sum + Math.abs(v), 0);
      expect(Math.abs(y - before[i])).toBeLessThanOrEqual((scale / 2) * size + 1e-5);
    });
    expect(after).not.toEqual(before);

    const tied = new Model();
    expect(await quantize(tied)).toEqual(['maps.0', 'out']);
    expect(tied.maps[0]).toBeInstanceOf(QuantizedLinear);
    expect(tied.head).toBeInstanceOf(Linear);
    expect([...tied.stateDict().keys()].sort()).toEqual(
      ['embedding.weight', 'maps.0.qweight', 'maps.0.scales', 'maps.0.bias', 'out.qweight', 'out.scales'].sort(),
    );
    expect(tied.call(randn([2, 3, 16])).shape).toEqual([2, 3, 10]);
  });

  test('is saved and loaded as integers', async () => {
    const [first, second] = [new Model(), new Model()];
    await quantize(first);
    await quantize(second);
    const files = new Map<string, Uint8Array>();
    await saveSafetensors('model.safetensors', first.stateDict(), { into: files });
    await loadWeights(second, files);
    const x = randn([4, 16]);
    const [a, b] = noGrad(() => [first.call(x), second.call(x)]);
    expect(await b.data()).toEqual(await a.data());
    const state = await loadSafetensors(files);
    expect(state.get('maps.0.qweight')?.shape).toEqual([30, 4]);
    expect(state.get('maps.0.qweight')?.dtype).toBe('int32');
  });

  test('takes a quarter of the memory and leaves nothing behind', async () => {
    const model = new Sequential([new Linear({ inputs: 512, outputs: 512, bias: false })]);
    const { bytes, buffers } = memory();
    await quantize(model);
    expect(memory().buffers).toBe(buffers + 1);
    expect(bytes - memory().bytes).toBe(512 * 512 * 3 - 512 * 4);
    noGrad(() => scope(() => void model.call(randn([3, 512]))));
    expect(memory().buffers).toBe(buffers + 1);
  });

  test('rows of zeros stay zeros', async () => {
    const map = new Linear({ inputs: 5, outputs: 2, bias: false });
    map.loadStateDict(
      new Map([
        [
          'weight',
          tensor([
            [0, 0, 0, 0, 0],
            [1, -1, 1, 0, 1],
          ]),
        ],
      ]),
    );
    const model = new Sequential([map]);
    await quantize(model);
    const [zero, one] = await noGrad(() => model.call(tensor([[1, 1, 1, 1, 1]]))).data();
    expect(zero).toBe(0);
    expect(one).toBeCloseTo(2, 5);
  });

  test('says what does not fit', async () => {
    await expect(quantize(new Linear({ inputs: 2, outputs: 2 }))).rejects.toThrow(ArgumentError);
    await expect(quantize(new Model(), { match: /nowhere/ })).rejects.toThrow(/nowhere/);
    const words = tensor([[1, 2]], { dtype: 'int32' });
    expect(() => linearInt8(randn([3, 9]), words, tensor([1]))).toThrow(ShapeError);
    expect(() => linearInt8(randn([3, 8]), words, tensor([1, 2]))).toThrow(/scales: expected \[1\]/);
  });
});
