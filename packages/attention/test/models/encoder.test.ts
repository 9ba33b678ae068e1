// BERT and its kin, with every head, against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { binaryCrossEntropy, crossEntropy, init, noGrad, type Tensor, tensor } from '@heddle/tensor';
import { openSafetensors } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bert, Inspection } from '../../src/index';
import { expectClose } from '../support/fixture';
import {
  batchOf,
  expectedOf,
  expectInside,
  expectLogits,
  folderOf,
  itLearnsAndComesBack,
  type Numbers,
  spanLoss,
} from '../support/model-fixture';

const names = [
  ...['bert', 'roberta', 'distilbert', 'albert', 'electra', 'mpnet'],
  ...['bert-mlm', 'roberta-mlm', 'distilbert-mlm', 'albert-mlm', 'electra-mlm', 'mpnet-mlm'],
  ...['bert-tokens', 'bert-span', 'bert-choice', 'roberta-choice', 'distilbert-choice', 'electra-choice'],
  ...['bert-pretraining', 'albert-pretraining', 'electra-replaced', 'bert-next'],
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
    switch (model.config.head) {
      case 'span':
        return spanLoss(logits, labels);
      case 'replaced': {
        const weight = tensor(Float32Array.from(mask.data), { shape: mask.shape });
        const target = tensor(Float32Array.from(labels.data), { shape: labels.shape });
        return binaryCrossEntropy(logits, target, { weight, reduction: 'sum' }).div(weight.sum());
      }
      case 'preTraining': {
        const pairs = crossEntropy(model.preTraining(batch).pairs, expected.inputs['pairLabels'].data);
        return crossEntropy(logits, labels.data).add(pairs);
      }
      default:
        return crossEntropy(logits, labels.data);
    }
  };

  beforeAll(async () => {
    model = await Bert.fromPretrained(folderOf(name));
  });

  it('gives the same logits, hidden states and attention', async () => {
    using inspect = new Inspection();
    await expectLogits(run({ inspect }), expected);
    await expectInside(inspect, expected['hiddenStates'], expected['attentions'], mask);
  });

  itLearnsAndComesBack(
    name,
    () => model,
    Bert.fromPretrained,
    () => lossOf(run()),
  );

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

it('says whether sentences belong together beside the hidden tokens', async () => {
  for (const name of ['bert-pretraining', 'albert-pretraining']) {
    const model = await Bert.fromPretrained(folderOf(name));
    const { tokens, pairs } = model.preTraining(batchOf(expectedOf(name).inputs));
    await expectLogits(tokens, expectedOf(name));
    await expectClose(pairs, { ...(expectedOf(name)['pairLogits'] as Numbers), dtype: 'float32' }, 'pairs');
  }
  const masked = await Bert.fromPretrained(folderOf('bert-mlm'));
  expect(() => masked.preTraining(batchOf(expectedOf('bert-mlm').inputs))).toThrow(
    "Bert: head: expected 'preTraining', got 'maskedLM'",
  );
  expect(() => new Bert({ ...masked.config, head: 'replaced' })).toThrow(
    /head: expected one of .* in bert, got replaced/,
  );
});

it('writes a bias under both of its names where transformers 4.44 would set it to zero otherwise', async () => {
  for (const [name, bias] of [
    ['roberta-mlm', 'lm_head'],
    ['albert-pretraining', 'predictions'],
  ]) {
    const files = new Map<string, Uint8Array>();
    await (await Bert.fromPretrained(folderOf(name))).savePretrained(files);
    const file = await openSafetensors(files);
    expect(await file.data(`${bias}.decoder.bias`)).toEqual(await file.data(`${bias}.bias`));
    await file.close();
  }
});
