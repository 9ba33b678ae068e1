// The types that users meet: what a Trainer takes, and what it infers.
import { mseLoss, type Tensor, tensor } from '@heddle/tensor';
import { Linear, Module } from '@heddle/tensor/nn';
import { AdamW, SGD } from '@heddle/tensor/optim';
import type { Tokenizer } from '@heddle/tokenizer';
import { expectTypeOf, test } from 'vitest';
import { batches, type LabelledBatch, type TextCodec, Trainer, type TrainingReport } from '../src/index.js';

class Model extends Module {
  override forward(batch: LabelledBatch): Tensor {
    return tensor(batch.ids, { shape: batch.shape }).cast('float32');
  }
}

const model = new Model();
const optimizer = new AdamW(model.parameters());
const train = [{ text: 'a', label: 1 }];

test('a tokenizer is a codec', () => {
  expectTypeOf<Tokenizer>().toExtend<TextCodec>();
});

test('a trainer of a classifier', () => {
  const trainer = new Trainer(model, { train, optimizer, validation: 'a.csv', epochs: 2 });
  expectTypeOf(trainer.fit()).resolves.toEqualTypeOf<TrainingReport>();
  new Trainer(model, { train: [{ text: 'a', label: 'b' }], optimizer: new SGD(model.parameters(), { lr: 1 }) });
  new Trainer(model, { train: [{ ids: [1, 2], label: 0 }], optimizer });
  // @ts-expect-error rows need a label
  new Trainer(model, { train: [{ text: 'a' }], optimizer });
  // @ts-expect-error there is no such option
  new Trainer(model, { train, optimizer, epoch: 3 });
  // @ts-expect-error a Linear takes a tensor, not a batch of ids
  new Trainer(new Linear({ inputs: 1, outputs: 1 }), { train, optimizer });
});

test('a trainer of anything infers rows, batch and model', () => {
  new Trainer(new Linear({ inputs: 1, outputs: 1 }), {
    train: [{ x: 1, y: 2 }],
    collate: (rows) => {
      expectTypeOf(rows).toEqualTypeOf<readonly { x: number; y: number }[]>();
      return { x: rows.map((row) => [row.x]), y: rows.map((row) => [row.y]) };
    },
    loss: (line, batch) => {
      expectTypeOf(line).toEqualTypeOf<Linear>();
      expectTypeOf(batch).toEqualTypeOf<{ x: number[][]; y: number[][] }>();
      return mseLoss(line.call(tensor(batch.x)), tensor(batch.y));
    },
    optimizer,
  });
});

test('batches keep the type of rows', () => {
  for (const rows of batches(train, 2)) expectTypeOf(rows).toEqualTypeOf<readonly { text: string; label: number }[]>();
});
