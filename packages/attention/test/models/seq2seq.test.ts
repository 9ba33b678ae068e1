// T5, BART and Marian against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, it } from 'vitest';
import { Bart, Inspection, T5 } from '../../src/index';
import {
  batchOf,
  expectedOf,
  expectRows,
  folderOf,
  itLearnsAndComesBack,
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

  itLearnsAndComesBack(
    name,
    () => model,
    models[name],
    () => crossEntropy(run(), labels.data),
  );
});
