// BERT and its kin, with every head, against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init, noGrad, type Tensor } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bert, Inspection } from '../../src/index';
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

const names = [
  ...['bert', 'roberta', 'distilbert', 'albert', 'electra', 'mpnet'],
  ...['bert-mlm', 'roberta-mlm', 'distilbert-mlm', 'albert-mlm', 'electra-mlm', 'mpnet-mlm'],
  ...['bert-tokens', 'bert-span', 'bert-choice', 'roberta-choice', 'distilbert-choice', 'electra-choice'],
];

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe.each(names)('%s', (name) => {
  const expected = expectedOf(name);
  const batch = batchOf(expected.inputs);
  const { mask, labels } = expected.inputs;
  let model: Bert;
  /** The logits in the fixture's shape: the texts of a batch are the choices of one question. */
  const run = (options: Parameters<Bert['forward']>[1] = {}): Tensor => {
    const logits = model.call(batch, options);
    return model.config.head === 'choice' ? logits.reshape([1, 2]) : logits;
  };
  const lossOf = (logits: Tensor): Tensor => {
    if (model.config.head !== 'span') return crossEntropy(logits, labels.data);
    const [begin, end] = [0, 1].map((i) => crossEntropy(logits.select(2, i), labels.data.slice(2 * i, 2 * i + 2)));
    return begin.add(end).mul(0.5);
  };

  beforeAll(async () => {
    model = await Bert.fromPretrained(folderOf(name));
  });

  it('gives the same logits, hidden states and attention', async () => {
    using inspect = new Inspection();
    const logits = run({ inspect });
    if (logits.rank === 3) await expectRows(logits, expected.logits, mask, 'logits');
    else await expectClose(logits, { ...expected.logits, dtype: 'float32' }, 'logits');
    const states = expected['hiddenStates'] as Numbers[];
    expect(inspect.hiddenStates).toHaveLength(states.length);
    for (const [i, state] of states.entries())
      await expectRows(inspect.hiddenStates[i], state, mask, `hidden state ${i}`);
    const attentions = expected['attentions'] as Numbers[];
    expect(inspect.attentions).toHaveLength(attentions.length);
    for (const [i, weights] of attentions.entries())
      await expectAttention(inspect.attentions[i], weights, mask, `attention ${i}`);
  });

  it('gives the same loss and gradients', async () => {
    const gradients = await Bert.fromPretrained(gradientFiles(name));
    const loss = lossOf(run());
    expect(await loss.item()).toBeCloseTo(expected.loss, 4);
    loss.backward();
    await expectGradients(model, gradients);
    for (const p of model.parameters()) p.grad = null;
    gradients.dispose();
  });

  it('comes back from its own folder, weight for weight', async () => {
    const files = new Map<string, Uint8Array>();
    await model.savePretrained(files);
    const again = await Bert.fromPretrained(files);
    expect(again.config).toEqual(model.config);
    for (const [key, p] of model.namedParameters())
      expect(await again.namedParameters().get(key)?.data(), key).toEqual(await p.data());
    again.dispose();
  });

  it('makes sentences into vectors of length one, whatever they are padded to', async () => {
    const T = batch.shape[1];
    const real = batch.mask.subarray(T).indexOf(0);
    const vectors = noGrad(() => model.sentences(batch));
    const short = noGrad(() =>
      model.sentences({
        ...batch,
        ids: batch.ids.slice(T, T + real),
        mask: new Int32Array(real).fill(1),
        typeIds: batch.typeIds?.slice(T, T + real),
        shape: [1, real],
      }),
    );
    const [long, alone] = [await vectors.data(), await short.data()];
    alone.forEach((x, i) => {
      expect(long[alone.length + i]).toBeCloseTo(x, 5);
    });
    expect(alone.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5);
  });
});

it('takes a checkpoint for another task, with a head of its own', async () => {
  const options = { config: { head: 'tokens', labels: ['O', 'B', 'I'] }, strict: false } as const;
  const model = await Bert.fromPretrained(folderOf('bert-mlm'), options);
  const logits = model.call(batchOf(expectedOf('bert-mlm').inputs));
  expect(logits.shape).toEqual([2, 7, 3]);
  await expect(Bert.fromPretrained(folderOf('bert-mlm'), { ...options, strict: true })).rejects.toThrow(
    'missing: head.weight, head.bias',
  );
});
