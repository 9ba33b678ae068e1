// Decoder-only models against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init, type Tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bloom, type DecoderLM, Gpt2, GptNeoX, Inspection, Llama } from '../../src/index';
import {
  batchOf,
  expectedOf,
  expectRows,
  folderOf,
  itLearnsAndComesBack,
  type Numbers,
  type Savable,
} from '../support/model-fixture';

const models: Readonly<Record<string, (source: Source) => Promise<DecoderLM & Pick<Savable, 'savePretrained'>>>> = {
  gpt2: Gpt2.fromPretrained,
  llama: Llama.fromPretrained,
  'llama-tied': Llama.fromPretrained,
  mistral: Llama.fromPretrained,
  qwen2: Llama.fromPretrained,
  gemma: Llama.fromPretrained,
  'gpt-neox': GptNeoX.fromPretrained,
  'gpt-neox-serial': GptNeoX.fromPretrained,
  bloom: Bloom.fromPretrained,
};

/** Loss of guessing each next token, as transformers has it: what stands on padding doesn't count. */
function nextTokenLoss(logits: Tensor, labels: Numbers): Tensor {
  const [B, T] = labels.shape;
  const targets = Array.from({ length: B }, (_, b) => labels.data.slice(b * T + 1, (b + 1) * T)).flat();
  return crossEntropy(logits.slice([null, [0, T - 1]]), targets);
}

describe.each(Object.keys(models))('%s', (name) => {
  const expected = expectedOf(name);
  const batch = batchOf(expected.inputs);
  const { mask, labels } = expected.inputs;
  let model: DecoderLM & Pick<Savable, 'savePretrained'>;

  beforeAll(async () => {
    await init({ backend: 'wasm' });
    model = await models[name](folderOf(name));
  });

  it('gives the same logits, hidden states and attention', async () => {
    using inspect = new Inspection();
    await expectRows(model.call(batch, { inspect }), expected.logits, mask, 'logits');
    const states = expected['hiddenStates'] as Numbers[];
    expect(inspect.hiddenStates).toHaveLength(states.length);
    for (const [i, state] of states.entries())
      await expectRows(inspect.hiddenStates[i], state, mask, `hidden state ${i}`);
    const attentions = expected['attentions'] as Numbers[];
    expect(inspect.attentions).toHaveLength(attentions.length);
    for (const [i, weights] of attentions.entries()) {
      const [B, H, T, S] = weights.shape;
      // Rows of padding differ: transformers lets them see each other.
      const perHead = { shape: [B * H, T, S], data: weights.data };
      const rows = {
        shape: [B * H, T],
        data: Array.from({ length: B * H * T }, (_, r) => mask.data[Math.floor(r / (H * T)) * T + (r % T)]),
      };
      await expectRows(inspect.attentions[i].reshape([B * H, T, S]), perHead, rows, `attention ${i}`);
    }
  });

  it('gives the same for padding on the left', async () => {
    const left = expected['left'] as { ids: Numbers; mask: Numbers; logits: Numbers };
    await expectRows(model.call(batchOf({ ids: left.ids, mask: left.mask })), left.logits, left.mask, 'logits');
  });

  itLearnsAndComesBack(
    name,
    () => model,
    models[name],
    (own) => nextTokenLoss(own.call(batch), labels),
  );
});
