// Tokens that may not come, or must: transformers' texts (parity.test.ts has them alone, by each way of choosing) in batches
// of prompts of any lengths, drawn, streamed and with a draft; wrong settings; and what can't go together.
import { ArgumentError, IndexError, init, memory } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  Bart,
  Bloom,
  constrainToPattern,
  type DecoderLM,
  type EncoderDecoderLM,
  type GenerateOptions,
  Gpt2,
  Llama,
  T5,
} from '../../src/index';
import { generationCases } from '../support/generation-fixture';
import { codec } from '../support/letters';
import { folderOf } from '../support/model-fixture';

const own = [
  'minNewTokens',
  'badWordsIds',
  'forcedBosId',
  'forcedEosIds',
  'suppressTokens',
  'beginSuppressTokens',
] as const;
const casesOf = (name: string) => generationCases(name).filter(({ options }) => own.some((key) => key in options));
const families = { gpt2: Gpt2, llama: Llama, bloom: Bloom, t5: T5, bart: Bart };

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe.each(Object.entries(families))('%s', (name, family) => {
  let model: DecoderLM | EncoderDecoderLM;
  beforeAll(async () => {
    model = await family.fromPretrained(folderOf(name));
  });

  it('has a case of every option', () => {
    for (const key of own) expect(casesOf(name).filter(({ options }) => key in options)).not.toHaveLength(0);
  });

  it.each(casesOf(name))('$name: a batch', async ({ options, texts }) => {
    const found = await model.generate(
      texts.map(({ prompt }) => prompt),
      options,
    );
    expect(found.map(({ newIds }) => newIds)).toEqual(texts.flatMap((own) => own.texts));
  });

  const greedy = casesOf(name).filter(({ options: { beams, contrastiveAlpha } }) => !beams && !contrastiveAlpha);
  it.each(greedy)('$name: drawn of one, with a draft, streamed', async ({ options, texts }) => {
    const some = texts.slice(0, 6);
    const prompts = some.map(({ prompt }) => prompt);
    for (const way of [{ topK: 1, seed: 1 }, { draft: model, draftTokens: 3 }, { useCache: false }]) {
      const found = await model.generate(prompts, { ...options, ...way });
      expect(found.map(({ newIds }) => newIds)).toEqual(some.flatMap((own) => own.texts));
    }
    for (const { prompt, texts: expected } of some) {
      let text = '';
      for await (const piece of model.stream(prompt, { ...options, tokenizer: codec })) text += piece;
      expect(text).toBe(codec.decode(expected[0]));
    }
  });

  it.each(greedy)('$name: drawn of all', async ({ options }) => {
    const { minNewTokens = 0, badWordsIds = [], suppressTokens = [], forcedEosIds, maxNewTokens = 20 } = options;
    const { eosIds = model.eosIds } = options;
    const prompts = [[5, 7, 3, 11, 2], [9], [4, 4, 11], [3, 5]];
    const found = await model.generate(prompts, { ...options, temperature: 3, seed: 4, returnSequences: 8 });
    const words = options.forcedBosId === undefined ? badWordsIds.filter(([first]) => !eosIds.includes(first)) : [];
    for (const { newIds, ended } of found) {
      if (ended) expect(newIds.length).toBeGreaterThanOrEqual(minNewTokens);
      const written = `,${newIds.join(',')},`;
      for (const word of words) expect(written).not.toContain(`,${word.join(',')},`);
      for (const id of suppressTokens) expect(newIds).not.toContain(id);
      if (newIds.length === maxNewTokens && forcedEosIds !== undefined) expect(forcedEosIds).toContain(newIds.at(-1));
      for (const id of options.beginSuppressTokens ?? []) expect(newIds[0]).not.toBe(id);
    }
  });
});

