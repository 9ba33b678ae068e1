// Generation: the same texts and scores as transformers, the same with and without a cache, and nothing left behind.
import { Generator, init, manualSeed, memory } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  Bart,
  BartLM,
  BertLM,
  Bloom,
  type DecoderLM,
  type EncoderDecoderLM,
  Gpt2,
  GptNeoX,
  Llama,
  T5,
} from '../../src/index';
import { expectedOf, folderOf, type Generated } from '../support/model-fixture';

type Model = DecoderLM | EncoderDecoderLM;

const models: Readonly<Record<string, (source: Source) => Promise<Model>>> = {
  gpt2: Gpt2.fromPretrained,
  llama: Llama.fromPretrained,
  'llama-tied': Llama.fromPretrained,
  mistral: Llama.fromPretrained,
  qwen2: Llama.fromPretrained,
  gemma: Llama.fromPretrained,
  'gpt-neox': GptNeoX.fromPretrained,
  bloom: Bloom.fromPretrained,
  t5: T5.fromPretrained,
  bart: Bart.fromPretrained,
  marian: Bart.fromPretrained,
  'bert-causal': BertLM.fromPretrained,
  'roberta-causal': BertLM.fromPretrained,
  'electra-causal': BertLM.fromPretrained,
  'bart-causal': BartLM.fromPretrained,
  'marian-causal': BartLM.fromPretrained,
};

/** transformers fills rows up with padding, which is 0 in all fixtures. */
const trimmed = (ids: readonly number[], least: number): readonly number[] => {
  let end = ids.length;
  while (end > least && ids[end - 1] === 0) end--;
  return ids.slice(0, end);
};

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe.each(Object.keys(models))('%s', (name) => {
  const expected = expectedOf(name)['generation'] as readonly Generated[];
  const prompts = expected.map(({ prompt }) => prompt);
  let model: Model;

  beforeAll(async () => {
    model = await models[name](folderOf(name));
  });

  it('takes the same tokens as transformers', async () => {
    for (const { prompt, greedy } of expected) {
      const [{ ids, ended }] = await model.generate([prompt], { maxNewTokens: 8 });
      expect(ids).toEqual(ended ? trimmed(greedy, 1) : greedy);
    }
  });

  it('finds the same beams with the same scores', async () => {
    for (const { prompt, beams, beamScores } of expected) {
      const found = await model.generate([prompt], {
        maxNewTokens: 8,
        beams: 3,
        returnSequences: 2,
        lengthPenalty: 0.8,
      });
      found.forEach(({ ids, score, ended }, i) => {
        expect(ids).toEqual(ended ? trimmed(beams[i], 1) : beams[i].slice(0, ids.length));
        expect(score).toBeCloseTo(beamScores[i], 4);
      });
    }
  });

  it('writes the same with and without a cache, alone and in a batch of prompts of any length', async () => {
    const uneven = prompts.map((prompt, i) => prompt.slice(0, 1 + (i % 4)));
    const together = await model.generate(uneven, { maxNewTokens: 8 });
    const uncached = await model.generate(uneven, { maxNewTokens: 8, useCache: false });
    expect(uncached.map(({ ids }) => ids)).toEqual(together.map(({ ids }) => ids));
    for (const [i, prompt] of uneven.entries()) {
      const [alone] = await model.generate([prompt], { maxNewTokens: 8 });
      expect(alone.ids).toEqual(together[i].ids);
    }
    const beams = await model.generate(uneven, { maxNewTokens: 8, beams: 3 });
    const uncachedBeams = await model.generate(uneven, { maxNewTokens: 8, beams: 3, useCache: false });
    expect(uncachedBeams.map(({ ids }) => ids)).toEqual(beams.map(({ ids }) => ids));
  });

  it('leaves no buffer behind', async () => {
    await model.generate(prompts, { maxNewTokens: 3 });
    const before = memory().buffers;
    await model.generate(prompts, { maxNewTokens: 3 });
    await model.generate(prompts, { maxNewTokens: 3, beams: 2 });
    expect(memory().buffers).toBeLessThanOrEqual(before);
  });
});

