// Decoders, BART and T5 with heads for labels against transformers: logits, hidden states, attention, loss, every gradient.
import { crossEntropy, init, type Tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { AutoModel, BartClassifier, DecoderClassifier, Inspection, T5Classifier, T5Encoder } from '../../src/index';
import {
  batchOf,
  expectedOf,
  expectInside,
  expectLogits,
  folderOf,
  itLearnsAndComesBack,
  spanLoss,
} from '../support/model-fixture';

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

type Labelling = BartClassifier | DecoderClassifier | T5Classifier | T5Encoder;

async function load(source: Source): Promise<Labelling> {
  const model = await AutoModel.fromPretrained(source);
  for (const kind of [BartClassifier, DecoderClassifier, T5Classifier, T5Encoder])
    if (model instanceof kind) return model;
  throw new Error(`it is a ${model.constructor.name}`);
}

describe.each([
  'gpt2-classes',
  'gpt2-tokens',
  'llama-classes',
  'llama-tokens',
  'gpt-neox-span',
  'bloom-tokens',
  'llama-span',
  'bart-classes',
  'bart-span',
  't5-classes',
  't5-span',
  't5-tokens',
])('%s', (name) => {
  const expected = expectedOf(name);
  const batch = batchOf(expected.inputs);
  const { mask, labels } = expected.inputs;
  // The decoders of BART and T5 see padding, as in transformers.
  const real = /^(bart-|t5-(classes|span))/.test(name) ? undefined : mask;
  let model: Labelling;
  const lossOf = (logits: Tensor): Tensor => {
    return name.endsWith('-span') ? spanLoss(logits, labels) : crossEntropy(logits, labels.data);
  };

  beforeAll(async () => {
    model = await load(folderOf(name));
  });

  it('gives the same logits, hidden states and attention', async () => {
    using inspect = new Inspection();
    await expectLogits(model.call(batch, { inspect }), expected);
    await expectInside(inspect, expected['hiddenStates'], expected['attentions'], real);
  });

  itLearnsAndComesBack(
    name,
    () => model,
    load,
    () => lossOf(model.call(batch)),
  );
});

it('reads the label at the last real token, whichever side is padded', async () => {
  const model = await load(folderOf('llama-classes'));
  const { ids, shape } = batchOf(expectedOf('llama-classes').inputs);
  const text = ids.slice(shape[1], shape[1] + 4);
  const left = {
    ids: Int32Array.of(0, 0, 0, ...text),
    mask: Int32Array.of(0, 0, 0, 1, 1, 1, 1),
    shape: [1, 7] as const,
  };
  const logits = Array.from(await model.call(left).data());
  expectedOf('llama-classes')
    .logits.data.slice(3)
    .forEach((x, i) => {
      expect(logits[i]).toBeCloseTo(x, 5);
    });
});

it('names the classes that there are where a config names another', async () => {
  await expect(DecoderClassifier.fromPretrained(folderOf('gpt2'))).rejects.toThrow(
    /architectures: expected one of LlamaForSequenceClassification, .*GPT2ForQuestionAnswering.*got \["GPT2LMHeadModel"\]/,
  );
});
