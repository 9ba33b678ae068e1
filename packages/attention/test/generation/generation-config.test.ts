// A checkpoint's generation_config.json: read with the model, written with it, the default of every call, refused where it
// makes no sense.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, init, memory } from '@heddle/tensor';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AutoModel, Bart, Bert, Gpt2, Llama, PromptTuning, T5 } from '../../src/index';
import { configuredCases } from '../support/generation-fixture';
import { codec } from '../support/letters';
import { folderOf } from '../support/model-fixture';

const families = { gpt2: Gpt2, llama: Llama, t5: T5, bart: Bart };

/** A fixture's folder in memory, with a generation_config.json of this content. */
function folderWith(name: string, config: object | string): Map<string, Uint8Array> {
  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(folderOf(name), file)));
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  return new Map([
    ...['config.json', 'model.safetensors'].map((file) => [file, read(file)] as const),
    ['generation_config.json', new TextEncoder().encode(text)],
  ]);
}

const gpt2With = (config: object): Promise<Gpt2> => Gpt2.fromPretrained(folderWith('gpt2', config));

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe('writes what transformers writes', () => {
  it.each(configuredCases())('$model: $name', async ({ model: name, config, options, texts }) => {
    const family = families[name as keyof typeof families];
    const model = await family.fromPretrained(folderWith(name, config));
    const alone = [];
    for (const { prompt } of texts)
      alone.push(...(await model.generate([prompt], options)).map(({ newIds }) => newIds));
    expect(alone).toEqual(texts.flatMap((each) => each.texts));
    const batch = await model.generate(
      texts.map(({ prompt }) => prompt),
      options,
    );
    expect(batch.map(({ newIds }) => newIds)).toEqual(alone);
  });
});

const prompts = [[5, 7, 3], [9]];

