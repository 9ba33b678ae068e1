// The Vision Transformer against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init, tensor } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { Inspection, Vit } from '../../src/index';
import { expectClose } from '../support/fixture';
import {
  expectedOf,
  expectGradients,
  expectRows,
  folderOf,
  gradientFiles,
  type Numbers,
} from '../support/model-fixture';

describe('vit', () => {
  const expected = expectedOf('vit');
  const images = () =>
    tensor(Float32Array.from(expected.inputs['pixels'].data), { shape: [2, 3, 8, 8], dtype: 'float32' });
  let model: Vit;

  beforeAll(async () => {
    await init({ backend: 'wasm' });
    model = await Vit.fromPretrained(folderOf('vit'));
  });

  it('gives the same logits and hidden states', async () => {
    using inspect = new Inspection();
    const logits = model.call(images(), { inspect });
    await expectClose(logits, { ...expected.logits, dtype: 'float32' }, 'logits');
    for (const [i, state] of (expected['hiddenStates'] as Numbers[]).entries())
      await expectRows(inspect.hiddenStates[i], state, undefined, `hidden state ${i}`);
  });

  it('gives the same loss and gradients', async () => {
    const gradients = await Vit.fromPretrained(gradientFiles('vit'));
    const loss = crossEntropy(model.call(images()), expected.inputs['labels'].data);
    expect(await loss.item()).toBeCloseTo(expected.loss, 4);
    loss.backward();
    await expectGradients(model, gradients);
  });

  it('comes back from its own folder, weight for weight', async () => {
    const files = new Map<string, Uint8Array>();
    await model.savePretrained(files);
    const again = await Vit.fromPretrained(files);
    expect(again.config).toEqual(model.config);
    for (const [key, t] of model.stateDict())
      expect(await again.stateDict().get(key)?.data(), key).toEqual(await t.data());
  });
});
