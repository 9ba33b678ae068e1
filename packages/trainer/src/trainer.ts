// The Trainer: options in, a report out. The loop itself is in training-run.ts, what is learned in tasks/.
import { ArgumentError, backendInfo, manualSeed, resetPeak } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import type { JoinedCallbacks, TrainerCallback } from './callbacks.js';
import { Checkpoints, type Found } from './checkpoints/checkpoints.js';
import type { RunIdentity } from './checkpoints/run-state.js';
import { openStore } from './checkpoints/store.js';
import { type LabelledSource, readLabelledRows } from './data/rows.js';
import { evaluateItems } from './evaluate.js';
import {
  type ClassificationOptions,
  type CustomOptions,
  has,
  type RunSettings,
  requireOwned,
  settle,
} from './options.js';
import { showProgress } from './progress/progress.js';
import type { TrainingReport } from './report.js';
import { restoreRun, variantOf, variantWarning } from './restore.js';
import {
  type Classifier,
  classification,
  type LabelledBatch,
  type LabelledIds,
  type LabelledRow,
} from './tasks/classification.js';
import { customTask } from './tasks/custom.js';
import type { Evaluation, Parts, Task } from './tasks/task.js';
import { TrainingRun } from './training-run.js';

/**
 * Trains a model and evaluates it. Without functions of your own it trains a classifier on rows of text (or token ids) and
 * label; with `collate` and `loss` it trains anything.
 *
 * @example
 * ```ts
 * import { init, mseLoss, tensor } from '@heddle/tensor';
 * import { Linear } from '@heddle/tensor/nn';
 * import { AdamW } from '@heddle/tensor/optim';
 * import { Trainer } from '@heddle/trainer';
 *
 * await init({ seed: 1 });
 * const model = new Linear({ inputs: 1, outputs: 1 });
 * const train = Array.from({ length: 64 }, (_, i) => ({ x: i / 64, y: (3 * i) / 64 - 1 }));
 * const trainer = new Trainer(model, {
 *   train,
 *   collate: (rows) => ({ x: rows.map((row) => [row.x]), y: rows.map((row) => [row.y]) }),
 *   loss: (line, batch) => mseLoss(line.call(tensor(batch.x)), tensor(batch.y)),
 *   optimizer: new AdamW(model.parameters(), { lr: 0.1 }),
 *   epochs: 20,
 *   progress: 'none',
 * });
 * const { losses } = await trainer.fit();
 * console.log(losses.at(-1)); // close to 0
 * ```
 */
export class Trainer<M extends Module = Classifier, Row = LabelledRow | LabelledIds, Batch = LabelledBatch> {
  private readonly model: Module;
  private readonly options: ClassificationOptions | CustomOptions<M, Row, Batch>;
  private readonly task: Task<unknown, unknown, unknown>;
  private readonly settings: RunSettings;
  private prepared: Promise<Parts<unknown>> | null = null;

  /** A trainer of a classifier: rows of text, or of token ids, with a label. */
  constructor(model: M & Classifier, options: ClassificationOptions);
  /** A trainer of anything: `collate` puts rows into batches, `loss` says what to make small. */
  constructor(model: M, options: CustomOptions<M, Row, Batch>);
  constructor(model: M & Classifier, options: ClassificationOptions | CustomOptions<M, Row, Batch>) {
    if (!has(model, 'parameters', 'stateDict', 'train', 'eval'))
      throw new ArgumentError('Trainer', 'model', 'a module', typeof model);
    if (typeof options !== 'object' || options === null)
      throw new ArgumentError('Trainer', 'options', 'an object with train and optimizer', String(options));
    if (model.parameters().length === 0)
      throw new ArgumentError('Trainer', 'model', 'a module with parameters', 'none');
    this.model = model;
    this.options = options;
    this.task =
      'collate' in options ? customTask<M, Row, Batch>(model, options) : classification({ ...options, model });
    this.settings = settle(options, options.validation !== undefined);
    requireOwned(this.settings.optimizer, model);
  }

