// Every way of choosing, on every kind of model: alone as in a batch of prompts of any lengths, with a cache as without,
// nothing left behind where it is stopped.
import { init, memory } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bart, Bloom, DecoderLM, type EncoderDecoderLM, Gpt2, GptNeoX, Llama, T5 } from '../../src/index';
import { folderOf, valuesOf } from '../support/model-fixture';

const models: Readonly<Record<string, (source: Source) => Promise<DecoderLM | EncoderDecoderLM>>> = {
  gpt2: Gpt2.fromPretrained,
  llama: Llama.fromPretrained,
  mistral: Llama.fromPretrained,
  gemma: Llama.fromPretrained,
  'gpt-neox': GptNeoX.fromPretrained,
  bloom: Bloom.fromPretrained,
  t5: T5.fromPretrained,
  bart: Bart.fromPretrained,
  marian: Bart.fromPretrained,
};

const ways = {
  greedy: {},
  penalised: { repetitionPenalty: 1.5, noRepeatNgram: 2, presencePenalty: 0.5, frequencyPenalty: 0.2 },
  beams: { beams: 3, returnSequences: 2 },
  groups: { beams: 4, beamGroups: 2, diversityPenalty: 0.5, returnSequences: 3 },
  contrastive: { contrastiveAlpha: 0.5, topK: 3 },
};

const prompts = [[5, 7, 3, 11, 2], [9], [4, 4, 11, 2, 6, 8, 13], [3, 5]];

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe.each(Object.keys(models))('%s', (name) => {
  let model: DecoderLM | EncoderDecoderLM;
  beforeAll(async () => {
    model = await models[name](folderOf(name));
  });

  it.each(Object.entries(ways))('%s', async (_, way) => {
    const options = { maxNewTokens: 9, ...way };
    const together = await model.generate(prompts, options);
    const uncached = await model.generate(prompts, { ...options, useCache: false });
    expect(uncached.map(({ ids }) => ids)).toEqual(together.map(({ ids }) => ids));
    const alone = [];
    for (const prompt of prompts) alone.push(...(await model.generate([prompt], options)));
    expect(alone.map(({ ids }) => ids)).toEqual(together.map(({ ids }) => ids));
    alone.forEach(({ score, ended }, i) => {
      expect(score).toBeCloseTo(together[i].score, 4);
      expect(ended).toBe(together[i].ended);
    });
  });

  it.each(Object.entries(ways))('%s, where the window ends: a row has what room it has alone', async (_, way) => {
    const longest = Math.min(model.maxLength, 70);
    const full = Array.from({ length: longest }, (_, i) => 3 + ((7 * i) % 20));
    const ends = [full, [5, 7, 3], full.slice(4), full.slice(1)];
    const options = { maxNewTokens: 9, eosIds: [], ...way };
    const together = await model.generate(ends, options);
    const alone = [];
    for (const prompt of ends) alone.push(...(await model.generate([prompt], options)));
    expect(together.map(({ newIds }) => newIds)).toEqual(alone.map(({ newIds }) => newIds));
    expect(together.every(({ score }) => Number.isFinite(score))).toBe(true);
    const long = together.filter(({ ids }) => ids.length > 12);
    if (model instanceof DecoderLM && longest === model.maxLength)
      expect(long.every(({ ids }) => ids.length === longest)).toBe(true);
  });

  it.each(Object.entries({ ...ways, drawn: { temperature: 1, seed: 1, returnSequences: 2 } }))(
    '%s, stopped in the middle',
    async (_, way) => {
      await model.generate(prompts, { maxNewTokens: 1, ...way });
      const before = memory();
      for (const after of [1, 3]) {
        const control = new AbortController();
        let calls = 0;
        const allowed = (): null => {
          if (++calls === 8 * after) control.abort(new Error('enough'));
          return null;
        };
        const options = { maxNewTokens: 12, eosIds: [], allowed, signal: control.signal, ...way };
        await expect(model.generate(prompts, options)).rejects.toThrow('enough');
        expect(memory().buffers).toBeLessThanOrEqual(before.buffers);
        expect(memory().bytes).toBeLessThanOrEqual(before.bytes);
      }
    },
  );

  it('gives numbers for a row that is nothing but padding', async () => {
    const batch = {
      ids: Int32Array.of(5, 7, 3, 0, 0, 0),
      mask: Int32Array.of(1, 1, 1, 0, 0, 0),
      shape: [2, 3] as const,
    };
    const logits = await valuesOf(() => (model instanceof DecoderLM ? model.call(batch) : model.call(batch, batch)));
    expect(logits.every(Number.isFinite)).toBe(true);
  });
});
