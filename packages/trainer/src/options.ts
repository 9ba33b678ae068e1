// What a Trainer may be told, and what that means where nothing is said.
import { ArgumentError, defaultGenerator, type Generator, type Tensor } from '@heddle/tensor';
import type { Module, Parameter } from '@heddle/tensor/nn';
import { LearningRate, type OptimizerState, ReduceOnPlateau, type Schedule } from '@heddle/tensor/optim';
import type { TrainerCallback } from './callbacks.js';
import type { CheckpointTarget } from './checkpoints/store.js';
import type { ReadTableOptions } from './data/read-table.js';
import type { LabelledSource, RowSource } from './data/rows.js';
import type { ProgressStyle } from './progress/progress.js';
import type { Classifier, LabelledBatch, LabelledIds, LabelledRow } from './tasks/classification.js';
import type { Scorers } from './tasks/classification-scorer.js';
import type { CustomTask } from './tasks/custom.js';
import type { TextCodec } from './text-codec.js';

/** What the trainer needs of an optimizer. */
export interface TrainerOptimizer {
  readonly lr: number;
  readonly groups: readonly { settings: { readonly lr: number }; readonly params?: readonly Parameter[] }[];
  step(): void;
  zeroGrad(): void;
  stateDict(): OptimizerState;
  loadStateDict(state: OptimizerState): void;
}

/** When to stop before the end. */
export interface EarlyStopping {
  /** Evaluations without progress that are waited out. */
  readonly patience: number;
  /** Name of a validation metric: `loss` where nothing is said. */
  readonly metric?: string;
  /** Whether less or more is better; told by the metric's name where nothing is said. */
  readonly mode?: 'min' | 'max';
}

/** Settings of the run itself, whatever is learned. */
export interface RunOptions {
  readonly optimizer: TrainerOptimizer;
  /** Steers the learning rate: a factor by step, an object already made, or one that watches the validation loss. */
  readonly schedule?: Schedule | LearningRate | ReduceOnPlateau;
  /** Passes over the training rows: 3 where neither this nor `steps` is said. */
  readonly epochs?: number;
  /** Optimizer steps at most. */
  readonly steps?: number;
  /** Rows that go through the model at once: 32 where nothing is said. */
  readonly batchSize?: number;
  /** Batches whose gradients make up one step: 1 where nothing is said. A step has `batchSize · accumulate` rows. */
  readonly accumulate?: number;
  /** Greatest joint norm of the gradients; null for any: 1 where nothing is said. */
  readonly clip?: number | null;
  /** Seed of the order of rows and of dropout; `init`'s where nothing is said. */
  readonly seed?: number;
  /**
   * Generators of your own that `collate` or `loss` draw from. Checkpoints hold where they stand, as they do of the default
   * one and of those that the model's modules were given.
   */
  readonly generators?: readonly Generator[];
  /** Where checkpoints go: a folder, or a map in memory. None are written where nothing is said. */
  readonly checkpoints?: CheckpointTarget;
  /** Checkpoints that stay: 2 where nothing is said. */
  readonly keep?: number;
  /** Steps between checkpoints, beside those at each evaluation or epoch. */
  readonly checkpointEvery?: number;
  /**
   * Goes on from the newest whole checkpoint in `checkpoints`, or from the one at a path. The run ends as if it had never
   * stopped, bit for bit.
   */
  readonly resume?: boolean | string;
  /** Steps between evaluations: one an epoch where nothing is said. */
  readonly evaluateEvery?: number;
  /**
   * Stops when the validation metric gets no better, and restores the best weights in the end. Where there is a validation
   * part, `{ patience: 3, metric: 'loss' }` unless something else is said; false turns it off.
   */
  readonly earlyStopping?: EarlyStopping | false;
  readonly callbacks?: readonly TrainerCallback[];
  /** Stops after the step that runs, and writes a checkpoint. `stopOnInterrupt()` gives one for Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Looks at every loss and gradient at once: slow, but says where a NaN comes from. */
  readonly anomaly?: boolean;
  /** Steps between readings of the loss: 10 where nothing is said. */
  readonly logEvery?: number;
  /** A bar on a terminal and lines elsewhere (`auto`), one of the two, or nothing. */
  readonly progress?: ProgressStyle;
}

