// Beam search, beams in groups, contrastive search, penalties and filters against transformers: sequences and scores.
import { init } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { distribution } from '../../src/generation/distribution';
import { Bart, Bloom, type DecoderLM, type EncoderDecoderLM, Gpt2, Llama, T5 } from '../../src/index';
import { choices, generationCases } from '../support/generation-fixture';
import { folderOf } from '../support/model-fixture';

const models: Readonly<Record<string, (source: Source) => Promise<DecoderLM | EncoderDecoderLM>>> = {
  gpt2: Gpt2.fromPretrained,
  llama: Llama.fromPretrained,
  bloom: Bloom.fromPretrained,
  t5: T5.fromPretrained,
  bart: Bart.fromPretrained,
};

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe.each(Object.keys(models))('%s writes what transformers writes', (name) => {
  let model: DecoderLM | EncoderDecoderLM;
  beforeAll(async () => {
    model = await models[name](folderOf(name));
  });

  it('beam search: 50 prompts', () => {
    expect(generationCases(name)[0].texts).toHaveLength(50);
  });

  it.each(generationCases(name))('$name', async ({ options, texts }) => {
    for (const { prompt, texts: expected, scores } of texts) {
      const found = await model.generate([prompt], options);
      expect(found.map(({ newIds }) => newIds)).toEqual(expected);
      if (scores === undefined) continue;
      found.forEach(({ score, logProbs }, i) => {
        expect(Math.abs(score - scores[i])).toBeLessThan(1e-5 * Math.abs(scores[i]) + 1e-6);
        const sum = logProbs.reduce((a, b) => a + b, 0);
        expect(sum / logProbs.length ** (options.lengthPenalty ?? 1)).toBeCloseTo(score, 5);
      });
    }
  });
});

describe('filters leave what those of transformers leave', () => {
  const { logits, cases } = choices();
  it.each(cases)('$options', ({ options, kept }) => {
    logits.forEach((row, i) => {
      const { ids, probabilities } = distribution(Float32Array.from(row), options);
      const found = new Map(Array.from(ids, (id, k) => [id, probabilities[k]] as const));
      const expected = new Map(Object.entries(kept[i]).map(([id, p]) => [Number(id), p]));
      expect([...found.keys()].sort((a, b) => a - b)).toEqual([...expected.keys()].sort((a, b) => a - b));
      for (const [id, p] of expected) expect(found.get(id)).toBeCloseTo(p, 6);
    });
  });
});
