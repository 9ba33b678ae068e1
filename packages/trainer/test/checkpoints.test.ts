// Runs that are stopped anywhere and gone on with end as if they had never been; damaged, foreign and unfinished checkpoints.
import fs, { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { init, manualSeed, memory } from '@heddle/tensor';
import { WriteError } from '@heddle/tensor/io';
import { AdamW, cosine, ReduceOnPlateau, SGD, warmup } from '@heddle/tensor/optim';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CheckpointError,
  type ClassificationOptions,
  NonFiniteError,
  Trainer,
  type TrainingReport,
} from '../src/index.js';
import { collectGarbage, Toy, toyRows, weightsOf } from './toy.js';

const ROWS = toyRows(40, 1);
const HELD = toyRows(16, 2);

beforeEach(() => init({ backend: 'wasm', threads: 1 }));
afterEach(() => vi.restoreAllMocks());

type Options = Partial<ClassificationOptions> & { readonly stopAt?: number };

interface Ended {
  readonly report: TrainingReport;
  readonly weights: Record<string, number[]>;
}

/** A run of a fresh program: new model, new optimizer, a generator in some other place. */
async function run({ stopAt, callbacks = [], ...options }: Options = {}, model = new Toy({ seed: 5 })): Promise<Ended> {
  manualSeed(999).bits(17);
  const controller = new AbortController();
  if (stopAt === 0) controller.abort();
  const trainer = new Trainer(model, {
    train: ROWS,
    validation: HELD,
    optimizer: new AdamW(model.parameters(), { lr: 1e-2 }),
    schedule: warmup(3, cosine({ steps: 12 })),
    epochs: 3,
    batchSize: 4,
    accumulate: 2,
    seed: 11,
    evaluateEvery: 4,
    signal: controller.signal,
    callbacks: [{ onStep: ({ step }) => step === stopAt && controller.abort() }, ...callbacks],
    progress: 'none',
    ...options,
  });
  const report = await trainer.fit();
  return { report, weights: await weightsOf(model) };
}

/** What has to be the same whether a run was stopped or not. */
function outcome({ report, weights }: Ended): object {
  const { steps, epochs, losses, evaluations, best, stoppedBy } = report;
  return { steps, epochs, losses, evaluations, best, stoppedBy, weights };
}