/** Options of a Trainer for classifiers: rows of text or token ids, with a label. */
export interface ClassificationOptions extends RunOptions, Scorers {
  readonly train: LabelledSource<LabelledRow | LabelledIds>;
  readonly validation?: LabelledSource<LabelledRow | LabelledIds>;
  /** Evaluated once, after training. */
  readonly test?: LabelledSource<LabelledRow | LabelledIds>;
  /** Needed where rows hold texts. */
  readonly tokenizer?: TextCodec;
  /** Tokens of a row at most; what the model's config says where nothing is said. */
  readonly maxLength?: number;
  /** Names of the classes by index; the model's own, else those found in the training rows, where nothing is said. */
  readonly labels?: readonly string[];
  /** Columns and format, where a part is a file. */
  readonly columns?: ReadTableOptions;
  /** The mean loss of a batch; cross-entropy where nothing is said. */
  readonly loss?: (model: Classifier, batch: LabelledBatch) => Tensor;
}

/** Options of a Trainer for anything with a loss. */
export interface CustomOptions<M extends Module, Row, Batch> extends RunOptions, CustomTask<M, Row, Batch> {
  readonly train: RowSource<Row>;
  readonly validation?: RowSource<Row>;
  /** Evaluated once, after training. */
  readonly test?: RowSource<Row>;
}

/** Settings of a run with nothing left open. */
export interface RunSettings {
  readonly optimizer: TrainerOptimizer;
  readonly schedule: LearningRate | ReduceOnPlateau | null;
  readonly epochs: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly accumulate: number;
  readonly clip: number | null;
  readonly seed: number;
  readonly generators: readonly Generator[];
  readonly keep: number;
  readonly checkpointEvery: number;
  readonly evaluateEvery: number | null;
  readonly earlyStopping: Required<EarlyStopping> | null;
  readonly signal: AbortSignal | null;
  readonly anomaly: boolean;
  readonly logEvery: number;
}

/** Metrics of which less is better. */
const lessIsBetter = /loss|error|perplexity/i;

/**
 * Checks the options and fills in what isn't said.
 *
 * @throws {ArgumentError} naming the option that makes no sense.
 */
export function settle(options: RunOptions, hasValidation: boolean): RunSettings {
  const whole = (name: string, value: number): number => {
    if (Number.isInteger(value) && value >= 1) return value;
    throw new ArgumentError('Trainer', name, 'a whole number of at least 1', String(value));
  };
  const { optimizer, clip = 1, steps, epochs, seed, signal } = options;
  if (!has(optimizer, 'step', 'zeroGrad', 'stateDict', 'loadStateDict')) {
    throw new ArgumentError('Trainer', 'optimizer', "an optimizer of the model's parameters", typeof optimizer);
  }
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new ArgumentError('Trainer', 'seed', 'a whole number in [0, 2^53)', String(seed));
  }
  if (signal !== undefined && !has(signal, 'addEventListener', 'throwIfAborted')) {
    throw new ArgumentError('Trainer', 'signal', 'an AbortSignal', typeof signal);
  }
  if (options.checkpoints !== undefined && !isTarget(options.checkpoints)) {
    throw new ArgumentError(
      'Trainer',
      'checkpoints',
      'the path of a folder, or a Map',
      `'${String(options.checkpoints)}'`,
    );
  }
  if (!['auto', 'bar', 'lines', 'none'].includes(options.progress ?? 'auto')) {
    throw new ArgumentError('Trainer', 'progress', 'auto, bar, lines or none', String(options.progress));
  }
  requireCallbacks(options.callbacks ?? []);
  const { generators = [] } = options;
  if (!Array.isArray(generators) || !generators.every((one) => has(one, 'state', 'restore')))
    throw new ArgumentError('Trainer', 'generators', 'a list of Generators', typeof generators);
  if (clip !== null && !(clip > 0)) throw new ArgumentError('Trainer', 'clip', 'a norm above 0, or null', String(clip));
  if (!['boolean', 'string', 'undefined'].includes(typeof (options.resume ?? undefined)))
    throw new ArgumentError('Trainer', 'resume', 'true, false or the path of a checkpoint', typeof options.resume);
  if (options.resume !== undefined && options.resume !== false && options.checkpoints === undefined) {
    throw new ArgumentError('Trainer', 'resume', 'a folder in checkpoints beside it', 'none');
  }
  const schedule = scheduleOf(options);
  if (schedule !== null && watchesMetric(schedule) && !hasValidation) {
    throw new ArgumentError('Trainer', 'schedule', 'a validation part for ReduceOnPlateau to watch', 'none');
  }
  const stopping = options.earlyStopping ?? (hasValidation ? { patience: 3 } : false);
  if (options.earlyStopping && !hasValidation) {
    throw new ArgumentError('Trainer', 'earlyStopping', 'a validation part to watch', 'none');
  }
  return {
    optimizer,
    schedule,
    epochs: whole('epochs', epochs ?? (steps === undefined ? 3 : Number.MAX_SAFE_INTEGER)),
    steps: whole('steps', steps ?? Number.MAX_SAFE_INTEGER),
    batchSize: whole('batchSize', options.batchSize ?? 32),
    accumulate: whole('accumulate', options.accumulate ?? 1),
    clip,
    seed: seed ?? defaultGenerator().seed,
    generators,
    keep: whole('keep', options.keep ?? 2),
    checkpointEvery: whole('checkpointEvery', options.checkpointEvery ?? Number.MAX_SAFE_INTEGER),
    evaluateEvery: options.evaluateEvery === undefined ? null : whole('evaluateEvery', options.evaluateEvery),
    earlyStopping: stopping === false ? null : settleStopping(stopping),
    signal: signal ?? null,
    anomaly: options.anomaly ?? false,
    logEvery: whole('logEvery', options.logEvery ?? 10),
  };
}

