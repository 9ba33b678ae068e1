// What attention does at its edges: masks of every kind, rows that see nothing, windows, caches, positions, bad input.
import { type AnyTensor, init, memory, noGrad, randn, resetPeak, scope, type Tensor, tensor } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type AttendOptions,
  type AttentionConfig,
  alibiBias,
  blockMask,
  Decoder,
  DecoderLayer,
  Encoder,
  EncoderLayer,
  FeedForward,
  Inspection,
  KeyValueCache,
  LearnedPositions,
  MultiHeadAttention,
  Rope,
  relativeBucket,
  ropeFrequencies,
  segmentMask,
  sinusoidalPositions,
} from '../src/index';
import { expectNumbers } from './support/fixture';
import { valuesOf } from './support/model-fixture';

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 2 });
});

const causalMask = (T: number): number[][] =>
  Array.from({ length: T }, (_, i) => Array.from({ length: T }, (_, j) => (j <= i ? 1 : 0)));

describe('masks', () => {
  const same = async (
    options: Parameters<MultiHeadAttention['forward']>[1],
    other: typeof options,
    window?: number,
  ) => {
    const attention = new MultiHeadAttention({ dim: 8, heads: 2, kvHeads: 1, window });
    const plain = new MultiHeadAttention({ dim: 8, heads: 2, kvHeads: 1 });
    plain.loadStateDict(attention.stateDict());
    const x = randn([2, 5, 8]);
    const expected = await valuesOf(() => plain.call(x, other));
    expectNumbers(await valuesOf(() => attention.call(x, options)), Array.from(expected), 'masked');
  };

  it('mean the same as booleans, as whole numbers and as what is added', async () => {
    const allowed = causalMask(5);
    const added = allowed.map((row) => row.map((seen) => (seen ? 0 : Number.NEGATIVE_INFINITY)));
    await same({ mask: tensor(allowed.map((row) => row.map(Boolean))) }, { causal: true });
    await same({ mask: tensor(allowed, { dtype: 'int32' }) }, { causal: true });
    await same({ mask: tensor(added) }, { causal: true });
    await same({ mask: tensor([allowed, allowed], { dtype: 'int32' }) }, { causal: true });
    await same({ mask: tensor([[allowed], [allowed]], { dtype: 'int32' }) }, { causal: true });
  });

  it('join: padding, pairs, what is added, a bias', async () => {
    const paddingMask = tensor(
      [
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1],
      ],
      { dtype: 'int32' },
    );
    const both = [0, 1].map((b) =>
      causalMask(5).map((row) => row.map((seen, j) => (seen && (b === 1 || j < 3) ? 1 : 0))),
    );
    const mask = tensor(both, { dtype: 'int32' });
    await same({ paddingMask, causal: true }, { mask });
    const bias = randn([1, 2, 5, 5]);
    await same({ paddingMask, causal: true, bias }, { mask, bias });
    await same({ paddingMask, causal: true, mask: bias }, { mask, bias });
  });

  it('limit how far back a window sees', async () => {
    const banded = causalMask(5).map((row, i) => row.map((seen, j) => (seen && i - j < 2 ? 1 : 0)));
    await same({ causal: true }, { mask: tensor(banded, { dtype: 'int32' }) }, 2);
  });

  it('keep texts apart that share a row, and blocks', async () => {
    const segments = tensor(
      [
        [0, 0, 1, 1, 1],
        [4, 4, 4, 4, 2],
      ],
      { dtype: 'int32' },
    );
    const rows = [
      [0, 0, 1, 1, 1],
      [4, 4, 4, 4, 2],
    ];
    const apart = rows.map((row) => row.map((a) => row.map((b) => (a === b ? 1 : 0))));
    await same({ mask: segmentMask(segments) }, { mask: tensor(apart, { dtype: 'int32' }) });
    const causalApart = apart.map((pairs) => pairs.map((row, i) => row.map((seen, j) => (j <= i ? seen : 0))));
    await same({ mask: segmentMask(segments), causal: true }, { mask: tensor(causalApart, { dtype: 'int32' }) });
    const blocks = Array.from({ length: 5 }, (_, i) =>
      Array.from({ length: 5 }, (_, j) => {
        const away = Math.floor(j / 2) - Math.floor(i / 2);
        return (away >= -1 && away <= 0) || i < 1 || j < 1 ? 1 : 0;
      }),
    );
    await same(
      { mask: blockMask(5, 5, { size: 2, before: 1, global: 1 }) },
      { mask: tensor(blocks, { dtype: 'int32' }) },
    );
    expect(Array.from(await blockMask(1, 5, { size: 2 }).data())).toEqual([0, 0, 0, 0, 1]);
    expect(() => blockMask(4, 4, { size: 0 })).toThrow('size');
    expect(() => segmentMask(tensor([1, 2], { dtype: 'int32' }))).toThrow('[batch, tokens]');
  });

  it('give zeros, not NaN, to rows that may see nothing, forward and backward', async () => {
    const attention = new MultiHeadAttention({ dim: 8, heads: 2, bias: false });
    const x = randn([2, 3, 8], { requiresGrad: true });
    const paddingMask = tensor(
      [
        [0, 0, 0],
        [1, 0, 1],
      ],
      { dtype: 'int32' },
    );
    const y = attention.call(x, { paddingMask });
    const [first, second] = [await y.select(0, 0).data(), await y.select(0, 1).data()];
    expect(first.every((value) => value === 0)).toBe(true);
    expect(second.every(Number.isFinite)).toBe(true);
    y.square().sum().backward();
    for (const p of [x, ...attention.parameters()]) expect((await p.grad!.data()).every(Number.isFinite)).toBe(true);
  });

  it('of wrong shapes are refused', () => {
    const attention = new MultiHeadAttention({ dim: 8, heads: 2 });
    const x = randn([2, 5, 8]);
    expect(() => attention.call(x, { paddingMask: tensor([1, 1]) })).toThrow('[batch, keys]');
    expect(() => attention.call(x, { paddingMask: tensor([[1, 1]]) })).toThrow('mask');
    expect(() => attention.call(x, { mask: randn([4, 5]) })).toThrow('mask');
    expect(() => attention.call(x, { mask: randn([5]) })).toThrow('2, 3 or 4 axes');
    expect(() => attention.call(randn([2, 5, 6]))).toThrow('[batch, tokens, 8]');
  });
});

