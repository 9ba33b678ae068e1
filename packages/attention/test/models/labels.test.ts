// Decoders and BART with heads for labels against transformers: logits, hidden states, attention, loss, every gradient.
import { crossEntropy, init, type Tensor } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { AutoModel, BartClassifier, DecoderClassifier, Inspection } from '../../src/index';
import { expectClose } from '../support/fixture';
import {
  batchOf,
  expectAttention,
  expectedOf,
  expectGradients,
  expectRows,
  folderOf,
  gradientFiles,
  type Numbers,
} from '../support/model-fixture';

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

async function load(
  source: Parameters<typeof AutoModel.fromPretrained>[0],
): Promise<BartClassifier | DecoderClassifier> {
  const model = await AutoModel.fromPretrained(source);
  if (model instanceof BartClassifier || model instanceof DecoderClassifier) return model;
  throw new Error(`it is a ${model.constructor.name}`);
}

describe.each([
  'gpt2-classes',
  'gpt2-tokens',
  'llama-classes',
  'llama-tokens',
  'gpt-neox-span',
  'bloom-tokens',
  'bart-classes',
])('%s', (name) => {
  const expected = expectedOf(name);
  const batch = batchOf(expected.inputs);
  const { mask, labels } = expected.inputs;
  // BART's decoder sees padding, as in transformers.
  const real = name === 'bart-classes' ? undefined : mask;
  let model: BartClassifier | DecoderClassifier;
  const lossOf = (logits: Tensor): Tensor => {
    if (name !== 'gpt-neox-span') return crossEntropy(logits, labels.data);
    const [begin, end] = [0, 1].map((i) => crossEntropy(logits.select(2, i), labels.data.slice(2 * i, 2 * i + 2)));
    return begin.add(end).mul(0.5);
  };

  beforeAll(async () => {
    model = await load(folderOf(name));
  });

  it('gives the same logits, hidden states and attention', async () => {
    using inspect = new Inspection();
    const logits = model.call(batch, { inspect });
    if (logits.rank === 3) await expectRows(logits, expected.logits, mask, 'logits');
    else await expectClose(logits, { ...expected.logits, dtype: 'float32' }, 'logits');
    const states = expected['hiddenStates'] as Numbers[];
    expect(inspect.hiddenStates).toHaveLength(states.length);
    for (const [i, state] of states.entries())
      await expectRows(inspect.hiddenStates[i], state, real, `hidden state ${i}`);
    for (const [i, weights] of (expected['attentions'] as Numbers[]).entries())
      await expectAttention(inspect.attentions[i], weights, real, `attention ${i}`);
  });

  it('gives the same loss and gradients', async () => {
    const loss = lossOf(model.call(batch));
    expect(await loss.item()).toBeCloseTo(expected.loss, 4);
    loss.backward();
    await expectGradients(model, await load(gradientFiles(name)));
  });

  it('comes back from its own folder, weight for weight', async () => {
    const files = new Map<string, Uint8Array>();
    await model.savePretrained(files);
    const again = await load(files);
    expect(again.config).toEqual(model.config);
    for (const [key, p] of model.namedParameters())
      expect(await again.namedParameters().get(key)?.data(), key).toEqual(await p.data());
  });
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
