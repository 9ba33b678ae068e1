// A task of one's own: functions instead of the classification's. Regression, language modelling, anything with a loss.
import { ArgumentError, type Tensor } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import { type Evaluation, type Metrics, ownMetrics, type Task } from './task.js';

/** One batch's prediction, read back. */
export interface Prediction<Batch> {
  readonly batch: Batch;
  readonly values: Float32Array;
}

/** The functions that make up a task. */
export interface CustomTask<M extends Module, Row, Batch> {
  /** Puts rows into what `loss` takes. */
  readonly collate: (rows: readonly Row[]) => Batch;
  /** Mean loss of a batch, a scalar: usually `model.call(…)` and a loss function. */
  readonly loss: (model: M, batch: Batch) => Tensor;
  /** Length of a row, for batches of like length. */
  readonly lengthOf?: ((row: Row) => number) | undefined;
  /** Tokens of a batch, for the report. */
  readonly tokensOf?: ((batch: Batch) => number) | undefined;
  /** What evaluation reads for `metrics`. */
  readonly predict?: ((model: M, batch: Batch) => Tensor) | undefined;
  /** Scores of an evaluation beside its loss. */
  readonly metrics?: ((predictions: readonly Prediction<Batch>[]) => Metrics) | undefined;
}

/** Makes a task of functions. */
export function customTask<M extends Module, Row, Batch>(
  model: M,
  functions: CustomTask<M, Row, Batch>,
): Task<Row, Row, Batch> {
  const { collate, loss, lengthOf, tokensOf, predict, metrics } = functions;
  for (const [name, given] of Object.entries({ collate, loss })) {
    if (typeof given !== 'function') throw new ArgumentError('Trainer', name, 'a function', typeof given);
  }
  if (metrics !== undefined && predict === undefined) {
    throw new ArgumentError('Trainer', 'predict', 'a function beside metrics: what shall they score?', 'nothing');
  }
  return {
    prepare: (parts) => parts,
    prepareOne: (rows) => rows,
    bucketed: lengthOf !== undefined,
    lengthOf: lengthOf ?? (() => 0),
    collate,
    loss: (batch) => loss(model, batch),
    tokensOf: tokensOf ?? (() => 0),
    fingerprint: (rows) => `${rows.length} rows`,
    scorer(count) {
      const predictions: Prediction<Batch>[] = [];
      let total = 0;
      return {
        outputs: (batch) => [loss(model, batch), ...(predict === undefined ? [] : [predict(model, batch)])],
        add(batch, [own, values], rows) {
          total += own[0] * rows.length;
          if (values !== undefined) predictions.push({ batch, values });
        },
        finish(): Evaluation {
          const found = { loss: total / count, ...ownMetrics(metrics?.(predictions)) };
          return { metrics: found, truth: new Int32Array(0), predicted: new Int32Array(0), probabilities: [] };
        },
      };
    },
  };
}
