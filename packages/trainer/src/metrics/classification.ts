// Scores of hard decisions: accuracy, precision, recall, F1, Matthews' correlation. Probabilities are scored in
// ranking.ts and probability.ts.
import { confusionMatrix } from './confusion-matrix.js';
import { checkLengths } from './errors.js';

/** Precision, recall and their harmonic mean. A ratio whose denominator is 0 counts as 0, as in scikit-learn. */
export interface PrecisionRecallF1 {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** The scores of one class, and how many examples truly belong to it. */
export interface ClassScores extends PrecisionRecallF1 {
  readonly support: number;
}

/** Everything that a confusion matrix says. */
export interface ClassificationScores {
  readonly accuracy: number;
  readonly perClass: readonly ClassScores[];
  /** Mean over the classes that occur in truth or predictions. */
  readonly macro: PrecisionRecallF1;
  /** Of all decisions pooled; with one label an example all three equal the accuracy. */
  readonly micro: PrecisionRecallF1;
  readonly mcc: number;
}

/**
 * The share of examples whose prediction is right.
 *
 * @example
 * ```ts
 * import { accuracy } from '@heddle/trainer';
 *
 * accuracy([0, 1, 1, 0], [0, 1, 0, 0]); // 0.75
 * ```
 */
export function accuracy(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  checkLengths('accuracy', truth, 'predicted', predicted);
  let right = 0;
  for (let i = 0; i < truth.length; i++) if (truth[i] === predicted[i]) right++;
  return right / truth.length;
}

/**
 * Accuracy, precision, recall and F1 (per class, macro, micro) and Matthews' correlation in one pass.
 *
 * @example
 * ```ts
 * import { classificationScores } from '@heddle/trainer';
 *
 * const { macro, perClass } = classificationScores([0, 0, 1, 1], [0, 1, 1, 1]);
 * console.log(macro.f1, perClass[1].recall);
 * ```
 */
export function classificationScores(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  options: { readonly numClasses?: number } = {},
): ClassificationScores {
  return scoresOfMatrix(confusionMatrix(truth, predicted, options));
}

/**
 * The same scores from a confusion matrix (rows: true class) that is already there.
 *
 * @example
 * ```ts
 * import { confusionMatrix, scoresOfMatrix } from '@heddle/trainer';
 *
 * scoresOfMatrix(confusionMatrix([0, 1], [0, 1])).accuracy; // 1
 * ```
 */
export function scoresOfMatrix(matrix: readonly (readonly number[])[]): ClassificationScores {
  const truths = matrix.map(sum);
  const predictions = matrix.map((_, k) => sum(matrix.map((row) => row[k])));
  const total = sum(truths);
  const right = sum(matrix.map((row, k) => row[k]));
  const perClass = matrix.map((row, k) => ({ ...ratios(row[k], predictions[k], truths[k]), support: truths[k] }));
  const seen = perClass.filter((_, k) => truths[k] + predictions[k] > 0);
  return {
    accuracy: ratio(right, total),
    perClass,
    macro: {
      precision: ratio(sum(seen.map((c) => c.precision)), seen.length),
      recall: ratio(sum(seen.map((c) => c.recall)), seen.length),
      f1: ratio(sum(seen.map((c) => c.f1)), seen.length),
    },
    micro: ratios(right, total, total),
    mcc: matthews(right, total, truths, predictions),
  };
}

/**
 * Matthews' correlation coefficient for two or more classes: 1 for perfect, 0 for chance.
 *
 * @example
 * ```ts
 * import { matthewsCorrelation } from '@heddle/trainer';
 *
 * matthewsCorrelation([0, 1, 0, 1], [0, 1, 0, 1]); // 1
 * ```
 */
export function matthewsCorrelation(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return classificationScores(truth, predicted).mcc;
}

// R_K of Gorodkin (2004): (c·s − Σ t·p) / √((s² − Σ p²)(s² − Σ t²))
function matthews(right: number, total: number, truths: readonly number[], predictions: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((x, k) => x * b[k]));
  const spread = (total ** 2 - dot(predictions, predictions)) * (total ** 2 - dot(truths, truths));
  return ratio(right * total - dot(truths, predictions), Math.sqrt(spread));
}

function ratios(right: number, predicted: number, actual: number): PrecisionRecallF1 {
  // 2·tp / (2·tp + fp + fn) avoids dividing two ratios that may be 0.
  return { precision: ratio(right, predicted), recall: ratio(right, actual), f1: ratio(2 * right, predicted + actual) };
}

function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
