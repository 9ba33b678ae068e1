// The Vision Transformer against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init } from '@heddle/tensor';
import { beforeAll, describe, it } from 'vitest';
import { Inspection, Vit } from '../../src/index';
import {
  expectedOf,
  expectInside,
  expectLogits,
  folderOf,
  imagesOf,
  itLearnsAndComesBack,
} from '../support/model-fixture';

describe('vit', () => {
  const expected = expectedOf('vit');
  const { labels } = expected.inputs;
  let model: Vit;

  beforeAll(async () => {
    await init({ backend: 'wasm' });
    model = await Vit.fromPretrained(folderOf('vit'));
  });

  it('gives the same logits, hidden states and attention', async () => {
    using inspect = new Inspection();
    await expectLogits(model.call(imagesOf(expected.inputs), { inspect }), expected);
    await expectInside(inspect, expected['hiddenStates'], expected['attentions'], undefined);
  });

  itLearnsAndComesBack(
    'vit',
    () => model,
    Vit.fromPretrained,
    () => crossEntropy(model.call(imagesOf(expected.inputs)), labels.data),
  );
});