describe('caches', () => {
  it.each([
    ['rope', { rope: new Rope({ dim: 4 }) }],
    ['alibi', { alibi: true }],
    ['relative positions', { relativeBias: { buckets: 8, maxDistance: 20 } }],
    ['a window', { window: 3 }],
    ['one key head', { kvHeads: 1, norm: 'rms', gated: true, activation: 'silu' }],
    ['a sandwich', { placement: 'sandwich' }],
    ['a memory', { cross: true }],
  ] as const)('give with %s what a call at once gives', async (_, options) => {
    const decoder = new Decoder({ dim: 8, heads: 2, layers: 2, hiddenDim: 12, ...options }).eval();
    const x = randn([2, 40, 8]);
    const memory_ = 'cross' in options ? randn([2, 3, 8]) : undefined;
    const whole = await valuesOf(() => decoder.call(x, { memory: memory_ }));
    using cache = new KeyValueCache(2, { capacity: 4 });
    const pieces: number[][] = [[], []];
    for (const [from, to] of [
      [0, 7],
      [7, 8],
      [8, 9],
      [9, 30],
      [30, 40],
    ]) {
      const part = await valuesOf(() => decoder.call(x.slice([null, [from, to]]), { cache, memory: memory_ }));
      [0, 1].forEach((row) => {
        pieces[row].push(...part.subarray((row * part.length) / 2, ((row + 1) * part.length) / 2));
      });
    }
    expect(cache.length).toBe(40);
    expectNumbers(pieces.flat(), Array.from(whole), 'cached');
  });

  it('begin again from a shared beginning', async () => {
    const decoder = new Decoder({ dim: 8, heads: 2, layers: 1 }).eval();
    const [a, b, c] = [randn([1, 4, 8]), randn([1, 2, 8]), randn([1, 2, 8])];
    using cache = new KeyValueCache(1);
    await valuesOf(() => decoder.call(a, { cache }));
    const first = await valuesOf(() => decoder.call(b, { cache }));
    cache.truncate(4);
    await valuesOf(() => decoder.call(c, { cache }));
    cache.truncate(4);
    expect(await valuesOf(() => decoder.call(b, { cache }))).toEqual(first);
  });

  it('keep what a window sees, whatever the pieces, and can go back a little', async () => {
    const window = 5;
    const decoder = new Decoder({ dim: 8, heads: 2, layers: 2, window, rope: new Rope({ dim: 4 }) }).eval();
    const x = randn([2, 300, 8]);
    const paddingMask = tensor(
      Array.from({ length: 2 }, (_, b) => Array.from({ length: 300 }, (_, t) => (b === 1 && t < 3 ? 0 : 1))),
      { dtype: 'int32' },
    );
    const whole = await valuesOf(() => decoder.call(x, { paddingMask }));
    using cache = new KeyValueCache(2, { capacity: 4, window });
    const before = memory().bytes;
    const rowsOf = (part: Float32Array, b: number, T: number): number[] =>
      Array.from(part.subarray(b * T * 8, (b + 1) * T * 8));
    const pieces: number[][] = [[], []];
    const piece = (from: number, to: number): Promise<Float32Array> =>
      valuesOf(() =>
        decoder.call(x.slice([null, [from, to]]), { cache, paddingMask: paddingMask.slice([null, [0, to]]) }),
      );
    for (let from = 0; from < 300; ) {
      const to = Math.min(from + [7, 1, 1, 40, 1][from % 5], 300);
      const part = await piece(from, to);
      for (const b of [0, 1]) pieces[b].push(...rowsOf(part, b, to - from));
      from = to;
    }
    expect(cache.length).toBe(300);
    expectNumbers(pieces.flat(), Array.from(whole), 'windowed');
    // Two layers' keys and values for fewer tokens than there were.
    expect(memory().bytes - before).toBeLessThan(2 * 2 * 300 * 2 * 8 * 4);
    cache.truncate(280);
    const again = await piece(280, 300);
    expectNumbers([...rowsOf(again, 0, 20)], Array.from(whole.subarray(280 * 8, 300 * 8)), 'taken back');
    expect(() => cache.truncate(10)).toThrow('left behind');
    expect(() => new Decoder({ dim: 8, heads: 2, layers: 2 }).call(randn([2, 1, 8]), { cache })).toThrow('keeps all');
  });

  it('of a fixed size make room once and refuse more', async () => {
    const decoder = new Decoder({ dim: 8, heads: 2, layers: 1 }).eval();
    using cache = new KeyValueCache(1, { capacity: 6, fixed: true });
    const [first, next] = [randn([1, 2, 8]), randn([1, 1, 8])];
    await valuesOf(() => decoder.call(first, { cache }));
    const before = memory().bytes;
    for (let i = 0; i < 4; i++) await valuesOf(() => decoder.call(next, { cache }));
    expect(memory().bytes).toBe(before);
    expect(() => noGrad(() => decoder.call(next, { cache }))).toThrow('at most 6 tokens');
  });

  it('compute keys and values of a memory once', async () => {
    const decoder = new Decoder({ dim: 8, heads: 2, layers: 1, cross: true }).eval();
    const [x, first, other] = [randn([1, 1, 8]), randn([1, 3, 8]), randn([1, 3, 8])];
    using cache = new KeyValueCache(1);
    await valuesOf(() => decoder.call(x, { cache, memory: first }));
    expect(cache.layers[0].cross.length).toBe(3);
    const kept = await valuesOf(() => decoder.call(x, { cache, memory: other }));
    cache.truncate(1);
    expect(await valuesOf(() => decoder.call(x, { cache, memory: first }))).toEqual(kept);
  });

  it('free everything', async () => {
    const decoder = new Decoder({ dim: 8, heads: 2, layers: 2 }).eval();
    const x = randn([1, 4, 8]);
    const before = memory().buffers;
    const cache = new KeyValueCache(2);
    await valuesOf(() => decoder.call(x, { cache }));
    await valuesOf(() => decoder.call(x, { cache }));
    cache.reorder(Int32Array.of(0, 0, 0));
    cache.dispose();
    expect(memory().buffers).toBe(before);
  });

  it('of another depth or batch are refused', () => {
    const decoder = new Decoder({ dim: 8, heads: 2, layers: 2 });
    expect(() => decoder.call(randn([1, 2, 8]), { cache: new KeyValueCache(3) })).toThrow('one of 2 layers');
    using cache = new KeyValueCache(2);
    noGrad(() => decoder.call(randn([1, 2, 8]), { cache }));
    expect(() => noGrad(() => decoder.call(randn([3, 2, 8]), { cache }))).toThrow('append');
  });
});