describe('a run that is stopped and gone on with ends with the same bytes', () => {
  it('at every step', async () => {
    const whole = await run({ checkpoints: new Map() });
    expect(whole.report.steps).toBe(15);
    for (let stopAt = 0; stopAt <= 15; stopAt++) {
      const checkpoints = new Map<string, Uint8Array>();
      const first = await run({ checkpoints, stopAt });
      expect(first.report.stoppedBy).toBe('signal');
      expect(first.report.steps).toBe(stopAt);
      const second = await run({ checkpoints, resume: true });
      expect(second.report.resumedFrom).toContain(`step-${String(stopAt).padStart(8, '0')}`);
      expect(outcome(second)).toEqual(outcome(whole));
    }
  });

  it('stopped again after each single step, on a disk', async () => {
    const whole = await run();
    const checkpoints = await mkdtemp(join(tmpdir(), 'heddle-'));
    let last = await run({ checkpoints, stopAt: 1 });
    for (let stopAt = 2; stopAt <= 15; stopAt++) last = await run({ checkpoints, stopAt, resume: true });
    last = await run({ checkpoints, resume: true });
    expect(outcome(last)).toEqual(outcome(whole));
    // Two checkpoints and the weights that they call the best; nothing half-written.
    const left = await readdir(checkpoints);
    expect(left.filter((name) => name.startsWith('step-'))).toEqual(['step-00000014', 'step-00000015']);
    expect(left.filter((name) => !/^(step|best)-/.test(name))).toEqual([]);
    expect(left.length).toBeLessThanOrEqual(4);
  });

  it('with other optimizers, schedules and endings', async () => {
    const cases: ((model: Toy) => Options)[] = [
      (model) => ({ optimizer: new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 }) }),
      (model) => {
        const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
        return { optimizer, schedule: new ReduceOnPlateau(optimizer, { patience: 0, threshold: 0.5 }) };
      },
      () => ({ earlyStopping: { patience: 1, metric: 'macroF1' }, epochs: 6 }),
      () => ({ earlyStopping: false, accumulate: 1 }),
      () => ({ steps: 9 }),
    ];
    for (const options of cases) {
      const fresh = (more: Options): Promise<Ended> => {
        const model = new Toy({ seed: 5 });
        return run({ ...options(model), ...more }, model);
      };
      const whole = await fresh({});
      for (const stopAt of [2, 4, 7]) {
        const checkpoints = new Map<string, Uint8Array>();
        await fresh({ checkpoints, stopAt });
        expect(outcome(await fresh({ checkpoints, resume: true }))).toEqual(outcome(whole));
      }
    }
  });

  it('when it is not stopped but killed: from the last checkpoint before', async () => {
    const whole = await run();
    const checkpoints = new Map<string, Uint8Array>();
    const crash = {
      onStep: ({ step }: { readonly step: number }) => {
        if (step === 11) throw new Error('killed');
      },
    };
    const before = new Map<string, Uint8Array>();
    await expect(run({ checkpoints, checkpointEvery: 3, callbacks: [crash] })).rejects.toThrow('killed');
    for (const [name, bytes] of checkpoints) before.set(name, bytes);
    const resumed = await run({ checkpoints: before, resume: true });
    expect(resumed.report.resumedFrom).toContain('step-00000010');
    expect(outcome(resumed)).toEqual(outcome(whole));
  });

  it('when more epochs are asked for after the end', async () => {
    const constant = { schedule: () => 1, earlyStopping: false } as const;
    const whole = await run({ ...constant, epochs: 4 });
    const checkpoints = new Map<string, Uint8Array>();
    await run({ ...constant, epochs: 2, checkpoints });
    const resumed = await run({ ...constant, epochs: 4, checkpoints, resume: true });
    expect(resumed.weights).toEqual(whole.weights);
  });

  it('from an older checkpoint, by name', async () => {
    const whole = await run();
    const checkpoints = await mkdtemp(join(tmpdir(), 'heddle-'));
    await run({ checkpoints, keep: 100, checkpointEvery: 1 });
    const resumed = await run({ checkpoints, keep: 100, resume: join(checkpoints, 'step-00000006') });
    expect(resumed.report.resumedFrom).toBe(join(checkpoints, 'step-00000006'));
    expect(outcome(resumed)).toEqual(outcome(whole));
    const missing = run({ checkpoints, resume: 'step-00000099' });
    await expect(missing).rejects.toMatchObject({ name: 'CheckpointError', problem: 'missing' });
  });
});

