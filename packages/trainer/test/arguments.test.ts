// Wrong calls of the Trainer: each error names the option or the row, before a weight has changed.
import { ArgumentError, init, type Tensor } from '@heddle/tensor';
import { AdamW, ReduceOnPlateau } from '@heddle/tensor/optim';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LabelledBatch, type LabelledIds, TableError, Trainer } from '../src/index.js';
import { Toy, toyRows, weightsOf } from './toy.js';

beforeAll(() => init({ backend: 'wasm', threads: 1 }));

/** What a run from a program without types throws. The model must stay as it was. */
async function thrown(options: object): Promise<unknown> {
  const model = new Toy({ seed: 5 });
  const before = await weightsOf(model);
  const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
  const usual = { train: toyRows(20, 1), optimizer, epochs: 1, batchSize: 4, progress: 'none' };
  try {
    await Reflect.construct(Trainer, [model, { ...usual, ...options }]).fit();
  } catch (error) {
    expect(await weightsOf(model)).toEqual(before);
    return error;
  }
  return null;
}

const validation = toyRows(6, 2);
const row = { ids: [1], label: 1 };

describe.each<[option: string, given: readonly object[]]>([
  ['optimizer', [{ optimizer: undefined }, { optimizer: {} }]],
  ['seed', [{ seed: -1 }, { seed: 1.5 }, { seed: 'a' }]],
  ['schedule', [{ schedule: 5 }, { schedule: {} }]],
  ['signal', [{ signal: {} }, { signal: true }]],
  ['callbacks', [{ callbacks: {} }, { callbacks: [null] }, { callbacks: [() => 1] }, { callbacks: [{ onStep: 5 }] }]],
  ['progress', [{ progress: 'loud' }]],
  ['checkpoints', [{ checkpoints: 5 }, { checkpoints: '' }, { checkpoints: {} }]],
  ['earlyStopping.mode', [{ validation, earlyStopping: { patience: 1, mode: 'maximum' } }]],
  ['train', [{ train: undefined }, { train: 5 }, { train: {} }]],
  ['labels', [{ labels: 'ab' }, { labels: [1, 2] }, { labels: ['a', 'a'] }]],
  ['maxLength', [{ maxLength: 0 }, { maxLength: -1 }, { maxLength: 1.5 }, { maxLength: '8' }]],
  ['resume', [5, {}, []].map((resume) => ({ resume, checkpoints: new Map() }))],
  ['metrics', [{ validation, metrics: 5 }]],
  [
    'loss',
    [{ loss: 5 }, { loss: () => undefined }, { loss: () => 5 }, { loss: 'mse', collate: (rows: unknown) => rows }],
  ],
  ['collate', [{ collate: 5, loss: (): null => null }]],
  [
    'tokenizer',
    [
      {
        tokenizer: {},
        train: [
          { text: 'a', label: 0 },
          { text: 'b', label: 1 },
        ],
      },
    ],
  ],
])('%s', (argument, given) => {
  it.each(given)('%j', async (options) => {
    const error = await thrown(options);
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toMatchObject({ op: 'Trainer', argument });
  });
});

it('a schedule that watches validation, without any', async () => {
  const model = new Toy();
  const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
  const options = {
    train: toyRows(20, 1),
    optimizer,
    schedule: new ReduceOnPlateau(optimizer),
    progress: 'none',
  } as const;
  expect(() => new Trainer(model, options)).toThrow('schedule: expected a validation part');
});

it.each([undefined, {}, 5])('the model %j', (model) => {
  expect(() => Reflect.construct(Trainer, [model, {}])).toThrow('Trainer: model: expected a module');
  expect(() => Reflect.construct(Trainer, [new Toy()])).toThrow('Trainer: options: expected an object');
});

it.each<[string, readonly unknown[]]>([
  ['no row', [null, null]],
  ['ids that are text', [{ ids: 'ab', label: 0 }, row]],
  ['ids that are no list', [{ ids: 5, label: 0 }, row]],
  ['ids between numbers', [{ ids: [1.5], label: 0 }, row]],
  ['ids that are NaN', [{ ids: [Number.NaN], label: 0 }, row]],
  ['ids below zero', [{ ids: [-1], label: 0 }, row]],
  ['a label that is an id', [{ ids: [1], label: 1e12 }, row]],
  ['names among indices', [{ ids: [1], label: 'a' }, { ids: [2], label: 'b' }, row]],
])('rows with %s', async (_, train) => {
  expect(await thrown({ train })).toBeInstanceOf(TableError);
});