describe('positions', () => {
  it('turn so that only distance counts', async () => {
    const rope = new Rope({ dim: 8 });
    const [q, k] = [randn([1, 1, 1, 8]), randn([1, 1, 1, 8])];
    const score = async (a: number, b: number): Promise<number> => {
      const product = (x: Tensor, y: Tensor): Tensor => x.mul(y).sum();
      return product(rope.rotate(q, { start: a }), rope.rotate(k, { positions: Int32Array.of(b) })).item();
    };
    expect(await score(9, 5)).toBeCloseTo(await score(304, 300), 4);
    expect(Math.abs((await score(9, 5)) - (await score(9, 2)))).toBeGreaterThan(1e-3);
  });

  it('stretch low frequencies alone, as Llama 3 has it', () => {
    const scaling = {
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 8_192,
    } as const;
    const [plain, scaled] = [ropeFrequencies(128, 500_000), ropeFrequencies(128, 500_000, scaling)];
    expect(scaled[0]).toBe(plain[0]);
    expect(scaled[63]).toBe(plain[63] / 8);
  });

  it('wave as in the paper', async () => {
    const data = await sinusoidalPositions(3, 4).data();
    expect(data[4]).toBeCloseTo(Math.sin(1), 6);
    expect(data[5]).toBeCloseTo(Math.cos(1), 6);
    expect(data[10]).toBeCloseTo(Math.sin(2 / 100), 6);
  });

  it('fall into buckets that grow with distance', () => {
    const config = { buckets: 32, maxDistance: 128, bidirectional: false };
    const buckets = Array.from({ length: 300 }, (_, i) => relativeBucket(-i, config));
    expect(buckets.slice(0, 16)).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect(buckets.every((bucket, i) => i === 0 || bucket >= buckets[i - 1])).toBe(true);
    expect(buckets[299]).toBe(31);
    expect(relativeBucket(5, config)).toBe(0);
  });

  it('end somewhere', () => {
    const positions = new LearnedPositions({ maxLength: 4, dim: 8 });
    expect(() => positions.call(5)).toThrow('at most 4 positions');
    expect(() => positions.call(1, { start: 4 })).toThrow('position 4');
  });
});