describe('a checkpoint', () => {
  const warnings: string[] = [];
  const heed = { onWarning: (sentence: string) => void warnings.push(sentence) };
  beforeEach(() => {
    warnings.length = 0;
  });

  it('of another variant of the backend is gone on with, and said; of the same one silently', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    await init({ backend: 'wasm', threads: 1, simd: 'plain', blas: 'off' });
    await run({ checkpoints, stopAt: 3, callbacks: [heed] });
    await init({ backend: 'wasm', threads: 2, simd: 'plain', blas: 'off' });
    await run({ checkpoints, stopAt: 5, resume: true, callbacks: [heed] });
    expect(warnings).toEqual([]);
    await init({ backend: 'reference' });
    const { report } = await run({ checkpoints, resume: true, callbacks: [heed] });
    expect(report.steps).toBe(15);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/was computed on wasm, plain SIMD, no BLAS and goes on with reference/);
  });

  it.each([
    [
      'model.safetensors',
      'a bit flipped',
      (b: Uint8Array) => b.with(b.length - 1, b[b.length - 1] ^ 1),
      'SHA-256 differs',
    ],
    ['optimizer.safetensors', 'cut off', (b: Uint8Array) => b.slice(0, b.length / 2), 'SHA-256 differs'],
    ['state', 'a bit flipped', (b: Uint8Array) => b.with(200, b[200] ^ 1), 'state is missing or was changed'],
    ['state', 'empty', () => new Uint8Array(0), 'state is missing or was changed'],
    ['model.safetensors', 'missing', () => null, 'model.safetensors is missing'],
  ])('whose %s is damaged (%s) is passed over, and the one before is used', async (file, _, damage, problem) => {
    const whole = await run();
    const checkpoints = new Map<string, Uint8Array>();
    await run({ checkpoints, stopAt: 9 });
    const path = `step-00000009/${file}`;
    const bytes = damage(checkpoints.get(path) ?? expect.fail(path));
    if (bytes === null) checkpoints.delete(path);
    else checkpoints.set(path, bytes);
    const resumed = await run({ checkpoints, resume: true, callbacks: [heed] });
    expect(resumed.report.resumedFrom).toBe('step-00000008');
    expect(outcome(resumed)).toEqual(outcome(whole));
    expect(warnings[0]).toContain(`step-00000009 is damaged and passed over: `);
    expect(warnings[0]).toContain(problem);
    expect(warnings[1]).toContain('going on from step-00000008');
  });

  it.each(['state', 'model.safetensors', 'optimizer.safetensors', ''])(
    'of which step-00000009/%s is a folder for a file, or a file for a folder, is passed over',
    async (file) => {
      const checkpoints = await mkdtemp(join(tmpdir(), 'heddle-'));
      await run({ checkpoints, stopAt: 9 });
      const path = join(checkpoints, 'step-00000009', file);
      await rm(path, { recursive: true });
      await (file === '' ? writeFile(path, 'a file') : mkdir(path));
      const resumed = await run({ checkpoints, resume: true, callbacks: [heed] });
      expect(resumed.report.resumedFrom).toBe(join(checkpoints, 'step-00000008'));
      expect(outcome(resumed)).toEqual(outcome(await run()));
    },
  );

  it('is not replaced by a fresh start where all are damaged, or the one that was named', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    await run({ checkpoints, stopAt: 9 });
    for (const name of checkpoints.keys()) if (name.endsWith('state')) checkpoints.set(name, new Uint8Array(9));
    const before = new Map(checkpoints);
    await expect(run({ checkpoints, resume: true })).rejects.toThrow('all 2 checkpoints are damaged');
    await expect(run({ checkpoints, resume: 'step-00000009' })).rejects.toThrow('state is missing or was changed');
    expect(checkpoints).toEqual(before);
  });

  it('stays whole when the disk is full while the next is written', async () => {
    const checkpoints = await mkdtemp(join(tmpdir(), 'heddle-'));
    await run({ checkpoints, stopAt: 3 });
    const files = async () => (await readdir(checkpoints, { recursive: true })).sort();
    const before = await files();
    const open = fs.open;
    vi.spyOn(fs, 'open').mockImplementation(async (path, ...rest) => {
      if (rest[0] === 'w' && String(path).includes('optimizer'))
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return open(path, ...rest);
    });
    const failure = await run({ checkpoints, resume: true, stopAt: 5 }).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(WriteError);
    expect((failure as Error).message).toContain('the disk is full');
    vi.restoreAllMocks();
    expect((await files()).filter((name) => !name.startsWith('best'))).toEqual(before);
    expect(outcome(await run({ checkpoints, resume: true }))).toEqual(outcome(await run()));
  });

  it.each([
    ['mkdir', 'EROFS', 'the disk is read-only'],
    ['rename', 'EACCES', 'no permission to write here'],
  ] as const)('stays whole where %s fails with %s', async (name, code, sentence) => {
    const checkpoints = await mkdtemp(join(tmpdir(), 'heddle-'));
    await run({ checkpoints, stopAt: 3 });
    const fail = async (): Promise<never> => {
      throw Object.assign(new Error(code), { code });
    };
    vi.spyOn(fs, name).mockImplementation(fail);
    const failure = await run({ checkpoints, resume: true, stopAt: 5 }).catch((e: unknown) => e);
    vi.restoreAllMocks();
    expect(failure).toBeInstanceOf(WriteError);
    expect((failure as Error).message).toContain(sentence);
    expect(outcome(await run({ checkpoints, resume: true }))).toEqual(outcome(await run()));
  });

  it('of another model is refused, and nothing changes', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    await run({ checkpoints, stopAt: 3 });
    const other = new Toy({ classes: 3 });
    const before = await weightsOf(other);
    const error = await run({ checkpoints, resume: true }, other).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({ problem: 'other-model' });
    expect((error as Error).message).toContain('down.weight: expected [3, 8], got [2, 8]');
    expect(await weightsOf(other)).toEqual(before);
  });

  it('of another optimizer, dataset, setting or schedule is refused by name', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    await run({ checkpoints, stopAt: 3 });
    const refusal = async (options: Options, model = new Toy({ seed: 5 })): Promise<string> => {
      const error = await run({ checkpoints, resume: true, ...options }, model).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(CheckpointError);
      return (error as Error).message;
    };
    const model = new Toy({ seed: 5 });
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    expect(await refusal({ optimizer }, model)).toContain('optimizer: expected one with the settings');
    expect(await refusal({ batchSize: 8, seed: 3 })).toContain('batchSize was 4 and is 8; seed was 11 and is 3');
    expect(await refusal({ train: toyRows(40, 7) })).toContain('data was 40 rows');
    const last = new Toy({ seed: 5 });
    const bare = { train: ROWS, batchSize: 4, accumulate: 2, seed: 11, progress: 'none', resume: true } as const;
    const trainer = new Trainer(last, { ...bare, checkpoints, optimizer: new AdamW(last.parameters()) });
    await expect(trainer.fit()).rejects.toThrow('was written with a schedule, and this run is without one');
  });

  it('of a run that is not finished is not overwritten; of a finished one it is', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    await run({ checkpoints, stopAt: 3 });
    const before = new Map(checkpoints);
    const error = await run({ checkpoints }).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'CheckpointError', problem: 'unfinished-run' });
    expect((error as Error).message).toContain('resume: true');
    expect(checkpoints).toEqual(before);
    await run({ checkpoints, resume: true });
    const again = await run({ checkpoints, stopAt: 1 });
    expect(again.report.resumedFrom).toBeNull();
    expect([...new Set([...checkpoints.keys()].map((name) => name.split('/')[0]))]).toEqual(['step-00000001']);
  });

  it('of a finished run stays where the next one is stopped before its first step', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    const ended = await run({ checkpoints });
    const files = new Map(checkpoints);
    const { report } = await run({ checkpoints, stopAt: 0 });
    expect(report).toMatchObject({ stoppedBy: 'signal', steps: 0, checkpoint: null });
    expect(checkpoints).toEqual(files);
    expect(outcome(await run({ checkpoints, resume: true }))).toEqual(outcome(ended));
  });

  it('of a run that is stopped while it is tested gives the test when it is gone on with', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    const controller = new AbortController();
    const model = new Toy({ seed: 5 });
    let testing = false;
    model.registerForwardHook(() => testing && controller.abort());
    const test = toyRows(16, 3);
    const callbacks = [{ onCheckpoint: ({ step }: { readonly step: number }) => (testing = step === 15) }];
    const stopped = await run({ checkpoints, test, callbacks, signal: controller.signal, earlyStopping: false }, model);
    expect(stopped.report).toMatchObject({ stoppedBy: 'signal', steps: 15, test: null });
    const resumed = await run({ checkpoints, test, resume: true, earlyStopping: false });
    expect(outcome(resumed)).toEqual(outcome(await run({ test, earlyStopping: false })));
    expect(resumed.report.test).toEqual((await run({ test, earlyStopping: false })).report.test);
  });

  it('may be asked for where there is none yet: then the run begins', async () => {
    const { report } = await run({ checkpoints: new Map(), resume: true });
    expect(report.resumedFrom).toBeNull();
    expect(report.steps).toBe(15);
    await expect(run({ resume: true })).rejects.toThrow('resume: expected a folder in checkpoints');
  });

  it('of a finished run gives its report and its best weights again, without a step', async () => {
    const checkpoints = new Map<string, Uint8Array>();
    const first = await run({ checkpoints });
    const steps: number[] = [];
    const again = await run({
      checkpoints,
      resume: true,
      callbacks: [{ onStep: ({ step }) => void steps.push(step) }],
    });
    expect(steps).toEqual([]);
    expect(outcome(again)).toEqual(outcome(first));
  });

  it('in a place that is a file is refused', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'heddle-')), 'a');
    await writeFile(file, 'mine');
    for (const checkpoints of [file, join(file, 'b')]) {
      const refused = { name: 'CheckpointError', problem: 'no-folder', path: checkpoints };
      await expect(run({ checkpoints })).rejects.toMatchObject(refused);
    }
    expect(await readFile(file, 'utf8')).toBe('mine');
  });
});

