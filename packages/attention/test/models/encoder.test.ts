// BERT and its kin against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init, noGrad } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bert, Inspection } from '../../src/index';
import { expectClose } from '../support/fixture';
import {
  batchOf,
  expectedOf,
  expectGradients,
  expectRows,
  folderOf,
  gradientFiles,
  type Numbers,
} from '../support/model-fixture';

describe.each(['bert', 'bert-mlm', 'roberta', 'distilbert', 'albert', 'electra'])('%s', (name) => {
  const expected = expectedOf(name);
  const batch = batchOf(expected.inputs);
  const { mask, labels } = expected.inputs;
  let model: Bert;

  beforeAll(async () => {
    await init({ backend: 'wasm' });
    model = await Bert.fromPretrained(folderOf(name));
  });

  it('gives the same logits and hidden states', async () => {
    using inspect = new Inspection();
    const logits = model.call(batch, { inspect });
    if (logits.rank === 3) await expectRows(logits, expected.logits, mask, 'logits');
    else await expectClose(logits, { ...expected.logits, dtype: 'float32' }, 'logits');
    const states = expected['hiddenStates'] as Numbers[];
    expect(inspect.hiddenStates).toHaveLength(states.length);
    for (const [i, state] of states.entries())
      await expectRows(inspect.hiddenStates[i], state, mask, `hidden state ${i}`);
  });

  it('gives the same loss and gradients', async () => {
    const gradients = await Bert.fromPretrained(gradientFiles(name));
    const loss = crossEntropy(model.call(batch), labels.data);
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
    const vectors = noGrad(() => model.sentences(batch));
    const short = noGrad(() =>
      model.sentences({
        ...batch,
        ids: batch.ids.slice(7, 11),
        mask: new Int32Array(4).fill(1),
        typeIds: batch.typeIds?.slice(7, 11),
        shape: [1, 4],
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
