// Wrong calls of generate and stream: each error names the call, the argument and what was expected.
import { ArgumentError, init, memory } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bart, Gpt2 } from '../../src/index';
import { folderOf } from '../support/model-fixture';

const wrong: Readonly<Record<string, readonly unknown[]>> = {
  allowed: [[3, 4], 'all'],
  constraint: [{}, 'a+'],
  diversityPenalty: [Number.NaN, -1, '1'],
  draft: [{}, 5],
  earlyStopping: ['always', 1],
  eosIds: [1, null, [1.5], ['1']],
  generator: [{}, 7],
  pattern: [5, {}],
  prefix: [{}, [3, 4]],
  renormalizeLogits: ['yes', 1],
  sample: ['yes', 1],
  schema: ['x', 1],
  signal: [{}, true],
  stop: ['abc', [5]],
  tokenizer: [{}, 'gpt2'],
  useCache: ['no', 0],
};

let models: readonly (Gpt2 | Bart)[];
beforeAll(async () => {
  await init({ backend: 'wasm' });
  models = [await Gpt2.fromPretrained(folderOf('gpt2')), await Bart.fromPretrained(folderOf('bart'))];
});

/** What a call from a program without types throws. */
async function thrown(work: () => Promise<unknown>): Promise<unknown> {
  const before = memory().buffers;
  const error = await work().then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(memory().buffers).toBe(before);
  return error;
}

const named = (op: string, argument: string): object => expect.objectContaining({ op, argument });

describe.each(Object.entries(wrong))('%s', (argument, values) => {
  it.each(values)('%s', async (value) => {
    for (const model of models) {
      const options = { beams: argument === 'diversityPenalty' ? 2 : 1, [argument]: value };
      const error = await thrown(() => Reflect.apply(model.generate, model, [[[3, 4]], options]));
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error).toEqual(named('generate', argument));
    }
  });
});

it.each([
  ['prompts', 'a text'],
  ['prompts', undefined],
  ['prompts', { 0: [3] }],
  ['prompts[0]', [3, 4]],
  ['prompts[1]', [[3], undefined]],
  ['options', [[3]], null],
])('%s: %j', async (argument, prompts, ...options) => {
  for (const model of models) {
    const error = await thrown(() => Reflect.apply(model.generate, model, [prompts, ...options]));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toEqual(named('generate', argument));
  }
});

it('what allowed gives, where it is no list', async () => {
  for (const model of models)
    for (const given of [3, 'abc'])
      expect(await thrown(() => Reflect.apply(model.generate, model, [[[3]], { allowed: () => given }]))).toEqual(
        named('generate', 'allowed'),
      );
});

it('stream without a tokenizer, and of what is no prompt', async () => {
  const tokenizer = { encode: () => ({ ids: [3] }), decode: () => 'a' };
  const first = (...args: readonly unknown[]): Promise<unknown> =>
    Reflect.apply(models[0].stream, models[0], args).next();
  expect(await thrown(() => first([3]))).toEqual(named('stream', 'tokenizer'));
  expect(await thrown(() => first([3], {}))).toEqual(named('stream', 'tokenizer'));
  expect(await thrown(() => first(3, { tokenizer }))).toEqual(named('stream', 'prompt'));
  expect(await thrown(() => first([3], { tokenizer, stop: 'x' }))).toEqual(named('generate', 'stop'));
});

it('draws the likeliest token, however cold it is', async () => {
  for (const model of models) {
    const [greedy] = await model.generate([[5, 7]], { maxNewTokens: 6 });
    for (const temperature of [1e-9, 1e-40, Number.MIN_VALUE])
      expect((await model.generate([[5, 7]], { maxNewTokens: 6, temperature, seed: 3 }))[0].newIds).toEqual(
        greedy.newIds,
      );
  }
});