describe('a loss that is no number', () => {
  /** Weights explode: the rate is beyond reason from the sixth step on. */
  const exploding = (step: number): number => (step < 5 ? 1 : 1e38);

  it('is found at the next logging step, names step and parameter, and the last good checkpoint stays', async () => {
    await collectGarbage();
    const checkpoints = new Map<string, Uint8Array>();
    const before = memory().buffers;
    const model = new Toy({ seed: 5 });
    const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
    const options = {
      optimizer,
      schedule: exploding,
      checkpoints,
      logEvery: 4,
      clip: null,
      epochs: 9,
      evaluateEvery: 100,
    };
    const error = await run({ ...options, checkpointEvery: 4 }, model).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject({
      step: 7,
      place: 'parameter',
      parameter: 'embedding.weight',
      checkpoint: 'step-00000005',
    });
    expect((error as Error).message).toMatch(/the loss of step 7 is .*embedding\.weight.*step-00000005/);
    optimizer.dispose();
    model.dispose();
    expect(memory().buffers).toBe(before);
    // The checkpoint is one to go on from.
    const { report } = await run({ checkpoints, clip: null, resume: true, stopAt: 6 });
    expect(report.losses.every(Number.isFinite)).toBe(true);
  });

  it('is found at once with anomaly: true, before the weights change', async () => {
    const model = new Toy({ seed: 5 });
    let steps = 0;
    model.up.weight.registerHook((g) => (++steps === 5 ? g.mul(Number.NaN) : undefined));
    let weights: Record<string, number[]> = {};
    const watch = {
      onStep: async () => {
        weights = await weightsOf(model);
      },
    };
    const error = await run(
      { accumulate: 1, anomaly: true, callbacks: [{ onStep: () => void watch.onStep() }] },
      model,
    ).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'NonFiniteError', step: 5, place: 'gradient', parameter: 'up.weight' });
    expect(await weightsOf(model)).toEqual(weights);
  });
});