describe('a call', () => {
  const textsOf = async (model: Gpt2, options: object = {}) =>
    (await model.generate(prompts, options)).map(({ newIds }) => newIds);

  it('draws where the file does, with its filters', async () => {
    const model = await gpt2With({ do_sample: true, temperature: 2, top_k: 6, top_p: 0.9, max_new_tokens: 12 });
    const plain = await Gpt2.fromPretrained(folderOf('gpt2'));
    const filters = { temperature: 2, topK: 6, topP: 0.9, maxNewTokens: 12 };
    expect(await textsOf(model, { seed: 3 })).toEqual(await textsOf(plain, { ...filters, seed: 3 }));
    expect(await textsOf(model, { seed: 3, topK: 2 })).toEqual(await textsOf(plain, { ...filters, topK: 2, seed: 3 }));
    const others = { maxNewTokens: 12 };
    expect(await textsOf(model, { sample: false })).toEqual(await textsOf(plain, others));
    expect(await textsOf(model, { beams: 3 })).toEqual(await textsOf(plain, { ...others, beams: 3 }));
    const contrastive = { contrastiveAlpha: 0.5 };
    expect(await textsOf(model, contrastive)).toEqual(await textsOf(plain, { ...others, ...contrastive }));
    expect(await textsOf(model, { draft: plain, seed: 4 })).toEqual(
      await textsOf(plain, { ...filters, draft: plain, seed: 4 }),
    );
  });

  it('that draws keeps from the file’s beams, and has its filters though it would not draw', async () => {
    const model = await gpt2With({
      num_beams: 4,
      num_beam_groups: 2,
      diversity_penalty: 0.5,
      top_k: 3,
      temperature: 0.5,
    });
    const plain = await Gpt2.fromPretrained(folderOf('gpt2'));
    const filters = { topK: 3, temperature: 0.5, seed: 2 };
    expect(await textsOf(model, { sample: true, seed: 2 })).toEqual(await textsOf(plain, filters));
    expect(await textsOf(model, { beams: 3 })).toEqual(await textsOf(plain, { beams: 3 }));
    expect(await textsOf(model, { draft: plain })).toEqual(await textsOf(plain));
    const groups = { beams: 4, beamGroups: 2, diversityPenalty: 0.5 };
    expect(await textsOf(model)).toEqual(await textsOf(plain, groups));
    expect(await textsOf(model, { maxNewTokens: undefined })).toEqual(await textsOf(plain, groups));
  });

  it('that holds the text to a form has the form', async () => {
    const files = folderWith('bart', { forced_bos_token_id: 6, forced_eos_token_id: 2, max_length: 5 });
    const bart = await Bart.fromPretrained(files);
    const [{ text }] = await bart.generate([[5, 7]], { tokenizer: codec, pattern: /[d-f]{4}/ });
    expect(text).toMatch(/^[d-f]{4}$/);
  });

  it('that can’t give as many texts as the file says gives one', async () => {
    const model = await gpt2With({ num_return_sequences: 3, num_beams: 4, max_new_tokens: 5 });
    const counts = async (options: object) => (await model.generate([[5, 7, 3]], options)).length;
    expect(await counts({})).toBe(3);
    expect(await counts({ returnSequences: 2 })).toBe(2);
    expect(await counts({ sample: true, seed: 1 })).toBe(3);
    expect(await counts({ beams: 3 })).toBe(3);
    for (const fewer of [{ beams: 1 }, { beams: 2 }, { contrastiveAlpha: 0.5 }, { draft: model }])
      expect(await counts(fewer)).toBe(1);
  });

  it('that says one least length has it alone', async () => {
    const eosIds = Array.from({ length: 22 }, (_, id) => id);
    const model = await gpt2With({ min_new_tokens: 9, max_new_tokens: 12, eos_token_id: eosIds });
    const plain = await Gpt2.fromPretrained(folderOf('gpt2'));
    const own = await textsOf(plain, { minLength: 5, maxNewTokens: 12, eosIds });
    expect(await textsOf(model, { minLength: 5 })).toEqual(own);
    expect(own.some(({ length }) => length < 9)).toBe(true);
  });

  it('may be shorter than the file’s least', async () => {
    const model = await gpt2With({ min_new_tokens: 9, max_new_tokens: 12 });
    expect((await textsOf(model, { maxNewTokens: 4 })).every(({ length }) => length <= 4)).toBe(true);
    await expect(textsOf(model, { minNewTokens: 5, maxNewTokens: 4 })).rejects.toThrow('minNewTokens');
  });

  it('streams, and writes behind a tuned prompt, by the file too', async () => {
    const model = await gpt2With({ max_new_tokens: 5, suppress_tokens: [5] });
    let text = '';
    for await (const piece of model.stream([5, 7, 3], { tokenizer: codec })) text += piece;
    const [written] = await textsOf(model);
    expect(text).toBe(codec.decode(written));
    expect(written).toHaveLength(5);
    expect(written).not.toContain(5);
    const prompt = new PromptTuning(model, { tokens: 2 });
    expect((await prompt.generate(prompts))[0].newIds).toHaveLength(5);
    model.generationConfig = null;
    expect((await textsOf(model))[0]).toHaveLength(20);
  });
});

it('maxLength and minLength are options, which count the prompt', async () => {
  const model = await Gpt2.fromPretrained(folderOf('gpt2'));
  const ends = { eosIds: Array.from({ length: 23 }, (_, id) => id).filter((id) => id % 2 === 1) };
  for (const beams of [1, 3]) {
    const found = await model.generate([[5, 7, 3], [9]], { beams, maxLength: 8, minLength: 6, ...ends });
    for (const { ids } of found) {
      expect(ids.length).toBeLessThanOrEqual(8);
      expect(ids.length).toBeGreaterThanOrEqual(6);
    }
    const [longer] = await model.generate([[5, 7, 3]], { beams, maxLength: 8, maxNewTokens: 9, eosIds: [] });
    expect(longer.newIds).toHaveLength(9);
    const [none] = await model.generate([[5, 7, 3]], { beams, maxLength: 3 });
    expect(none.newIds).toEqual([]);
    for (const wrong of [{ maxLength: 0 }, { maxLength: 1.5 }, { minLength: -1 }])
      await expect(model.generate([[5]], { beams, ...wrong })).rejects.toThrow(Object.keys(wrong)[0]);
  }
});

