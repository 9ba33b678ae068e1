// T5, BART and Marian against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bart, Inspection, T5 } from '../../src/index';
import {
  batchOf,
  expectedOf,
  expectGradients,
  expectRows,
  folderOf,
  gradientFiles,
  type Numbers,
} from '../support/model-fixture';

const models: Readonly<Record<string, (source: Source) => Promise<T5 | Bart>>> = {
  t5: T5.fromPretrained,
  't5-gated': T5.fromPretrained,
  bart: Bart.fromPretrained,
  marian: Bart.fromPretrained,
};

describe.each(Object.keys(models))('%s', (name) => {
  const expected = expectedOf(name);
  const source = batchOf(expected.inputs);
  const { mask, labels } = expected.inputs;
  let model: T5 | Bart;
  const run = (options: Parameters<T5['forward']>[2] = {}) => {
    const ids = Int32Array.from(labels.data);
    return model.call(source, model.targetOf({ ids, shape: [labels.shape[0], labels.shape[1]] }), options);
  };

  beforeAll(async () => {
    await init({ backend: 'wasm' });
    model = await models[name](folderOf(name));
  });

  it('gives the same logits, hidden states and attention to the source', async () => {
    using inspect = new Inspection();
    using inspectEncoder = new Inspection();
    await expectRows(run({ inspect, inspectEncoder }), expected.logits, undefined, 'logits');
    for (const [i, state] of (expected['encoderHiddenStates'] as Numbers[]).entries())
      await expectRows(inspectEncoder.hiddenStates[i], state, mask, `encoder state ${i}`);
    for (const [i, state] of (expected['decoderHiddenStates'] as Numbers[]).entries())
      await expectRows(inspect.hiddenStates[i], state, undefined, `decoder state ${i}`);
    for (const [i, weights] of (expected['crossAttentions'] as Numbers[]).entries()) {
      const [B, H, T, S] = weights.shape;
      const shape = [B * H, T, S];
      await expectRows(
        inspect.crossAttentions[i].reshape(shape),
        { shape, data: weights.data },
        undefined,
        `attention ${i}`,
      );
    }
  });

  it('gives the same loss and gradients', async () => {
    const gradients = await models[name](gradientFiles(name));
    const loss = crossEntropy(run(), labels.data);
    expect(await loss.item()).toBeCloseTo(expected.loss, 4);
    loss.backward();
    await expectGradients(model, gradients);
    for (const p of model.parameters()) p.grad = null;
    gradients.dispose();
  });

  it('comes back from its own folder, weight for weight', async () => {
    const files = new Map<string, Uint8Array>();
    await model.savePretrained(files);
    const again = await models[name](files);
    expect(again.config).toEqual(model.config);
    for (const [key, t] of model.stateDict())
      expect(await again.stateDict().get(key)?.data(), key).toEqual(await t.data());
    again.dispose();
  });
});
