// Rows of two texts: the model gets both in a row, and which token is of which.
import { init, type Tensor, tensor } from '@heddle/tensor';
import { Embedding, Linear, Module } from '@heddle/tensor/nn';
import { AdamW } from '@heddle/tensor/optim';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeAll, expect, it } from 'vitest';
import { type LabelledBatch, type LabelledRow, Trainer } from '../src/index.js';

const words = ['ada', 'bob', 'eve', 'kim', 'lee', 'mia'];
const rows = words.flatMap((text) =>
  words.map((pair): LabelledRow => ({ text, pair, label: text === pair ? 'same' : 'other' })),
);
let tokenizer: Tokenizer;
beforeAll(async () => {
  await init({ backend: 'wasm', seed: 1 });
  tokenizer = await Tokenizer.train([words.join(' ')], { model: 'wordpiece', vocabSize: 60 });
});

/** How far the means of the two texts are from each other. */
class Distance extends Module {
  readonly labels = ['other', 'same'];
  readonly embedding: Embedding;
  readonly head = new Linear({ inputs: 8, outputs: 2 });
  readonly seen: LabelledBatch[] = [];

  constructor() {
    super();
    this.embedding = new Embedding({ count: tokenizer.vocabSize, dim: 8 });
  }

  override forward(batch: LabelledBatch): Tensor {
    this.seen.push(batch);
    const { ids, mask, typeIds, shape } = batch;
    const x = this.embedding.call(tensor(ids, { shape })); // [B, T, 8]
    const mean = (type: number): Tensor => {
      const own = mask.map((m, i) => (typeIds[i] === type ? m : 0));
      const weights = tensor(own, { shape: [shape[0], 1, shape[1]] }).cast('float32');
      return weights
        .matmul(x)
        .div(weights.sum({ axis: 2, keepdim: true }))
        .squeeze(1); // [B, 8]
    };
    const apart = mean(0).sub(mean(1));
    return this.head.call(apart.mul(apart));
  }
}

it('trains on pairs', async () => {
  const model = new Distance();
  const trainer = new Trainer(model, {
    train: rows,
    tokenizer,
    epochs: 60,
    batchSize: 12,
    optimizer: new AdamW(model.parameters(), { lr: 3e-2 }),
    seed: 1,
  });
  await trainer.fit();
  const { metrics } = await trainer.evaluate(rows);
  expect(metrics.accuracy).toBe(1);

  const known = new Set(rows.map(({ text, pair = '' }) => String(rowOf(text, pair))));
  for (const { ids, mask, typeIds, shape } of model.seen.slice(0, 5))
    for (let row = 0; row < shape[0]; row++) {
      const places = Array.from({ length: shape[1] }, (_, t) => row * shape[1] + t).filter((at) => mask[at] === 1);
      expect(known).toContain(String(places.map((at) => [ids[at], typeIds[at]])));
    }
});

function rowOf(text: string, pair: string): number[][] {
  const { ids, typeIds } = tokenizer.encode(text, { pair });
  return ids.map((id, i) => [id, typeIds[i]]);
}

it('refuses rows of which some are pairs', async () => {
  const mixed = [...rows, { text: 'ada', label: 'same' }];
  const model = new Distance();
  const optimizer = new AdamW(model.parameters());
  await expect(new Trainer(model, { train: mixed, tokenizer, optimizer, epochs: 1 }).fit()).rejects.toThrow(
    'row 36: the second text is empty',
  );
});