describe('callbacks that throw', () => {
  const names = ['onStart', 'onStep', 'onEvaluation', 'onCheckpoint', 'onEnd'] as const;
  it.each(names)('%s: the run fails by it, and goes on from its checkpoint to the same end', async (name) => {
    const unbroken = await run();
    for (const nth of name === 'onStart' || name === 'onEnd' ? [1] : [1, 2, 3]) {
      const checkpoints = new Map<string, Uint8Array>();
      const failures: unknown[] = [];
      const mine = new Error('mine');
      let calls = 0;
      const thrower = {
        [name]: () => void (++calls === nth && raise(mine)),
        onFailure: (e: unknown) => failures.push(e),
      };
      await expect(run({ checkpoints, callbacks: [thrower] })).rejects.toBe(mine);
      expect(failures).toEqual([mine]);
      expect(outcome(await run({ checkpoints, resume: true }))).toEqual(outcome(unbroken));
    }
  });
});

function raise(error: Error): never {
  throw error;
}

it('refuses a checkpoint of another kind of schedule before anything changes', async () => {
  const checkpoints = new Map<string, Uint8Array>();
  await run({ checkpoints, stopAt: 5 });
  const files = new Map(checkpoints);
  const model = new Toy({ seed: 6 });
  const before = await weightsOf(model);
  const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
  const options = { checkpoints, resume: true, optimizer, schedule: new ReduceOnPlateau(optimizer) };
  await expect(run(options, model)).rejects.toMatchObject({ name: 'CheckpointError', problem: 'other-run' });
  expect(await weightsOf(model)).toEqual(before);
  expect(optimizer.lr).toBe(1e-2);
  expect(checkpoints).toEqual(files);
});
