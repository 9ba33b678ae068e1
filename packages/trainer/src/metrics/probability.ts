// Scores of probabilities: log-loss, perplexity and calibration. What only looks at the order is in ranking.ts.
import { checkCount, checkLengths, MetricError } from './errors.js';

/**
 * Mean negative log-probability of the true class, from rows of class probabilities.
 *
 * @example
 * ```ts
 * import { logLoss } from '@heddle/trainer';
 *
 * logLoss([0, 1], [[0.9, 0.1], [0.2, 0.8]]); // 0.164…
 * ```
 */
export function logLoss(truth: ArrayLike<number>, probabilities: readonly ArrayLike<number>[]): number {
  checkLengths('logLoss', truth, 'probabilities', probabilities);
  let total = 0;
  for (let i = 0; i < truth.length; i++) {
    const p = probabilities[i]?.[truth[i]];
    if (!(p >= 0 && p <= 1))
      throw new MetricError('logLoss', 'probabilities', 'values from 0 to 1', `${p} in row ${i}`);
    // A certain and wrong prediction costs 36, not infinity, as in scikit-learn.
    total -= Math.log(Math.min(Math.max(p, Number.EPSILON), 1 - Number.EPSILON));
  }
  return total / truth.length;
}

/**
 * exp of the mean negative log-likelihood: how many equally likely tokens the model hesitates between.
 *
 * @example
 * ```ts
 * import { perplexity } from '@heddle/trainer';
 *
 * perplexity([Math.log(1 / 4), Math.log(1 / 4)]); // 4
 * ```
 */
export function perplexity(logProbabilities: ArrayLike<number>): number {
  if (!(logProbabilities?.length > 0)) throw new MetricError('perplexity', 'logProbabilities', 'at least one', 'none');
  let total = 0;
  for (let i = 0; i < logProbabilities.length; i++) total += logProbabilities[i];
  return Math.exp(-total / logProbabilities.length);
}

/** One bar of a reliability diagram: the predictions whose confidence lies in (lower, upper]. */
export interface CalibrationBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** NaN-free: an empty bin has confidence and accuracy 0. */
  readonly confidence: number;
  readonly accuracy: number;
}

/**
 * Sorts predictions into equally wide bins by confidence (the largest probability) and gives each bin's accuracy.
 *
 * @example
 * ```ts
 * import { calibrationBins } from '@heddle/trainer';
 *
 * calibrationBins([0, 1], [[0.9, 0.1], [0.2, 0.8]], { bins: 5 })[4]; // { lower: 0.8, count: 1, accuracy: 1, … }
 * ```
 */
export function calibrationBins(
  truth: ArrayLike<number>,
  probabilities: readonly ArrayLike<number>[],
  { bins = 10 }: { readonly bins?: number } = {},
): CalibrationBin[] {
  checkLengths('calibrationBins', truth, 'probabilities', probabilities);
  checkCount('calibrationBins', 'bins', bins);
  const count = new Float64Array(bins);
  const confidence = new Float64Array(bins);
  const right = new Float64Array(bins);
  for (let i = 0; i < truth.length; i++) {
    const best = argmax(probabilities[i]);
    const p = probabilities[i][best];
    // Float32 may round a sum to a little more than one.
    if (!(p >= 0 && p <= 1 + 1e-6))
      throw new MetricError('calibrationBins', 'probabilities', 'values from 0 to 1', `${p} in row ${i}`);
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(p * bins) - 1));
    count[bin]++;
    confidence[bin] += p;
    right[bin] += Number(best === truth[i]);
  }
  return Array.from(count, (n, b) => ({
    lower: b / bins,
    upper: (b + 1) / bins,
    count: n,
    confidence: n === 0 ? 0 : confidence[b] / n,
    accuracy: n === 0 ? 0 : right[b] / n,
  }));
}

/**
 * Expected calibration error (Guo et al. 2017): the gap between confidence and accuracy, averaged over the bins by size.
 *
 * @example
 * ```ts
 * import { expectedCalibrationError } from '@heddle/trainer';
 *
 * expectedCalibrationError([0, 1], [[1, 0], [0, 1]]); // 0: sure of itself, and right
 * ```
 */
export function expectedCalibrationError(
  truth: ArrayLike<number>,
  probabilities: readonly ArrayLike<number>[],
  options: { readonly bins?: number } = {},
): number {
  const bins = calibrationBins(truth, probabilities, options);
  return bins.reduce((gap, b) => gap + (b.count / truth.length) * Math.abs(b.accuracy - b.confidence), 0);
}

function argmax(row: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < row.length; k++) if (row[k] > row[best]) best = k;
  return best;
}