  /**
   * Trains until the steps are done, nothing gets better any more, or the signal goes off.
   *
   * @throws {TableError} where the rows can't be learned from.
   * @throws {CheckpointError} where `resume` finds nothing that fits, or a run that isn't finished would be overwritten.
   * @throws {NonFiniteError} where the loss is no number any more.
   * @throws {RunLost} where the GPU goes away; it has the last good state, and says how to go on.
   */
  async fit(): Promise<TrainingReport> {
    const { model, task, options, settings } = this;
    const data = await this.prepare();
    if (options.seed !== undefined) manualSeed(options.seed);
    const { batchSize, accumulate, seed, clip } = settings;
    const identity: RunIdentity = { data: task.fingerprint(data.train), batchSize, accumulate, seed, clip };
    const progress = await showProgress(options.progress ?? 'auto');
    const callback = joinCallbacks([...(progress === null ? [] : [progress]), ...(options.callbacks ?? [])]);
    const target = options.checkpoints ?? new Map<string, Uint8Array>();
    const writesCheckpoints = options.checkpoints !== undefined;
    // A GPU may go away with all that is on it.
    const mirrors = !writesCheckpoints && backendInfo().gpu !== undefined;
    const checkpoints = new Checkpoints(openStore(target), mirrors ? 1 : settings.keep);
    const parts = { model, task, data, identity, settings, checkpoints, writesCheckpoints, mirrors, target, callback };
    const run = new TrainingRun(parts);
    const found = await this.findCheckpoint(checkpoints, callback.onWarning);
    if (found !== null) {
      await restoreRun(checkpoints, found, identity, model, settings);
      await checkpoints.adopt(found);
      run.restore(found.state);
      const warning = variantWarning(found.state.variant, variantOf(backendInfo()));
      if (warning !== null) await callback.onWarning(warning);
    }
    resetPeak();
    return run.run(found === null ? null : checkpoints.store.path(found.folder));
  }

  /** Scores the model as it is on other rows. */
  async evaluate(data: LabelledSource<Row>, name = 'evaluate'): Promise<Evaluation> {
    const { model, task, settings } = this;
    // The classes are those of the training part.
    await this.prepare();
    const items = task.prepareOne(await this.rowsOf(data, name), name);
    const evaluation = await evaluateItems(model, task, items, settings.batchSize);
    if (evaluation === null) throw new ArgumentError('Trainer', 'evaluate', 'an evaluation that nobody stops');
    return evaluation;
  }

  /** Reads and tokenizes all parts, once. */
  private prepare(): Promise<Parts<unknown>> {
    this.prepared ??= this.readParts();
    return this.prepared;
  }

  private async readParts(): Promise<Parts<unknown>> {
    const { train, validation, test } = this.options;
    return this.task.prepare({
      train: await this.rowsOf(train, 'train'),
      validation: validation === undefined ? null : await this.rowsOf(validation, 'validation'),
      test: test === undefined ? null : await this.rowsOf(test, 'test'),
    });
  }

  private rowsOf(source: LabelledSource<unknown>, name: string): Promise<readonly unknown[]> {
    return readLabelledRows(source, name, 'columns' in this.options ? (this.options.columns ?? {}) : {});
  }

  private async findCheckpoint(checkpoints: Checkpoints, warn: JoinedCallbacks['onWarning']): Promise<Found | null> {
    const { resume = false } = this.options;
    if (typeof resume === 'string') return checkpoints.find(resume);
    if (resume) return checkpoints.findLatest(warn);
    await checkpoints.requireRoom();
    return null;
  }
}

/** One callback that calls all, in order, and waits for each. */
function joinCallbacks(callbacks: readonly TrainerCallback[]): JoinedCallbacks {
  const all = async (call: (callback: TrainerCallback) => unknown): Promise<void> => {
    for (const callback of callbacks) await call(callback);
  };
  return {
    onStart: (event) => all((c) => c.onStart?.(event)),
    onStep: (event) => all((c) => c.onStep?.(event)),
    onEvaluation: (event) => all((c) => c.onEvaluation?.(event)),
    onCheckpoint: (event) => all((c) => c.onCheckpoint?.(event)),
    onWarning: (sentence) => all((c) => c.onWarning?.(sentence)),
    onEnd: (report) => all((c) => c.onEnd?.(report)),
    onFailure: (error) => all((c) => c.onFailure?.(error)),
  };
}
