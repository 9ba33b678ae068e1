// Scaled rotary positions against transformers, and caches of those that hang on the length of the text.
import { init, randn, tensor } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type DecoderLM,
  KeyValueCache,
  Llama,
  llamaConfig,
  MultiHeadAttention,
  Rope,
  type RopeScaling,
} from '../src/index';
import { casesOf, expectNumbers } from './support/fixture';
import { valuesOf } from './support/model-fixture';

interface RopeCase {
  readonly scaling: Readonly<Record<string, number | string>>;
  readonly length: number;
  readonly dim: number;
  readonly theta: number;
  readonly positions: number;
  readonly every: number;
}

/** A config's `rope_scaling` in our spelling. */
function scalingOf(json: RopeCase['scaling'], positions: number): RopeScaling {
  const number = (name: string): number | undefined => json[name] as number | undefined;
  return {
    type: json['rope_type'],
    factor: json['factor'],
    originalMaxPositions: number('original_max_position_embeddings') ?? positions,
    lowFreqFactor: number('low_freq_factor'),
    highFreqFactor: number('high_freq_factor'),
    betaFast: number('beta_fast'),
    betaSlow: number('beta_slow'),
    attentionFactor: number('attention_factor'),
  } as RopeScaling;
}

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 7 });
});

it.each(casesOf<RopeCase>('rope'))('$name', async ({ config, outputs }) => {
  const { scaling, length, dim, theta, positions, every } = config;
  const rope = new Rope({ dim, theta, scaling: scalingOf(scaling, positions) });
  // (1, 0) is turned to (cos, sin).
  const ones = tensor(
    Float32Array.from({ length: length * dim }, (_, i) => (i % dim < dim / 2 ? 1 : 0)),
    { shape: [1, 1, length, dim], dtype: 'float32' },
  );
  const turned = await valuesOf(() => rope.rotate(ones));
  const picked = (from: number): number[] =>
    Array.from({ length: Math.ceil(length / every) }, (_, i) =>
      Array.from(turned.subarray(i * every * dim + from, i * every * dim + from + dim / 2)),
    ).flat();
  expectNumbers(picked(0), outputs['cos'].data, 'cos');
  expectNumbers(picked(dim / 2), outputs['sin'].data, 'sin');
});

describe('dynamic scaling', () => {
  const scaling = { type: 'dynamic', factor: 2, originalMaxPositions: 6 } as const;

  it('gives token by token what it gives at once, also beyond the lengths of the training', async () => {
    const rope = new Rope({ dim: 4, scaling, positions: 4 });
    const attention = new MultiHeadAttention({ dim: 8, heads: 2, rope }).eval();
    const x = randn([2, 20, 8]);
    using cache = new KeyValueCache(1);
    for (let t = 0; t < 20; t++) {
      const row = await valuesOf(() =>
        attention.call(x.slice([null, [t, t + 1]]), { causal: true, cache: cache.layers[0].self }),
      );
      const whole = await valuesOf(() =>
        attention.call(x.slice([null, [0, t + 1]]), { causal: true }).slice([null, [t, t + 1]]),
      );
      expectNumbers(row, Array.from(whole), `token ${t}`);
    }
  });

  it('generates the same with and without a cache', async () => {
    const config = llamaConfig({ vocabSize: 30, dim: 16, hiddenDim: 20, layers: 2, heads: 2, maxLength: 24, scaling });
    const model: DecoderLM = new Llama(config).eval();
    const [prompts, options] = [[[3, 4, 5, 6]], { maxNewTokens: 18, eosIds: [] }] as const;
    const [cached] = await model.generate(prompts, options);
    const [plain] = await model.generate(prompts, { ...options, useCache: false });
    expect(cached.ids).toEqual(plain.ids);
    const pair = await model.generate([prompts[0], [7, 8]], options);
    const uncached = await model.generate([prompts[0], [7, 8]], { ...options, useCache: false });
    expect(pair.map(({ ids }) => ids)).toEqual(uncached.map(({ ids }) => ids));
  });
});

it('comes back from a config', async () => {
  for (const scaling of [
    { type: 'dynamic', factor: 2, originalMaxPositions: 16 },
    { type: 'yarn', factor: 4, originalMaxPositions: 8, betaFast: 20 },
  ] as const) {
    const settings = { vocabSize: 9, dim: 8, hiddenDim: 8, layers: 1, heads: 2, maxLength: 32, scaling };
    const files = new Map<string, Uint8Array>();
    await new Llama(llamaConfig(settings)).savePretrained(files);
    const again = await Llama.fromPretrained(files);
    expect(again.config.maxLength).toBe(32);
    expect(JSON.parse(JSON.stringify(again.config.scaling))).toEqual(scaling);
  }
});

it('refuses a factor of zero', () => {
  expect(() => new Rope({ dim: 4, scaling: { type: 'linear', factor: 0 } })).toThrow('factor');
});
