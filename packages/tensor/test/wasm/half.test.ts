// 16-bit weights: every bit pattern widened, the kernels against products in float64, threads, and what is refused.
import { beforeAll, describe, expect, test } from 'vitest';
import { widenBfloat16, widenFloat16 } from '../../src/half';
import {
  ArgumentError,
  type HalfFormat,
  linearHalf,
  memory,
  noGrad,
  randn,
  ShapeError,
  scope,
  type Tensor,
  tensor,
  widenHalf,
} from '../../src/index';
import { init } from '../../src/init';
import { loadWeights, roundHalf, saveSafetensors } from '../../src/io/index';
import { assign, Embedding, HalfEmbedding, HalfLinear, halve, Linear, Module, Sequential } from '../../src/nn/index';
import { engines, expectSameOnThreads, sizes } from './packed-weights';

const formats: readonly HalfFormat[] = ['bfloat16', 'float16'];
const widen = { bfloat16: widenBfloat16, float16: widenFloat16 } as const;

/** Every finite pattern of a format. */
function patterns(format: HalfFormat): Uint16Array {
  const infinite = { bfloat16: 0x7f80, float16: 0x7c00 }[format];
  return Uint16Array.from({ length: 65_536 }, (_, i) => i).filter((bits) => (bits & 0x7fff) < infinite);
}

describe.each(formats)('%s', (format) => {
  test.each(['reference', 'wasm'] as const)('widens every number on %s', async (backend) => {
    await init({ backend });
    const bits = patterns(format);
    const wanted = widen[format](bits, new Float32Array(bits.length));
    const words = tensor<'int32'>(new Int32Array(bits.buffer));
    const found = await widenHalf(words, { format, count: bits.length }).data();
    // Signs of zeros too.
    expect(found.findIndex((x, i) => !Object.is(x, wanted[i]))).toBe(-1);
  });

  describe.each(engines)('%s', (_, options) => {
    beforeAll(async () => {
      await init(options);
    });

    test.each(sizes)('%i × %i outputs × %i inputs', async (M, O, I) => {
      const stride = Math.ceil(I / 2) * 2;
      const all = patterns(format).filter(
        (b) => Math.abs(widen[format](Uint16Array.of(b), new Float32Array(1))[0]) < 8,
      );
      const bits = Uint16Array.from({ length: O * stride }, (_, i) => all[(i * 8_191 + 17) % all.length]);
      const q = widen[format](bits, new Float32Array(bits.length));
      const x = Float32Array.from({ length: M * I }, (_, i) => Math.sin(i * 0.7));
      const bias = Float32Array.from({ length: O }, (_, i) => Math.cos(i));
      const words = tensor<'int32'>(new Int32Array(bits.buffer), { shape: [O, stride / 2] });
      const atX = tensor<'float32'>(x, { shape: [M, I] }).requireGrad();
      const atBias = tensor<'float32'>(bias).requireGrad();
      const y = linearHalf(atX, words, { format, bias: atBias });
      const found = await y.data();
      expect(y.shape).toEqual([M, O]);
      for (let m = 0; m < M; m++) {
        for (let o = 0; o < O; o++) {
          let [sum, size] = [bias[o], 1];
          for (let i = 0; i < I; i++) {
            const term = x[m * I + i] * q[o * stride + i];
            sum += term;
            size += Math.abs(term);
          }
          expect(Math.abs(found[m * O + o] - sum)).toBeLessThanOrEqual(2e-6 * size);
        }
      }
      y.sum().backward();
      const dX = (await atX.grad?.data()) ?? new Float32Array(0);
      for (let i = 0; i < Math.min(I, 20) && M > 0; i++) {
        let [sum, size] = [0, 1];
        for (let o = 0; o < O; o++) {
          sum += q[o * stride + i];
          size += Math.abs(q[o * stride + i]);
        }
        expect(Math.abs(dX[i] - sum)).toBeLessThanOrEqual(2e-6 * size);
      }
      if (M > 0) expect((await atBias.grad?.data())?.[0]).toBe(M);
    });
  });

  test('results do not depend on the number of threads', async () => {
    const all = patterns(format).filter((b) => (b & 0x7fff) < 0x4000);
    const bits = Uint16Array.from({ length: 512 * 256 }, (_, i) => all[(i * 89 + 17) % all.length]);
    await expectSameOnThreads(() => {
      const words = tensor<'int32'>(new Int32Array(bits.buffer), { shape: [512, 128] });
      return [1, 100].map((M) => linearHalf(randn([M, 256]), words, { format }));
    });
  });
});