/**
 * Checks that a model holds what an optimizer trains: clipping, checkpoints and the best weights are of the model's.
 *
 * @throws {ArgumentError} such as for an adapter's optimizer beside the model that the adapter stands beside.
 */
export function requireOwned({ groups }: TrainerOptimizer, model: Module): void {
  const own = new Set(model.parameters());
  const others = groups.flatMap(({ params = [] }) => params.filter((p) => !own.has(p))).length;
  if (others === 0) return;
  const expected = "one of the model's own parameters: of an adapter, give the adapter as the model";
  throw new ArgumentError('Trainer', 'optimizer', expected, `${others} others`);
}

function settleStopping({ patience, metric = 'loss', mode }: EarlyStopping): Required<EarlyStopping> {
  if (!(Number.isInteger(patience) && patience >= 1)) {
    throw new ArgumentError('Trainer', 'earlyStopping.patience', 'a whole number of at least 1', String(patience));
  }
  if (mode !== undefined && mode !== 'min' && mode !== 'max') {
    throw new ArgumentError('Trainer', 'earlyStopping.mode', "'min' or 'max'", String(mode));
  }
  return { patience, metric, mode: mode ?? (lessIsBetter.test(metric) ? 'min' : 'max') };
}

function scheduleOf({ schedule, optimizer }: RunOptions): LearningRate | ReduceOnPlateau | null {
  if (schedule === undefined) return null;
  if (typeof schedule === 'function') return new LearningRate(optimizer, schedule);
  if (has(schedule, 'step', 'state', 'restore')) return schedule;
  const expected = 'a function from step to factor, a LearningRate or a ReduceOnPlateau';
  throw new ArgumentError('Trainer', 'schedule', expected, typeof schedule);
}

function requireCallbacks(callbacks: unknown): void {
  if (Array.isArray(callbacks) && callbacks.every(hearsOnly)) return;
  throw new ArgumentError('Trainer', 'callbacks', 'a list of objects with functions such as onStep', typeof callbacks);
}

const heard = ['onStart', 'onStep', 'onEvaluation', 'onCheckpoint', 'onWarning', 'onEnd', 'onFailure'] as const;

/** Whether what a callback has under the names of events are functions. */
function hearsOnly(callback: unknown): boolean {
  if (typeof callback !== 'object' || callback === null) return false;
  return heard.every((name) => ['function', 'undefined'].includes(typeof Reflect.get(callback, name)));
}

function isTarget(target: unknown): boolean {
  return target instanceof Map || (typeof target === 'string' && target !== '');
}

/** Whether a value is an object with these methods. */
export function has(value: unknown, ...methods: readonly string[]): boolean {
  const isObject = typeof value === 'object' && value !== null;
  return isObject && methods.every((name) => typeof Reflect.get(value, name) === 'function');
}

/** Whether the schedule watches evaluations, not steps. */
export function watchesMetric(schedule: LearningRate | ReduceOnPlateau): schedule is ReduceOnPlateau {
  return schedule instanceof ReduceOnPlateau;
}