describe('layers', () => {
  it('leave out whole rows with stochastic depth, and nothing when they answer', async () => {
    const layer = new EncoderLayer({ dim: 8, heads: 2, dropPath: 0.5 });
    const x = randn([64, 2, 8]);
    const changed = (
      await valuesOf(() =>
        layer
          .call(x)
          .sub(x)
          .abs()
          .sum({ axis: [1, 2] }),
      )
    ).filter((sum) => sum > 0);
    expect(changed.length).toBeLessThan(64);
    expect(changed.length).toBeGreaterThan(32);
    layer.eval();
    const all = (
      await valuesOf(() =>
        layer
          .call(x)
          .sub(x)
          .abs()
          .sum({ axis: [1, 2] }),
      )
    ).filter((sum) => sum > 0);
    expect(all.length).toBe(64);
  });

  it('give the same seed the same dropout, and none when they answer', async () => {
    const encoder = new Encoder({ dim: 8, heads: 2, layers: 2, dropout: 0.3, attentionDropout: 0.3 });
    const x = randn([1, 4, 8]);
    const once = await valuesOf(() => encoder.call(x));
    expect(await valuesOf(() => encoder.call(x))).not.toEqual(once);
    encoder.eval();
    expect(await valuesOf(() => encoder.call(x))).toEqual(await valuesOf(() => encoder.call(x)));
  });

  it('give the same with their attention shown', async () => {
    const encoder = new Encoder({ dim: 8, heads: 4, kvHeads: 2, layers: 2 }).eval();
    const x = randn([2, 4, 8]);
    using inspect = new Inspection();
    const plain = await valuesOf(() => encoder.call(x));
    expectNumbers(await valuesOf(() => encoder.call(x, { inspect })), Array.from(plain), 'inspected');
    for (const weights of inspect.attentions)
      for (const sum of await valuesOf(() => weights.sum({ axis: -1 }))) expect(sum).toBeCloseTo(1, 5);
  });

  it('train without leaving buffers', async () => {
    const decoder = new Decoder({ dim: 8, heads: 2, layers: 2, rope: new Rope({ dim: 4 }) });
    const step = (): void =>
      scope(() => {
        decoder
          .call(randn([2, 4, 8]))
          .square()
          .mean()
          .backward();
        for (const p of decoder.parameters()) {
          p.grad?.dispose();
          p.grad = null;
        }
      });
    step();
    const before = memory().buffers;
    step();
    expect(memory().buffers).toBe(before);
  });

  it.each<[string, () => unknown, string]>([
    ['heads that do not divide', () => new MultiHeadAttention({ dim: 8, heads: 3 }), 'a divisor of dim = 8'],
    [
      'key heads that do not divide',
      () => new MultiHeadAttention({ dim: 8, heads: 4, kvHeads: 3 }),
      'a divisor of heads = 4',
    ],
    ['no heads', () => new MultiHeadAttention({ dim: 8, heads: 0 }), 'heads'],
    ['a dropout of one', () => new MultiHeadAttention({ dim: 8, heads: 2, dropout: 1 }), 'dropout'],
    [
      'a rope of another width',
      () => new MultiHeadAttention({ dim: 8, heads: 2, rope: new Rope({ dim: 8 }) }),
      'width 4',
    ],
    ['an odd rope', () => new Rope({ dim: 5 }), 'even number'],
    ['no hidden width', () => new FeedForward({ dim: 8, hiddenDim: 0 }), 'hiddenDim'],
    ['no layers', () => new Encoder({ dim: 8, heads: 2, layers: 0 }), 'layers'],
    ['two kinds of bias', () => new Encoder({ dim: 8, heads: 2, layers: 1, alibi: true, relativeBias: {} }), 'either'],
    [
      'parallel beside a memory',
      () => new DecoderLayer({ dim: 8, heads: 2, cross: true, placement: 'parallel' }),
      'placement',
    ],
    ['a missing memory', () => new DecoderLayer({ dim: 8, heads: 2, cross: true }).call(randn([1, 2, 8])), 'memory'],
    [
      'a memory for nobody',
      () => new DecoderLayer({ dim: 8, heads: 2 }).call(randn([1, 2, 8]), { memory: randn([1, 2, 8]) }),
      'cross',
    ],
  ])('refuse %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('4,096 tokens', () => {
  const [T, dim, heads] = [4_096, 32, 2];
  // The weights of one head alone would be 4,096² × 4 bytes = 67 MB.
  const most = 14e6;
  const paddingMask = (): AnyTensor =>
    tensor(
      Int32Array.from({ length: T }, (_, t) => (t < 100 ? 0 : 1)),
      { shape: [1, T] },
    );
  const peak = (work: () => void): number => {
    const before = memory().bytes;
    resetPeak();
    scope(work);
    return memory().peakBytes - before;
  };

  it.each<[string, Omit<AttentionConfig, 'dim' | 'heads'>, () => AttendOptions]>([
    ['causal', {}, () => ({ causal: true })],
    ['both ways', {}, () => ({})],
    ['padded', {}, () => ({ causal: true, paddingMask: paddingMask() })],
    ['a window', { window: 64 }, () => ({ causal: true })],
    ['rotary, one key head', { kvHeads: 1, rope: new Rope({ dim: 16, positions: T }) }, () => ({ causal: true })],
    ['ALiBi', {}, () => ({ causal: true, bias: alibiBias(heads, T) })],
    ['a memory', {}, () => ({ memory: randn([1, T, dim]) })],
  ])('take memory linear in their number: %s', (_, config, options) => {
    const attention = new MultiHeadAttention({ dim, heads, ...config });
    const x = randn([1, T, dim]);
    expect(peak(() => void noGrad(() => attention.call(x, options())))).toBeLessThan(most);
  });

  it('and so does training on them', () => {
    const attention = new MultiHeadAttention({ dim, heads });
    const x = randn([1, T, dim]);
    const work = (): void => attention.call(x, { causal: true, paddingMask: paddingMask() }).sum().backward();
    expect(peak(work)).toBeLessThan(most);
  });
});
