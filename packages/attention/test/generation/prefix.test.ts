// A beginning that was read before changes nothing but the work: for every kind of position, alone and in batches.
import { init, memory } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bloom, type DecoderLM, Gpt2, GptNeoX, Llama, T5 } from '../../src/index';
import { folderOf } from '../support/model-fixture';

const models: Readonly<Record<string, (source: Source) => Promise<DecoderLM>>> = {
  gpt2: Gpt2.fromPretrained,
  llama: Llama.fromPretrained,
  mistral: Llama.fromPretrained,
  'gpt-neox': GptNeoX.fromPretrained,
  bloom: Bloom.fromPretrained,
};

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe.each(Object.keys(models))('%s', (name) => {
  const beginning = [5, 7, 3, 11, 2, 19];
  const prompts = [beginning, [...beginning, 4], [...beginning, 8, 8, 9, 12]];
  let model: DecoderLM;
  beforeAll(async () => {
    model = await models[name](folderOf(name));
  });

  it('writes the same with a prefix as without', async () => {
    using prefix = model.readPrefix(beginning);
    for (const batch of [...prompts.map((prompt) => [prompt]), prompts, [prompts[0], prompts[0]]]) {
      for (const options of [{}, { beams: 3 }, { contrastiveAlpha: 0.6 }, { draft: model, draftTokens: 3 }]) {
        const plain = await model.generate(batch, { maxNewTokens: 8, ...options });
        const found = await model.generate(batch, { maxNewTokens: 8, prefix, ...options });
        expect(found.map(({ ids }) => ids)).toEqual(plain.map(({ ids }) => ids));
      }
    }
  });

  it('frees everything', async () => {
    await model.generate([beginning], { maxNewTokens: 2 });
    const before = memory().buffers;
    const prefix = model.readPrefix(beginning);
    await model.generate(prompts, { maxNewTokens: 3, prefix });
    prefix.dispose();
    expect(memory().buffers).toBe(before);
  });
});

it('refuses other beginnings, and models that read prompts as a whole', async () => {
  const model = await Gpt2.fromPretrained(folderOf('gpt2'));
  using prefix = model.readPrefix([5, 7]);
  await expect(
    model.generate(
      [
        [5, 7, 1],
        [5, 8],
      ],
      { prefix },
    ),
  ).rejects.toThrow('prompt 1');
  expect(() => model.readPrefix([])).toThrow('at least one token');
  const t5 = await T5.fromPretrained(folderOf('t5'));
  await expect(t5.generate([[5, 7]], { prefix })).rejects.toThrow('as a whole');
});