class Model extends Module {
  readonly embedding = new Embedding({ count: 10, dim: 15 });
  readonly maps = [new Linear({ inputs: 15, outputs: 30, activation: 'gelu' })];
  readonly out = new Linear({ inputs: 30, outputs: 15, bias: false });

  override forward(ids: Tensor<'int32'>): Tensor {
    return this.embedding.asLinear(this.out.call(this.maps[0].call(this.embedding.call(ids))));
  }
}

describe.each(formats)('a model in %s', (format) => {
  beforeAll(async () => {
    await init({ threads: 1, blas: 'off', seed: 3 });
  });

  test('gives what its rounded weights give, and comes back', async () => {
    const [whole, half, again] = [new Model(), new Model(), new Model()];
    half.loadStateDict(whole.stateDict());
    expect(await halve(half, { format })).toEqual(['embedding', 'maps.0', 'out']);
    for (const [name, p] of whole.namedParameters()) {
      if (name.endsWith('bias')) continue;
      const values = roundHalf(await p.data(), format);
      noGrad(() => assign(p, tensor<'float32'>(values, { shape: p.shape })));
    }
    const ids = tensor([[1, 9, 4]], { dtype: 'int32' });
    const [found, wanted] = noGrad(() => [half.call(ids), whole.call(ids)]);
    const expected = await wanted.data();
    (await found.data()).forEach((y, i) => {
      expect(y).toBeCloseTo(expected[i], 4);
    });
    const { embedding, out } = half;
    if (!(embedding instanceof HalfEmbedding)) throw new Error('it is no HalfEmbedding');
    expect(await embedding.widened().data()).toEqual(await whole.embedding.weight.data());
    expect(out).toBeInstanceOf(HalfLinear);
    expect(() => half.call(tensor([[10]], { dtype: 'int32' }))).toThrow(/10/);

    const files = new Map<string, Uint8Array>();
    await saveSafetensors('model.safetensors', half.stateDict(), { into: files });
    await halve(again, { format });
    await loadWeights(again, files);
    expect(await noGrad(() => again.call(ids)).data()).toEqual(await found.data());
  });

  test('takes half of the memory and leaves nothing behind', async () => {
    const model = new Sequential([new Linear({ inputs: 512, outputs: 512, bias: false })]);
    const { bytes, buffers } = memory();
    await halve(model, { format });
    expect(bytes - memory().bytes).toBe(512 * 512 * 2);
    noGrad(() => scope(() => void model.call(randn([3, 512]))));
    expect(memory().buffers).toBe(buffers);
  });

  test('leaves what two parts share, and refuses what it cannot take', async () => {
    const tied = new Model();
    Reflect.set(tied.out, 'weight', tied.maps[0].weight);
    expect(await halve(tied, { format })).toEqual(['embedding']);
    await expect(halve(new Linear({ inputs: 2, outputs: 2 }), { format })).rejects.toThrow(ArgumentError);
    const read = async (_: string, take: (part: Float32Array) => void): Promise<void> => take(Float32Array.of(1));
    await expect(halve(new Model(), { format, read })).rejects.toThrow(
      'read: expected 150 elements of embedding, got 1',
    );
  });
});

test('says what does not fit', async () => {
  await init({ threads: 1 });
  const words = tensor([[1, 2]], { dtype: 'int32' });
  expect(() => linearHalf(randn([3, 5]), words, { format: 'float16' })).toThrow(ShapeError);
  const bias = randn([2]);
  expect(() => linearHalf(randn([3, 4]), words, { format: 'float16', bias })).toThrow(/bias: expected \[1\]/);
  expect(() => widenHalf(words, { format: 'bfloat16', count: 5 })).toThrow(/words: expected a last axis of 3/);
  expect(() => widenHalf(words, { format: 'half' as 'float16', count: 4 })).toThrow(ArgumentError);
});