it('is read by AutoModel and for heads that write only, and saved with the model', async () => {
  const config = { max_new_tokens: 7, num_beams: 2, transformers_version: '4.44.2', eos_token_id: [1, 4] };
  const model = await AutoModel.fromPretrained(folderWith('bart', config));
  if (!(model instanceof Bart)) expect.fail('it is a BART');
  expect(model.generationConfig?.json).toEqual(config);
  const saved = new Map<string, Uint8Array>();
  await model.savePretrained(saved);
  const again = await Bart.fromPretrained(saved);
  expect(again.generationConfig?.json).toEqual(config);
  expect((await again.generate([[5, 7]]))[0]).toEqual((await model.generate([[5, 7]]))[0]);
  expect((await Bart.fromPretrained(folderOf('bart'))).generationConfig).toBeNull();
  const plain = new Map<string, Uint8Array>();
  await (await Bart.fromPretrained(folderOf('bart'))).savePretrained(plain);
  expect(plain.has('generation_config.json')).toBe(false);
  await Bert.fromPretrained(folderWith('bert', { max_new_tokens: 'seven' }));
});

describe('what a file asks for and isn’t supported', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  afterEach(() => warn.mockClear());

  it('is said once, by its names, and can be asked for', async () => {
    const model = await gpt2With({ guidance_scale: 1.5, sequence_bias: [[[5], -2]], num_beams: 2, do_sample: true });
    expect(model.generationConfig?.ignored).toEqual(['guidance_scale', 'sequence_bias', 'num_beams beside do_sample']);
    await model.generate(prompts);
    await model.generate(prompts);
    expect(warn.mock.calls).toEqual([
      [
        'heddle: generation_config.json: not supported, and without effect: guidance_scale, sequence_bias, num_beams beside do_sample',
      ],
    ]);
  });

  it('is nothing where it has the value that changes nothing, or is no setting', async () => {
    const written = { guidance_scale: null, epsilon_cutoff: 0.0, encoder_repetition_penalty: 1.0, max_time: null };
    const model = await gpt2With({ ...written, transformers_version: '4.44.2', pad_token_id: 0, num_beams: 4 });
    expect(model.generationConfig?.ignored).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('is another beginning of answers than config.json’s', async () => {
    const { startId } = await Bart.fromPretrained(folderOf('bart'));
    for (const [id, ignored] of [
      [startId, []],
      [startId + 1, ['decoder_start_token_id']],
    ] as const) {
      const model = await Bart.fromPretrained(folderWith('bart', { decoder_start_token_id: id }));
      expect(model.generationConfig?.ignored).toEqual(ignored);
    }
  });
});

describe('a file that makes no sense', () => {
  it.each([
    ['max_new_tokens', [0, 1.5, '20', [20]]],
    ['max_length', [-1, 'long']],
    ['min_length', [-1, true]],
    ['do_sample', ['yes', 1]],
    ['temperature', ['hot', {}]],
    ['top_k', [-1, 2.5]],
    ['top_p', [1.5, '0.9']],
    ['repetition_penalty', ['high', []]],
    ['num_beams', [0, 'four']],
    ['num_return_sequences', [0, '3']],
    ['renormalize_logits', [1, 'yes']],
    ['early_stopping', ['always', 1]],
    ['eos_token_id', ['</s>', [1, '2'], -1, []]],
    ['forced_bos_token_id', [[6], 'en']],
    ['bad_words_ids', [[5], 'bad', [['a']]]],
    ['suppress_tokens', [5, [1.5]]],
  ])('%s', async (key, values) => {
    for (const value of values) {
      const before = memory().buffers;
      const error = await gpt2With({ [key]: value, max_time: 'unknown' }).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(FormatError);
      expect(error).toMatchObject({
        file: 'generation_config.json',
        problem: expect.stringMatching(`^${key}: expected`),
      });
      expect(memory().buffers).toBe(before);
    }
  });

  it('is none where a server answers with a page for what is missing', async () => {
    const model = await Gpt2.fromPretrained(folderWith('gpt2', '<!doctype html><title>A page</title>'));
    expect(model.generationConfig).toBeNull();
  });

  it.each(['', '[]', '{"max_length": ', 'null'])('%j', async (text) => {
    await expect(Gpt2.fromPretrained(folderWith('gpt2', text))).rejects.toMatchObject({
      file: 'generation_config.json',
    });
  });

  it('and all that is wrong is said at once; ids outside the vocabulary by the call', async () => {
    await expect(gpt2With({ top_p: 2, num_beams: 0 })).rejects.toThrow(/top_p.*; num_beams/);
    const model = await gpt2With({ suppress_tokens: [99] });
    await expect(model.generate([[5]])).rejects.toMatchObject({ argument: 'suppressTokens' });
  });
});
