// Wrong arguments of loading, saving, adapters and explanations: each error names the call and the argument.
import { ArgumentError, init, memory } from '@heddle/tensor';
import { beforeAll, expect, it } from 'vitest';
import {
  AutoModel,
  Bert,
  bertConfig,
  constrainToPattern,
  constrainToSchema,
  draw,
  Gpt2,
  gpt2Config,
  gradientCheckpointing,
  gradientTimesInput,
  integratedGradients,
  Lora,
  layerwiseDecay,
  logitLens,
  occlusion,
  PromptTuning,
  SentenceEncoder,
  trace,
} from '../src/index';
import { codec } from './support/letters';

const sizes = { vocabSize: 23, dim: 16, layers: 1, heads: 2 };
const batch = { ids: Int32Array.of(5, 7, 3), mask: new Int32Array(3).fill(1), shape: [1, 3] };

let gpt2: Gpt2;
let lora: Lora;
let prompt: PromptTuning;
let sentences: SentenceEncoder;
beforeAll(async () => {
  await init({ backend: 'wasm', seed: 1 });
  gpt2 = new Gpt2(gpt2Config({ ...sizes, maxLength: 8 })).eval();
  lora = new Lora(new Gpt2(gpt2Config({ ...sizes, maxLength: 8 })), { rank: 2 });
  prompt = new PromptTuning(new Gpt2(gpt2Config({ ...sizes, maxLength: 8 })), { tokens: 2 });
  sentences = new SentenceEncoder(new Bert(bertConfig(sizes)));
});

/** What a call from a program without types throws. */
async function thrown(work: () => unknown): Promise<unknown> {
  const before = memory().buffers;
  try {
    await work();
    return null;
  } catch (error) {
    expect(memory().buffers).toBe(before);
    return error;
  }
}

const call = (owner: object, name: string, ...args: readonly unknown[]): unknown =>
  Reflect.apply(Reflect.get(owner, name), owner, args);

const notObjects = [null, 5, 'x', true];

it.each([null, undefined, 5, '', [], {}, true])('a target that is %j', async (target) => {
  const savers = { savePretrained: [gpt2, sentences], save: [lora, prompt] };
  for (const [method, owners] of Object.entries(savers))
    for (const owner of owners) {
      const error = await thrown(() => call(owner, method, target));
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error).toMatchObject({ argument: 'target', expected: 'the path of a folder, or a Map' });
    }
});

it.each(notObjects)('options that are %j', async (options) => {
  const calls: readonly (() => unknown)[] = [
    () => call(gpt2, 'savePretrained', new Map(), options),
    () => call(AutoModel, 'fromPretrained', '/nowhere', options),
    () => call(Gpt2, 'fromPretrained', new Map(), options),
    () => call(SentenceEncoder, 'fromPretrained', new Map(), options),
    () => call(sentences, 'encode', ['a'], options),
    () => call({ gradientCheckpointing }, 'gradientCheckpointing', gpt2, options),
    () => call({ draw }, 'draw', gpt2, options),
    () => call({ integratedGradients }, 'integratedGradients', gpt2, batch, options),
    () => call({ gradientTimesInput }, 'gradientTimesInput', gpt2, batch, options),
    () => call({ occlusion }, 'occlusion', gpt2, batch, options),
    () => call({ constrainToSchema }, 'constrainToSchema', { type: 'string' }, codec, options),
  ];
  for (const wrong of calls) expect(await thrown(wrong)).toMatchObject({ name: 'ArgumentError', argument: 'options' });
  for (const make of [
    () => Reflect.construct(Lora, [gpt2, options]),
    () => Reflect.construct(PromptTuning, [gpt2, options]),
    () => call({ layerwiseDecay }, 'layerwiseDecay', gpt2, options),
  ])
    expect(await thrown(make)).toMatchObject({ name: 'ArgumentError', argument: 'config' });
});

it.each([...notObjects, {}, []])('a model that is %j', async (model) => {
  const calls: readonly (() => unknown)[] = [
    () => Reflect.construct(Lora, [model, { rank: 2 }]),
    () => Reflect.construct(PromptTuning, [model, { tokens: 2 }]),
    () => call({ layerwiseDecay }, 'layerwiseDecay', model, { lr: 1 }),
    () => call({ gradientCheckpointing }, 'gradientCheckpointing', model),
    () => call({ draw }, 'draw', model),
    () => call({ trace }, 'trace', model, batch),
    () => call({ logitLens }, 'logitLens', model, batch),
    () => call({ integratedGradients }, 'integratedGradients', model, batch),
    () => call({ gradientTimesInput }, 'gradientTimesInput', model, batch),
    () => call({ occlusion }, 'occlusion', model, batch, { hiddenId: 0 }),
  ];
  for (const wrong of calls) expect(await thrown(wrong)).toMatchObject({ name: 'ArgumentError', argument: 'model' });
});

it.each([null, 5, [], {}])('prompts, a pattern or a tokenizer that is %j', async (value) => {
  for (const method of ['startDecoding', 'readPrefix'])
    expect(await thrown(() => call(gpt2, method, value))).toBeInstanceOf(ArgumentError);
  const pattern = await thrown(() => call({ constrainToPattern }, 'constrainToPattern', value, codec));
  expect(pattern).toMatchObject({ name: 'ArgumentError', argument: 'pattern' });
  for (const [by, form] of [
    [{ constrainTo: constrainToPattern }, /a/],
    [{ constrainTo: constrainToSchema }, { type: 'string' }],
  ] as const)
    expect(await thrown(() => call(by, 'constrainTo', form, value))).toMatchObject({ argument: 'tokenizer' });
  const encoding = await thrown(() => call(sentences, 'encode', ['a'], { tokenizer: value }));
  expect(encoding).toMatchObject({ argument: 'tokenizer' });
});
