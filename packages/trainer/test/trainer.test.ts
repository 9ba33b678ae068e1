// Training small models to the end: what is learned, reported, kept and freed. Stopping and resuming is checkpoints.test.ts.
import { backendInfo, init, memory, mseLoss, type Tensor, tensor } from '@heddle/tensor';
import { Linear } from '@heddle/tensor/nn';
import { AdamW, cosine, LearningRate, ReduceOnPlateau, SGD, warmup } from '@heddle/tensor/optim';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ClassificationOptions, type LabelledBatch, Trainer, type TrainerCallback } from '../src/index.js';
import { collectGarbage, Toy, toyRows, weightsOf } from './toy.js';

const backends = ['reference', 'wasm'] as const;

describe.each(backends)('on %s', (backend) => {
  beforeEach(async () => {
    await collectGarbage();
    await init({ backend, threads: 1, seed: 7 });
    expect(backendInfo().backend).toBe(backend);
  });

  const fit = async (options: Partial<ClassificationOptions> = {}, model = new Toy()) => {
    const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
    const trainer = new Trainer(model, {
      train: toyRows(240, 1),
      optimizer,
      batchSize: 16,
      seed: 7,
      progress: 'none',
      ...options,
    });
    return { model, optimizer, trainer, report: await trainer.fit() };
  };

  it('a model of two layers learns a toy task', async () => {
    const { report } = await fit({
      train: toyRows(400, 1),
      validation: toyRows(100, 2),
      test: toyRows(100, 3),
      epochs: 6,
    });
    expect(report.stoppedBy).toBe('completed');
    expect(report.steps).toBe(150);
    expect(report.epochs).toBe(6);
    expect(report.losses).toHaveLength(150);
    expect(report.evaluations).toHaveLength(6);
    expect(report.test?.metrics['accuracy']).toBeGreaterThan(0.95);
    expect(report.test?.truth).toHaveLength(100);
    expect(report.best?.value).toBe(Math.min(...report.evaluations.map(({ metrics }) => metrics['loss'])));
    expect(report.samplesPerSecond).toBeGreaterThan(0);
    expect(report.tokensPerSecond).toBeGreaterThan(3 * report.samplesPerSecond);
    expect(report.peakBytes).toBeGreaterThan(0);
  });

  it('the same seed gives the same bytes, another gives others', async () => {
    const run = async (seed: number): Promise<Record<string, number[]>> =>
      weightsOf((await fit({ seed, epochs: 2, validation: toyRows(40, 2) })).model);
    const first = await run(3);
    expect(await run(3)).toEqual(first);
    expect(await run(4)).not.toEqual(first);
  });

  it('frees all but the weights and the state of the optimizer', async () => {
    const model = new Toy();
    const before = memory().buffers;
    const { optimizer } = await fit({ validation: toyRows(40, 2), test: toyRows(40, 3), epochs: 2 }, model);
    optimizer.dispose();
    expect(memory().buffers).toBe(before);
  });

  it('its memory is as level after 1,000 steps as after 10', async () => {
    const buffers: number[] = [];
    const watch: TrainerCallback = { onStep: () => void buffers.push(memory().buffers) };
    await fit({ steps: 1_000, callbacks: [watch], logEvery: 10 });
    expect(buffers).toHaveLength(1_000);
    for (const step of [10, 100, 500, 1_000]) expect(buffers[step - 1]).toBe(buffers[9]);
  });

  it('several batches a step are one larger batch', async () => {
    const run = async (batchSize: number, accumulate: number) => {
      const model = new Toy({ dropout: 0 });
      const optimizer = new SGD(model.parameters(), { lr: 0.1 });
      const { report } = await fit({ batchSize, accumulate, optimizer, epochs: 1, train: toyRows(103, 1) }, model);
      return { weights: await weightsOf(model), losses: report.losses };
    };
    const large = await run(16, 1);
    const small = await run(4, 4);
    small.losses.forEach((loss, i) => void expect(loss).toBeCloseTo(large.losses[i], 5));
    for (const [name, values] of Object.entries(small.weights)) {
      values.forEach((value, i) => void expect(value).toBeCloseTo(large.weights[name][i], 5));
    }
  });

  it('stops when nothing gets better, and restores the weights of the best evaluation', async () => {
    const model = new Toy();
    // Learns, and then forgets again: gradients point the other way after the third epoch.
    const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
    const snapshots: Promise<Record<string, number[]>>[] = [];
    const watch: TrainerCallback = {
      onEvaluation: ({ isBest, epoch }) => {
        if (isBest) snapshots.push(weightsOf(model));
        if (epoch === 3) for (const p of model.parameters()) p.registerHook((g) => g.neg());
      },
    };
    const { report } = await fit(
      { optimizer, validation: toyRows(60, 2), epochs: 30, earlyStopping: { patience: 2 }, callbacks: [watch] },
      model,
    );
    expect(report.stoppedBy).toBe('early-stopping');
    expect(report.evaluations).toHaveLength(5);
    expect(report.best?.epoch).toBe(3);
    expect(await weightsOf(model)).toEqual(await snapshots.at(-1));
  });

  it('evaluates without changing what comes after', async () => {
    const once = await fit({ epochs: 2, validation: toyRows(40, 2), earlyStopping: false });
    const often = await fit({ epochs: 2, validation: toyRows(40, 2), earlyStopping: false, evaluateEvery: 3 });
    expect(often.report.evaluations.map(({ step }) => step)).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30]);
    expect(await weightsOf(often.model)).toEqual(await weightsOf(once.model));
  });

  it('follows schedules of steps, given as functions or made before, and of the validation loss', async () => {
    const rates = async (schedule: (optimizer: AdamW) => ClassificationOptions['schedule']): Promise<number[]> => {
      const found: number[] = [];
      const model = new Toy();
      const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
      const made = schedule(optimizer);
      const watch: TrainerCallback = { onStep: ({ lr }) => void found.push(lr) };
      const options = {
        validation: toyRows(40, 2),
        earlyStopping: false,
        epochs: 2,
        optimizer,
        callbacks: [watch],
      } as const;
      await fit(made === undefined ? options : { ...options, schedule: made }, model);
      return found;
    };
    const curve = warmup(5, cosine({ steps: 25 }));
    const expected = Array.from({ length: 30 }, (_, i) => 1e-2 * curve(i));
    expect(await rates(() => curve)).toEqual(expected);
    expect(await rates((optimizer) => new LearningRate(optimizer, curve))).toEqual(expected);
    const cut = await rates((optimizer) => new ReduceOnPlateau(optimizer, { patience: 0, threshold: 10, factor: 0.5 }));
    expect(cut).toEqual(Array.from({ length: 30 }, (_, i) => (i < 15 ? 1e-2 : 5e-3)));
    expect(new Set(await rates(() => undefined))).toEqual(new Set([1e-2]));
  });

  it('waits for callbacks that give a promise, and stops where one of them fails', async () => {
    const seen: string[] = [];
    const slowly = (what: string) => async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.push(what);
    };
    const after = { onStep: () => void seen.push('next') };
    await fit({ steps: 2, callbacks: [{ onStep: slowly('step'), onEnd: slowly('end') }, after] });
    expect(seen).toEqual(['step', 'next', 'step', 'next', 'end']);
    const failing = {
      onStep: async (): Promise<void> => {
        throw new Error('no room');
      },
    };
    await expect(fit({ steps: 2, callbacks: [failing] })).rejects.toThrow('no room');
  });

  it('says what happens, in order', async () => {
    const events: string[] = [];
    const watch: TrainerCallback = {
      onStart: ({ steps, stepsPerEpoch }) => events.push(`start ${steps}/${stepsPerEpoch}`),
      onStep: ({ step }) => events.push(`step ${step}`),
      onEvaluation: ({ step }) => events.push(`evaluation ${step}`),
      onCheckpoint: ({ path }) => events.push(path),
      onEnd: ({ stoppedBy }) => events.push(stoppedBy),
    };
    await fit({
      train: toyRows(32, 1),
      validation: toyRows(8, 2),
      epochs: 1,
      callbacks: [watch],
      checkpoints: new Map(),
    });
    const saved = 'step-00000002';
    expect(events).toEqual(['start 2/2', 'step 1', 'step 2', 'evaluation 2', saved, saved, 'completed']);
  });
});