describe('wrong settings', () => {
  const wrong: Readonly<Record<(typeof own)[number], readonly unknown[]>> = {
    minNewTokens: [-1, 1.5, Number.NaN, '3', null, [3]],
    badWordsIds: [5, 'abc', null, [5], [[]], [[5], []], [[1.5]], [['5']], {}],
    forcedBosId: [1.5, '5', null, [5]],
    forcedEosIds: [5, null, [], [1.5], ['5']],
    suppressTokens: [5, null, 'a', [1.5], ['5'], [[5]]],
    beginSuppressTokens: [5, null, 'a', [1.5], ['5'], [[5]]],
  };
  const outside: Readonly<Record<string, (id: number) => unknown>> = {
    badWordsIds: (id) => [[3], [4, id]],
    forcedBosId: (id) => id,
    forcedEosIds: (id) => [id],
    suppressTokens: (id) => [3, id],
    beginSuppressTokens: (id) => [3, id],
  };

  /** What a call from a program without types throws. */
  async function thrown(model: Gpt2 | Bart, options: object): Promise<unknown> {
    const before = memory().buffers;
    const error = await Reflect.apply(model.generate, model, [[[3, 4]], options]).then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(memory().buffers).toBe(before);
    return error;
  }

  it.each([Gpt2, Bart])('are refused by name', async (family) => {
    const model = await family.fromPretrained(folderOf(family === Gpt2 ? 'gpt2' : 'bart'));
    for (const beams of [1, 2]) {
      for (const [argument, values] of Object.entries(wrong))
        for (const value of values) {
          const error = await thrown(model, { beams, [argument]: value });
          expect(error).toBeInstanceOf(ArgumentError);
          expect(error).toMatchObject({ op: 'generate', argument });
        }
      for (const [argument, value] of Object.entries(outside))
        for (const id of [-1, 23]) {
          const error = await thrown(model, { beams, [argument]: value(id) });
          expect(error).toBeInstanceOf(IndexError);
          expect(error).toMatchObject({ argument, expected: 'ids in [0, 23)', received: String(id) });
        }
      expect(await thrown(model, { beams, minNewTokens: 9, maxNewTokens: 8 })).toMatchObject({
        argument: 'minNewTokens',
        expected: 'at most maxNewTokens = 8',
      });
    }
  });

  it('so is what leaves no token', async () => {
    const model = await Gpt2.fromPretrained(folderOf('gpt2'));
    const all = Array.from({ length: 23 }, (_, id) => id);
    const cases: readonly [string, GenerateOptions][] = [
      ['suppressTokens', { suppressTokens: all }],
      ['beginSuppressTokens', { beginSuppressTokens: all, minNewTokens: 1 }],
      ['badWordsIds', { badWordsIds: all.map((id) => [id]), eosIds: [] }],
      ['suppressTokens', { suppressTokens: all, noRepeatNgram: 2 }],
      ['suppressTokens', { suppressTokens: [5], forcedEosIds: [5] }],
      ['allowed', { allowed: () => [5], badWordsIds: [[5]] }],
    ];
    for (const beams of [1, 2])
      for (const [argument, options] of cases)
        expect(await thrown(model, { beams, eosIds: [], ...options })).toMatchObject({ argument });
  });

  it('and lists of nothing forbid nothing', async () => {
    const model = await Gpt2.fromPretrained(folderOf('gpt2'));
    const [plain] = await model.generate([[5, 7]]);
    const nothing = { badWordsIds: [], suppressTokens: [], beginSuppressTokens: [], minNewTokens: 0 };
    const [same] = await model.generate([[5, 7]], nothing);
    expect(same).toEqual(plain);
  });
});

describe('beside a form', () => {
  it('a forced eos gets its room, also where the text could go on', async () => {
    const model = await Gpt2.fromPretrained(folderOf('gpt2'));
    const constraint = await constrainToPattern(/[a-v]{3,9}/, codec);
    const options = { constraint, eosIds: [22], forcedEosIds: [22] };
    for (const way of [
      { temperature: 2, seed: 1, returnSequences: 9 },
      { beams: 3, returnSequences: 3 },
    ])
      for (const { newIds, ended } of await model.generate([[5, 7]], { ...options, maxNewTokens: 4, ...way })) {
        expect(codec.decode(newIds)).toMatch(/^[a-v]{3}w$/);
        expect(ended).toBe(true);
      }
    await expect(model.generate([[5, 7]], { ...options, maxNewTokens: 3 })).rejects.toMatchObject({
      argument: 'maxNewTokens',
      expected: expect.stringContaining('at least 4'),
    });
  });

  it('bad words stay away from it', async () => {
    const model = await Gpt2.fromPretrained(folderOf('gpt2'));
    const options = { tokenizer: codec, pattern: /[a-c]{6}/, badWordsIds: [[0, 1], [2]], eosIds: [], maxNewTokens: 6 };
    for (const { text } of await model.generate([[5]], { ...options, temperature: 2, seed: 2, returnSequences: 9 }))
      expect(text).toMatch(/^b*a*$/);
  });
});