it.each([5, { own: 'high' }, Promise.resolve({ own: 1 })])('metrics that give %j', async (given) => {
  const model = new Toy({ seed: 5 });
  const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
  const usual = { train: toyRows(20, 1), validation, optimizer, epochs: 1, progress: 'none', metrics: () => given };
  for (const own of [
    {},
    {
      collate: (rows: object) => rows,
      loss: (toy: Toy) => toy.up.weight.square().mean(),
      predict: (toy: Toy) => toy.up.weight,
    },
  ])
    await expect(Reflect.construct(Trainer, [model, { ...usual, ...own }]).fit()).rejects.toMatchObject({
      name: 'ArgumentError',
      argument: 'metrics',
    });
});

it('a classifier of several labels a text, which cross-entropy would train for one', () => {
  const model = Object.assign(new Toy(), { config: { problemType: 'multi_label_classification' } });
  const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
  expect(() => new Trainer(model, { train: toyRows(20, 1), optimizer })).toThrow(
    /model: expected .*binaryCrossEntropy/,
  );
});

it('a model that labels tokens, and rows of numbers to predict', async () => {
  class Tokens extends Toy {
    override forward(batch: LabelledBatch): Tensor {
      return super.forward(batch).unsqueeze(1);
    }
  }
  const fit = (model: Toy, train: LabelledIds[]) => {
    const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
    return new Trainer(model, { train, optimizer, epochs: 1, batchSize: 4, progress: 'none' }).fit();
  };
  await expect(fit(new Tokens(), toyRows(20, 1))).rejects.toThrow(/model: .*say collate and loss, got \[4, 1, 2\]/);
  const numbers = toyRows(20, 1).map(({ ids }, i) => ({ ids, label: i / 10 }));
  await expect(fit(new Toy(), numbers)).rejects.toThrow(
    "got the label '0.1': to predict numbers, say collate and loss",
  );
});

it('rows to evaluate that are none', async () => {
  const model = new Toy({ seed: 5 });
  const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
  const trainer = new Trainer(model, { train: toyRows(20, 1), optimizer, epochs: 1, progress: 'none' });
  await trainer.fit();
  await expect(Reflect.apply(trainer.evaluate, trainer, [[null]])).rejects.toBeInstanceOf(TableError);
});

it('takes names and indices together where the names are said', async () => {
  expect(await thrown({ labels: ['a', 'b'], train: [{ ids: [1], label: 'a' }, row] })).toBeNull();
});

it('leaves alone what predict gives, be it a parameter', async () => {
  const model = new Toy({ seed: 5 });
  const seen: number[] = [];
  const trainer = new Trainer(model, {
    train: [1, 2, 3],
    validation: [1, 2],
    collate: (rows: readonly number[]) => rows,
    loss: (toy: Toy): Tensor => toy.up.weight.square().mean(),
    predict: (toy: Toy): Tensor => toy.up.weight,
    metrics: (predictions) => {
      seen.push(predictions[0].values.length);
      return {};
    },
    optimizer: new AdamW(model.parameters(), { lr: 1e-2 }),
    epochs: 3,
    progress: 'none',
  });
  expect((await trainer.fit()).steps).toBe(3);
  expect(seen).toEqual([64, 64, 64]);
});

it.each(['min', 'max'] as const)('takes any %s over a NaN', async (mode) => {
  const values = [Number.NaN, 3, 2, Number.NaN, 4];
  let at = 0;
  const model = new Toy({ seed: 5 });
  const report = await new Trainer(model, {
    train: [1, 2, 3],
    validation: [1],
    collate: (rows: readonly number[]) => rows,
    loss: (toy: Toy): Tensor => toy.up.weight.square().mean(),
    predict: (toy: Toy): Tensor => toy.up.weight,
    metrics: () => ({ own: values[at++] }),
    optimizer: new AdamW(model.parameters(), { lr: 1e-2 }),
    earlyStopping: { patience: 4, metric: 'own', mode },
    epochs: values.length,
    progress: 'none',
  }).fit();
  expect(report.best).toMatchObject(mode === 'min' ? { step: 3, value: 2 } : { step: 5, value: 4 });
});

it('refuses an optimizer of what the model does not hold, which no checkpoint would have', () => {
  const [model, adapter] = [new Toy(), new Toy({ seed: 1 })];
  const optimizer = new AdamW([...model.parameters(), ...adapter.parameters()], { lr: 1e-2 });
  expect(() => new Trainer(model, { train: toyRows(20, 1), optimizer })).toThrow(
    /optimizer: expected one of the model's own parameters.*got 5 others/,
  );
});