describe('a run that fails', () => {
  beforeEach(async () => {
    await collectGarbage();
    await init({ seed: 1 });
  });

  it('says so to its callbacks, throws, and frees what it held', async () => {
    const model = new Toy();
    const optimizer = new AdamW(model.parameters());
    const before = memory().buffers;
    const heard: unknown[] = [];
    const boom = new Error('boom');
    const breakDown = ({ step }: { readonly step: number }): void => {
      if (step === 3) throw boom;
    };
    const callbacks = [{ onStep: breakDown, onFailure: (error: unknown) => void heard.push(error) }];
    const trainer = new Trainer(model, { train: toyRows(40, 1), optimizer, batchSize: 4, callbacks, progress: 'none' });
    await expect(trainer.fit()).rejects.toBe(boom);
    expect(heard).toEqual([boom]);
    optimizer.dispose();
    expect(memory().buffers).toBe(before);
  });
});

describe('data', () => {
  beforeEach(() => init({ seed: 1 }));

  const csv = new TextEncoder().encode(
    'text,label\ngood good fine,pos\nbad bad poor,neg\nfine good,pos\npoor bad,neg\n',
  );
  const tokenizer = Tokenizer.train(['good fine bad poor'], { model: 'wordpiece', vocabSize: 100 });

  /** A model for any vocabulary: ids are folded into the toy's. */
  class Folded extends Toy {
    override forward(batch: LabelledBatch): Tensor {
      return super.forward({ ...batch, ids: batch.ids.map((id) => id % 12) });
    }
  }

  it('may be a file, rows, or anything that yields rows', async () => {
    const rows = [
      { text: 'good good fine', label: 'pos' },
      { text: 'bad bad poor', label: 'neg' },
      { text: 'fine good', label: 'pos' },
      { text: 'poor bad', label: 'neg' },
    ];
    async function* stream() {
      yield* rows;
    }
    const losses: (readonly number[])[] = [];
    for (const train of [csv, rows, new Set(rows), stream()]) {
      const model = new Folded();
      const trainer = new Trainer(model, {
        train,
        tokenizer: await tokenizer,
        columns: { format: 'csv' },
        optimizer: new AdamW(model.parameters()),
        epochs: 2,
        batchSize: 2,
        progress: 'none',
        seed: 1,
      });
      losses.push((await trainer.fit()).losses);
    }
    for (const other of losses) expect(other).toEqual(losses[0]);
  });

  it('is tokenized once, in the right rows, and cut to maxLength', async () => {
    const codec = await tokenizer;
    const seen: string[] = [];
    const lengths: number[] = [];
    const counting = {
      padId: codec.padId,
      encodeBatch: (texts: readonly string[], options: { readonly padding: true; readonly maxLength?: number }) => {
        seen.push(...texts);
        return codec.encodeBatch(texts, options);
      },
    };
    class Watching extends Folded {
      override forward(batch: LabelledBatch): Tensor {
        for (const [i, length] of batch.lengths.entries()) {
          const row = batch.ids.subarray(i * batch.shape[1], i * batch.shape[1] + length);
          const text = ['good fine', 'bad poor'][batch.labels[i]];
          expect([...row]).toEqual(codec.encode(text, { maxLength: 3 }).ids);
          lengths.push(length);
        }
        return super.forward(batch);
      }
    }
    const model = new Watching();
    const train = Array.from({ length: 600 }, (_, i) => ({ text: ['good fine', 'bad poor'][i % 2], label: i % 2 }));
    const optimizer = new AdamW(model.parameters());
    const trainer = new Trainer(model, {
      train,
      tokenizer: counting,
      optimizer,
      epochs: 2,
      maxLength: 3,
      progress: 'none',
    });
    await trainer.fit();
    await trainer.fit();
    expect(seen).toHaveLength(600);
    expect(Math.max(...lengths)).toBe(3);
  });

  it('evaluates other rows by the classes of the training part', async () => {
    const model = new Folded();
    const train = [
      { text: 'good', label: 'pos' },
      { text: 'bad', label: 'neg' },
    ];
    const optimizer = new AdamW(model.parameters(), { lr: 0.05 });
    const trainer = new Trainer(model, { train, tokenizer: await tokenizer, optimizer, epochs: 30, progress: 'none' });
    await trainer.fit();
    const { metrics, truth, predicted, probabilities } = await trainer.evaluate([
      { text: 'good', label: 'pos' },
      { text: 'good', label: 'pos' },
      { text: 'bad', label: 'neg' },
    ]);
    expect([...truth]).toEqual([1, 1, 0]);
    expect([...predicted]).toEqual([1, 1, 0]);
    expect(metrics['accuracy']).toBe(1);
    const loss = -Math.log(probabilities[0][1]) - Math.log(probabilities[1][1]) - Math.log(probabilities[2][0]);
    expect(metrics['loss']).toBeCloseTo(loss / 3, 6);
    expect(model.training).toBe(true);
  });

  it('adds metrics of one’s own, or takes them instead', async () => {
    const model = new Toy();
    const trainer = new Trainer(model, {
      train: toyRows(20, 1),
      optimizer: new AdamW(model.parameters()),
      metrics: (truth, probabilities, predicted) => ({
        rows: truth.length + predicted.length,
        loss: probabilities.length,
      }),
      progress: 'none',
    });
    const { metrics } = await trainer.evaluate(toyRows(10, 2));
    expect(metrics).toMatchObject({ rows: 20, loss: 10 });
    expect(metrics['accuracy']).toBeGreaterThanOrEqual(0);
  });
});

