// Attention whose products the system's BLAS computes, against the composite in float64. Skipped where there is no BLAS.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { Engine } from '../../src/backends/wasm/engine/engine';
import { createWasm } from '../../src/backends/wasm/index';
import { bools, floats, type SampleInput } from '../../src/define';
import { type AttentionOptions, scaledDotProductAttention } from '../../src/fused/attention';
import { permute } from '../../src/ops/views';
import { Generator } from '../../src/random';
import { holds } from './against-reference';

interface Case {
  readonly name: string;
  /** Batch, heads of queries, heads of keys, queries, keys, length of keys, length of values. */
  readonly sizes: readonly [B: number, H: number, G: number, T: number, S: number, D: number, Dv: number];
  readonly mask?: SampleInput;
  readonly options?: AttentionOptions;
}

const cases: readonly Case[] = [
  { name: 'plain', sizes: [2, 2, 2, 128, 128, 16, 16] },
  { name: 'off every block', sizes: [1, 2, 2, 131, 133, 20, 24] },
  { name: 'several blocks of queries', sizes: [1, 1, 1, 530, 61, 16, 16] },
  { name: 'causal, shared heads', sizes: [1, 4, 2, 130, 130, 16, 16], options: { causal: true } },
  { name: 'causal, more queries than keys', sizes: [1, 2, 2, 590, 90, 16, 16], options: { causal: true } },
  { name: 'causal window', sizes: [1, 2, 1, 200, 200, 16, 16], options: { causal: true, window: 37 } },
  { name: 'dropout', sizes: [2, 2, 2, 121, 137, 16, 16], options: { dropout: 0.3 } },
  { name: 'padding', sizes: [3, 2, 2, 140, 130, 16, 16], mask: bools([3, 1, 1, 130]) },
  {
    name: 'a mask of keys by query',
    sizes: [2, 2, 2, 130, 130, 16, 16],
    mask: bools([130, 130]),
    options: { causal: true },
  },
];

const probe = await Engine.create({ threads: 1 });

describe.skipIf(!probe.hasBlas)('with a BLAS', () => {
  let backend: Backend;
  const launched = vi.spyOn(Engine.prototype, 'launchBlas');
  beforeAll(async () => {
    backend = await createWasm({ threads: 2 });
  });
  afterAll(async () => {
    launched.mockRestore();
    await backend.dispose();
  });

  test.each(cases)('$name', async ({ sizes: [B, H, G, T, S, D, Dv], mask, options = {} }) => {
    launched.mockClear();
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
    // That it was the BLAS which computed them, forward and backward.
    expect(new Set(launched.mock.calls.map(([job]) => job))).toEqual(new Set([-2, -3]));
  });
});