describe('choices', () => {
  const prompt = [[5, 7, 3]];
  let model: Model;
  beforeAll(async () => {
    model = await Gpt2.fromPretrained(folderOf('gpt2'));
  });
  const texts = async (options: Parameters<Model['generate']>[1]) =>
    (await model.generate(prompt, { maxNewTokens: 12, eosIds: [], ...options })).map(({ newIds }) => newIds);

  it('draw the same from the same seed, whatever runs beside', async () => {
    const alone = await texts({ sample: true, generator: new Generator(4), returnSequences: 3 });
    const [beside] = await Promise.all([
      texts({ sample: true, generator: new Generator(4), returnSequences: 3 }),
      texts({ sample: true, generator: new Generator(9), returnSequences: 2 }),
    ]);
    expect(beside).toEqual(alone);
    expect(new Set(alone.map(String)).size).toBeGreaterThan(1);
  });

  it('draw the same from the same seed, and other calls’ draws change nothing', async () => {
    const own = { sample: true, seed: 7, returnSequences: 2 };
    expect(await texts(own)).toEqual(await texts({ sample: true, generator: new Generator(7), returnSequences: 2 }));
    manualSeed(3);
    const alone = await texts({ sample: true });
    manualSeed(3);
    const [first] = await Promise.all([texts({ sample: true }), texts({ sample: true }), texts(own)]);
    expect(first).toEqual(alone);
  });

  it('go on with the rows that have not ended', async () => {
    const several = [
      [5, 7, 3],
      [9, 2],
      [4, 4, 4, 8],
    ];
    const ends = { eosIds: [3, 8, 11, 17], maxNewTokens: 16 };
    const together = await model.generate(several, ends);
    expect(new Set(together.map(({ newIds }) => newIds.length)).size).toBeGreaterThan(1);
    for (const [i, prompt] of several.entries())
      expect((await model.generate([prompt], ends))[0].ids).toEqual(together[i].ids);
  });

  it('become the likeliest where filters leave one', async () => {
    const greedy = await texts({});
    for (const options of [{ topK: 1 }, { topP: 1e-9 }, { minP: 1 }, { temperature: 1e-4 }])
      expect(await texts({ ...options, generator: new Generator(1) })).toEqual(greedy);
  });

  it('never repeat a pair where pairs may not', async () => {
    const [ids] = await texts({ noRepeatNgram: 2 });
    const all = [...prompt[0], ...ids];
    const pairs = all.slice(1).map((id, i) => `${all[i]} ${id}`);
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  it('vary more with penalties', async () => {
    const count = (ids: readonly number[]) => new Set(ids).size;
    const [plain] = await texts({});
    for (const options of [{ repetitionPenalty: 5 }, { presencePenalty: 9 }, { frequencyPenalty: 9 }])
      expect(count((await texts(options))[0])).toBeGreaterThanOrEqual(count(plain));
    expect(count((await texts({ presencePenalty: 1e4 }))[0])).toBe(12);
  });

  it('keep to what is allowed', async () => {
    const [ids] = await texts({ allowed: (generated) => (generated.length % 2 === 0 ? [4, 5] : [9]) });
    ids.forEach((id, i) => {
      expect(i % 2 === 0 ? [4, 5] : [9]).toContain(id);
    });
  });

  it('give as many texts of each prompt as were asked for, where there are fewer', async () => {
    const only = { allowed: () => [5], maxNewTokens: 3, beams: 4, returnSequences: 3 };
    const found = await model.generate([[1, 2], [3], [4, 5, 6]], only);
    expect(found.map(({ ids }) => ids)).toEqual(
      [[1, 2], [3], [4, 5, 6]].flatMap((prompt) => Array.from({ length: 3 }, () => [...prompt, 5, 5, 5])),
    );
  });

  it('find different texts in different groups of beams', async () => {
    const found = await texts({ beams: 4, beamGroups: 4, diversityPenalty: 100, returnSequences: 4, maxNewTokens: 3 });
    expect(new Set(found.map(([first]) => first)).size).toBe(4);
  });
});

describe('bad input', () => {
  let model: Model;
  beforeAll(async () => {
    model = await Gpt2.fromPretrained(folderOf('gpt2'));
  });

  it.each<[readonly (readonly number[])[], object, string]>([
    [[], {}, 'at least one prompt'],
    [[[]], {}, 'at least one token'],
    [[[99]], {}, 'ids in [0, 23)'],
    [[Array(65).fill(1)], {}, 'maxLength = 64'],
    [[[1]], { maxNewTokens: 0 }, 'maxNewTokens'],
    [[[1]], { beams: 0 }, 'beams'],
    [[[1]], { beams: 30 }, 'half of the vocabulary'],
    [[[1]], { beams: 2, returnSequences: 3 }, 'at most beams = 2'],
    [[[1]], { beams: 3, beamGroups: 2 }, 'divisor of beams'],
    [[[1]], { returnSequences: 2 }, 'sample'],
    [[[1]], { temperature: 0 }, 'temperature'],
    [[[1]], { topP: 1.5 }, 'topP'],
    [[[1]], { topK: 0.5 }, 'topK'],
    [[[1]], { seed: -1 }, 'seed'],
    [[[1]], { seed: 1, generator: new Generator(1) }, 'either a seed or a generator'],
    [[[1]], { presencePenalty: Number.NaN }, 'presencePenalty'],
    [[[1]], { contrastiveAlpha: 2 }, 'contrastiveAlpha'],
    [[[1]], { contrastiveAlpha: 0.5, topK: 24 }, 'topK'],
    [[[1]], { contrastiveAlpha: 0.5, temperature: 2 }, 'temperature'],
    [[[1]], { contrastiveAlpha: 0.5, beams: 2 }, 'none in a beam search'],
    [[[1]], { contrastiveAlpha: 0.5, returnSequences: 2 }, 'returnSequences'],
    [[[1]], { beams: 2, lengthPenalty: Number.NaN }, 'lengthPenalty'],
    [[[1]], { beams: 2, temperature: 2 }, '1 where tokens are drawn'],
  ])('%j with %j: %s', async (prompts, options, message) => {
    await expect(model.generate(prompts, options)).rejects.toThrow(message);
  });

  it('stops where the positions end', async () => {
    const [{ ids, ended }] = await model.generate([Array(60).fill(5)], { maxNewTokens: 50, eosIds: [] });
    expect(ids).toHaveLength(64);
    expect(ended).toBe(false);
  });

  it.each([{}, { beams: 3 }, { contrastiveAlpha: 0.5 }, { sample: true, returnSequences: 2 }, { useCache: false }])(
    'lets timers run, and ends at one: %j',
    async (way) => {
      const endless = { eosIds: [], maxNewTokens: 60, ...way };
      await model.generate([[5]], { maxNewTokens: 2 });
      const before = memory().buffers;
      const work = async (): Promise<void> => {
        const signal = AbortSignal.timeout(30);
        for (;;) await model.generate([[5, 6]], { ...endless, signal });
      };
      await expect(work()).rejects.toThrow('timeout');
      // Timers run, so the collector does too: what earlier tests forgot may be gone by now.
      expect(memory().buffers).toBeLessThanOrEqual(before);
    },
  );

  it('frees the cache of a generation that is stopped', async () => {
    await model.generate([[5]], { maxNewTokens: 2 });
    const before = memory().buffers;
    const control = new AbortController();
    const working = model.generate([[5, 6]], { maxNewTokens: 60, eosIds: [], signal: control.signal });
    control.abort(new Error('enough'));
    await expect(working).rejects.toThrow('enough');
    await expect(model.generate([[5]], { beams: 2, signal: control.signal })).rejects.toThrow('enough');
    expect(memory().buffers).toBeLessThanOrEqual(before);
  });
});
