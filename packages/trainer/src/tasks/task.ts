// What a training run needs to know of what is learned: how rows become batches, batches a loss, and outputs scores.
import { ArgumentError, type Tensor } from '@heddle/tensor';

/** Numbers by name, such as `{ loss: 0.3, accuracy: 0.9 }`. */
export type Metrics = Readonly<Record<string, number>>;

/**
 * What a program's own scores are, or nothing.
 *
 * @throws {ArgumentError} where they aren't numbers by name, such as a promise of them, which would say nothing.
 */
export function ownMetrics(found: Metrics | undefined): Metrics {
  if (found === undefined) return {};
  const isRecord = typeof found === 'object' && found !== null && !('then' in found);
  if (isRecord && Object.values(found).every((value) => typeof value === 'number')) return found;
  const got = isRecord ? JSON.stringify(found) : typeof found;
  throw new ArgumentError('Trainer', 'metrics', 'a function that gives numbers by name, at once', got);
}

/** The parts of a dataset; only the first must be there. */
export interface Parts<Row> {
  readonly train: readonly Row[];
  readonly validation: readonly Row[] | null;
  readonly test: readonly Row[] | null;
}

/** What an evaluation found. `truth`, `predicted` and `probabilities` run in parallel, in the order of the rows. */
export interface Evaluation {
  readonly metrics: Metrics;
  /** Index of each row's true class; empty where the task isn't classification, as are the next two. */
  readonly truth: Int32Array;
  readonly predicted: Int32Array;
  readonly probabilities: readonly Float32Array[];
}

/** Collects what a model says of batches, and scores it. */
export interface Scorer<Batch> {
  /** Runs the model on a batch and returns what is to be read. Called without a graph, in evaluation mode. */
  outputs(batch: Batch): readonly Tensor[];
  /** Takes in what was read. `rows` are the indices of the batch's rows in the dataset. */
  add(batch: Batch, outputs: readonly Float32Array[], rows: readonly number[]): void;
  finish(): Evaluation;
}

/**
 * A kind of training. `Item` is a row that is ready to be put into batches, text tokenized once and for all.
 */
export interface Task<Row, Item, Batch> {
  /** Readies all parts at once, and throws a typed error for what can't be learned from. */
  prepare(parts: Parts<Row>): Parts<Item>;
  /** Readies rows for evaluation alone. */
  prepareOne(rows: readonly Row[], name: string): readonly Item[];
  /** Whether batches are made of items of like length. */
  readonly bucketed: boolean;
  lengthOf(item: Item): number;
  collate(items: readonly Item[]): Batch;
  /** Loss of a batch, a scalar: the mean over its rows. */
  loss(batch: Batch): Tensor;
  /** Tokens of a batch; 0 where the task has none. */
  tokensOf(batch: Batch): number;
  scorer(rows: number): Scorer<Batch>;
  /** What the data is known by: checkpoints go on only with the same. */
  fingerprint(items: readonly Item[]): string;
}
