// Attention in tiles against the composite in float64: every kind of mask, lengths off every tile, strides, gradients.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { bools, floats, type SampleInput } from '../../src/define';
import { type AttentionOptions, scaledDotProductAttention } from '../../src/fused/attention';
import { scope } from '../../src/lifetime';
import { full, randn, tensor } from '../../src/ops/create';
import { permute } from '../../src/ops/views';
import { Generator } from '../../src/random';
import { memory } from '../../src/storage';
import { on } from '../support/backends';
import { holds, levels, wasm } from './against-reference';

interface Case {
  readonly name: string;
  /** Batch, heads of queries, heads of keys, queries, keys, length of keys, length of values. */
  readonly sizes: readonly [B: number, H: number, G: number, T: number, S: number, D: number, Dv: number];
  readonly mask?: SampleInput;
  readonly options?: AttentionOptions;
}

const cases: readonly Case[] = [
  { name: 'one query', sizes: [2, 3, 3, 1, 3, 8, 8] },
  { name: 'a query against a cache', sizes: [2, 4, 2, 1, 131, 16, 16], options: { causal: true } },
  { name: 'three queries against a cache', sizes: [1, 4, 4, 3, 77, 32, 32], options: { causal: true } },
  { name: 'two queries in a window', sizes: [2, 4, 1, 2, 301, 8, 24], options: { causal: true, window: 150 } },
  {
    name: 'two queries, masked, dropped',
    sizes: [2, 2, 2, 2, 99, 8, 8],
    mask: bools([2, 1, 1, 99]),
    options: { dropout: 0.2 },
  },
  { name: 'off every tile', sizes: [1, 2, 2, 67, 71, 20, 12] },
  { name: 'odd head', sizes: [1, 2, 1, 50, 49, 7, 5] },
  { name: 'several blocks of queries', sizes: [1, 1, 1, 390, 70, 8, 8] },
  { name: 'causal', sizes: [1, 2, 2, 130, 130, 16, 16], options: { causal: true } },
  { name: 'causal, fewer queries', sizes: [1, 2, 2, 60, 190, 16, 16], options: { causal: true } },
  { name: 'causal, more queries than keys', sizes: [1, 2, 2, 190, 60, 16, 16], options: { causal: true } },
  { name: 'causal window', sizes: [1, 2, 1, 200, 200, 8, 8], options: { causal: true, window: 37 } },
  { name: 'two-sided window', sizes: [1, 2, 2, 150, 150, 8, 8], options: { window: 20 } },
  { name: 'dropout', sizes: [2, 2, 2, 61, 67, 8, 8], options: { dropout: 0.3 } },
  { name: 'dropout, causal', sizes: [1, 2, 1, 99, 99, 16, 16], options: { dropout: 0.1, causal: true } },
  { name: 'padding', sizes: [3, 2, 2, 70, 90, 16, 16], mask: bools([3, 1, 1, 90]) },
  { name: 'a full bool mask', sizes: [2, 2, 1, 33, 65, 8, 8], mask: bools([2, 2, 33, 65]) },
  { name: 'a mask of keys by query', sizes: [2, 2, 2, 50, 50, 8, 8], mask: bools([50, 50]), options: { causal: true } },
  { name: 'an added bias', sizes: [2, 3, 3, 40, 70, 8, 8], mask: floats([3, 40, 70]) },
  { name: 'a mask a query', sizes: [1, 2, 2, 40, 30, 8, 8], mask: bools([40, 1]), options: { causal: true } },
  { name: 'wide heads', sizes: [1, 1, 1, 20, 30, 500, 460] },
  { name: 'a given scale', sizes: [1, 2, 2, 20, 20, 16, 16], options: { scale: -0.3 } },
  { name: 'a scale of 0', sizes: [1, 2, 2, 70, 70, 8, 8], options: { scale: 0, causal: true } },
  { name: 'no keys', sizes: [1, 2, 2, 5, 0, 8, 8] },
  { name: 'no queries', sizes: [1, 2, 2, 0, 5, 8, 8] },
];

describe.each(levels)('%s SIMD', (simd) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasm(simd, 2);
  });
  afterAll(() => backend.dispose());

  test.each(cases)('$name', async ({ sizes: [B, H, G, T, S, D, Dv], mask, options = {} }) => {
    // Heads lie as a layer has them: [batch, tokens, heads, dim] seen as [batch, heads, tokens, dim].
    const inputs = [floats([B, T, H, D]), floats([B, S, G, D]), floats([B, S, G, Dv]), ...(mask ? [mask] : [])];
    await holds(
      backend,
      inputs,
      (q, k, v, m) => {
        const heads = [q, k, v].map((x) => permute(x, [0, 2, 1, 3]));
        const generator = new Generator(11);
        return scaledDotProductAttention(heads[0], heads[1], heads[2], { generator, ...options, mask: m });
      },
      { tolerance: 2e-5 },
    );
  });

  test('rows that see nothing are zeros and give no gradient', async () => {
    await on(backend, async () => {
      const [q, k, v] = [0, 1, 2].map(() => randn([1, 1, 70, 8], { requiresGrad: true }));
      const mask = tensor(
        Uint8Array.from({ length: 70 }, (_, i) => (i < 66 ? 0 : 1)),
        { shape: [70, 1] },
      );
      const y = scaledDotProductAttention(q, k, v, { mask });
      y.mul(y.add(1)).sum().backward();
      expect((await y.data()).subarray(0, 66 * 8).every((x) => x === 0)).toBe(true);
      expect((await y.data()).subarray(66 * 8).every((x) => x !== 0)).toBe(true);
      expect((await q.grad!.data()).subarray(0, 66 * 8).every((x) => x === 0)).toBe(true);
      for (const t of [q, k, v]) expect((await t.grad!.data()).every(Number.isFinite)).toBe(true);
    });
  });

  test('NaN and Infinity reach only the rows that see them', async () => {
    await on(backend, async () => {
      const q = randn([1, 1, 100, 8]);
      const host = await randn([1, 1, 100, 8]).data();
      host[80 * 8] = Number.NaN;
      const k = tensor(host, { shape: [1, 1, 100, 8] });
      const y = await scaledDotProductAttention(q, k, full([1, 1, 100, 8], 1), { causal: true }).data();
      expect(y.subarray(0, 80 * 8).every((x) => Math.abs(x - 1) < 1e-5)).toBe(true);
      expect(y.subarray(80 * 8).every(Number.isNaN)).toBe(true);
    });
  });

  test('memory grows with the length, not with its square', async () => {
    await on(backend, () =>
      scope(() => {
        const length = 4096;
        const [q, k, v] = [0, 1, 2].map(() => randn([1, 2, length, 16], { requiresGrad: true }));
        const before = memory().bytes;
        const y = scaledDotProductAttention(q, k, v, { causal: true });
        y.sum().backward();
        expect(memory().peakBytes - before).toBeLessThan(length * length);
      }),
    );
  });
});
