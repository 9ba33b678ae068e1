// Runs whose modules and functions draw from generators of their own: stopped anywhere, they end as if they had not been.
import { crossEntropy, defaultGenerator, Generator, init, manualSeed } from '@heddle/tensor';
import { Dropout } from '@heddle/tensor/nn';
import { AdamW } from '@heddle/tensor/optim';
import { beforeEach, describe, expect, it } from 'vitest';
import { type LabelledBatch, type LabelledIds, Trainer, type TrainingReport } from '../src/index.js';
import { Toy, toyRows, weightsOf } from './toy.js';

beforeEach(() => init({ backend: 'wasm', threads: 1 }));

/** A toy whose dropout has a generator of its own. */
class OwnToy extends Toy {
  override readonly dropout = new Dropout(0.3, { generator: new Generator(7) });
}

/** Rows of which some ids, drawn anew each time, are others. */
function noisy(rows: readonly LabelledIds[], from: readonly Generator[]): LabelledBatch {
  const T = Math.max(...rows.map(({ ids }) => ids.length));
  const ids = new Int32Array(rows.length * T);
  const mask = new Int32Array(ids.length);
  rows.forEach((row, i) => {
    const drawn = from.map((generator) => generator.uniform(row.ids.length));
    mask.fill(1, i * T, i * T + row.ids.length);
    ids.set(
      Array.from(row.ids, (id, k) => (drawn.some((u) => u[k] < 0.1) ? 0 : id)),
      i * T,
    );
  });
  const labels = Int32Array.from(rows, ({ label }) => Number(label));
  const lengths = Int32Array.from(rows, (row) => row.ids.length);
  return { ids, mask, labels, lengths, typeIds: new Int32Array(ids.length), shape: [rows.length, T] };
}

interface Options {
  readonly checkpoints?: Map<string, Uint8Array>;
  readonly resume?: boolean;
  /** Stops when so many batches were made, be it for training or for an evaluation. */
  readonly stopAt?: number;
  readonly seed?: number;
}

async function run({ stopAt, seed = 4, ...options }: Options = {}): Promise<{
  readonly report: TrainingReport;
  readonly outcome: object;
  readonly batches: number;
}> {
  manualSeed(999).bits(17);
  const model = new OwnToy({ seed: 5 });
  const controller = new AbortController();
  const noise = new Generator(seed);
  let batches = 0;
  const trainer = new Trainer(model, {
    train: toyRows(13, 1),
    validation: toyRows(9, 2),
    collate: (rows: readonly LabelledIds[]) => {
      if (batches++ === stopAt) controller.abort();
      return noisy(rows, [noise, defaultGenerator()]);
    },
    loss: (toy: OwnToy, batch) => crossEntropy(toy.call(batch), batch.labels),
    generators: [noise],
    optimizer: new AdamW(model.parameters(), { lr: 1e-2 }),
    epochs: 3,
    batchSize: 4,
    seed: 11,
    evaluateEvery: 2,
    signal: controller.signal,
    progress: 'none',
    ...options,
  });
  const report = await trainer.fit();
  const { steps, losses, evaluations, best } = report;
  return { report, batches, outcome: { steps, losses, evaluations, best, weights: await weightsOf(model) } };
}

describe('generators of one’s own', () => {
  it('go on where they stood, also where an evaluation was stopped half-way', async () => {
    const whole = await run();
    expect(whole.batches).toBeGreaterThan(25);
    for (let stopAt = 0; stopAt < whole.batches; stopAt++) {
      const checkpoints = new Map<string, Uint8Array>();
      const { report } = await run({ checkpoints, stopAt });
      if (report.stoppedBy !== 'signal') continue;
      expect((await run({ checkpoints, resume: true })).outcome).toEqual(whole.outcome);
    }
  });

  it('of another seed are refused', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    await run({ checkpoints, stopAt: 3 });
    await expect(run({ checkpoints, resume: true, seed: 6 })).rejects.toMatchObject({
      name: 'CheckpointError',
      problem: 'other-run',
      message: expect.stringContaining('was written with generators of the seeds 7, 4, and this run has 7, 6'),
    });
  });

  it('are refused where they are none', () => {
    const model = new Toy();
    const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
    for (const generators of [null, 5, [7], {}]) {
      const make = () => Reflect.construct(Trainer, [model, { train: toyRows(4, 1), optimizer, generators }]);
      expect(make).toThrow('Trainer: generators: expected a list of Generators');
    }
  });
});