describe('a task of one’s own', () => {
  beforeEach(() => init({ seed: 1 }));

  it('fits a line', async () => {
    const model = new Linear({ inputs: 1, outputs: 1 });
    const rows = Array.from({ length: 64 }, (_, i) => ({ x: i / 64, y: (3 * i) / 64 - 1 }));
    const trainer = new Trainer(model, {
      train: rows,
      validation: rows.slice(0, 10),
      collate: (part) => ({ x: tensor(part.map((row) => [row.x])), y: tensor(part.map((row) => [row.y])) }),
      loss: (line, { x, y }) => mseLoss(line.call(x), y),
      predict: (line, { x }) => line.call(x),
      metrics: (predictions) => ({ largest: Math.max(...predictions.flatMap(({ values }) => [...values])) }),
      optimizer: new AdamW(model.parameters(), { lr: 0.05, weightDecay: 0 }),
      epochs: 200,
      batchSize: 16,
      earlyStopping: false,
      progress: 'none',
    });
    const { evaluations } = await trainer.fit();
    expect((await model.weight.data())[0]).toBeCloseTo(3, 2);
    expect(evaluations.at(-1)?.metrics['loss']).toBeLessThan(1e-4);
    expect(evaluations.at(-1)?.metrics['largest']).toBeCloseTo((3 * 9) / 64 - 1, 2);
  });
});
