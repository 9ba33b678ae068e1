// Scores of an order: how well positives are ranked above negatives. Ties share their rank.
import { checkLengths, MetricError } from './errors.js';

/**
 * Area under the ROC curve: the chance that a positive outranks a negative (ties count half).
 * `truth` is 1 for positives, 0 for negatives.
 *
 * @example
 * ```ts
 * import { rocAuc } from '@heddle/trainer';
 *
 * rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]); // 0.75
 * ```
 */
export function rocAuc(truth: ArrayLike<number>, scores: ArrayLike<number>): number {
  const order = ranked('rocAuc', truth, scores);
  let positives = 0;
  let rankSum = 0;
  // Mann–Whitney: the mean rank of a run of ties stands for each of its members; best first, so ranks count downwards.
  for (const { start, end, hits } of runs(order, truth, scores)) {
    rankSum += hits * (order.length - (start + end - 1) / 2);
    positives += hits;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * Average precision: the precision at each new hit, weighted by the recall it adds (no interpolation).
 *
 * @example
 * ```ts
 * import { averagePrecision } from '@heddle/trainer';
 *
 * averagePrecision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]); // 0.8333…
 * ```
 */
export function averagePrecision(truth: ArrayLike<number>, scores: ArrayLike<number>): number {
  const order = ranked('averagePrecision', truth, scores);
  let found = 0;
  let area = 0;
  for (const { end, hits } of runs(order, truth, scores)) {
    found += hits;
    area += hits * (found / end);
  }
  return area / found;
}

/**
 * One-against-rest {@link rocAuc}, averaged over the classes, for rows of class probabilities.
 *
 * @example
 * ```ts
 * import { macroRocAuc } from '@heddle/trainer';
 *
 * macroRocAuc([0, 1, 2], [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]]); // 1
 * ```
 */
export function macroRocAuc(truth: ArrayLike<number>, probabilities: readonly ArrayLike<number>[]): number {
  return oneAgainstRest('macroRocAuc', rocAuc, truth, probabilities);
}

/**
 * One-against-rest {@link averagePrecision}, averaged over the classes, for rows of class probabilities.
 *
 * @example
 * ```ts
 * import { macroAveragePrecision } from '@heddle/trainer';
 *
 * macroAveragePrecision([0, 1], [[0.9, 0.1], [0.4, 0.6]]); // 1
 * ```
 */
export function macroAveragePrecision(truth: ArrayLike<number>, probabilities: readonly ArrayLike<number>[]): number {
  return oneAgainstRest('macroAveragePrecision', averagePrecision, truth, probabilities);
}

function oneAgainstRest(
  name: string,
  score: (truth: ArrayLike<number>, scores: ArrayLike<number>) => number,
  truth: ArrayLike<number>,
  probabilities: readonly ArrayLike<number>[],
): number {
  checkLengths(name, truth, 'probabilities', probabilities);
  const classes = probabilities[0].length;
  let total = 0;
  for (let k = 0; k < classes; k++) {
    const isClass = Uint8Array.from(probabilities, (_, i) => Number(truth[i] === k));
    const column = Float64Array.from(probabilities, (row) => row[k]);
    total += score(isClass, column);
  }
  return total / classes;
}

function ranked(metric: string, truth: ArrayLike<number>, scores: ArrayLike<number>): Uint32Array {
  checkLengths(metric, truth, 'scores', scores);
  let positives = 0;
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] !== 0 && truth[i] !== 1) throw new MetricError(metric, 'truth', 'only 0 and 1', String(truth[i]));
    if (Number.isNaN(scores[i])) throw new MetricError(metric, 'scores', 'numbers', `NaN at ${i}`);
    positives += truth[i];
  }
  if (positives === 0 || positives === truth.length) {
    throw new MetricError(metric, 'truth', 'examples of both classes', `only ${positives === 0 ? 0 : 1}`);
  }
  return Uint32Array.from(truth, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
}

function* runs(
  order: Uint32Array,
  truth: ArrayLike<number>,
  scores: ArrayLike<number>,
): Generator<{ start: number; end: number; hits: number }> {
  for (let start = 0, end = 0; start < order.length; start = end) {
    let hits = 0;
    while (end < order.length && scores[order[end]] === scores[order[start]]) hits += truth[order[end++]];
    yield { start, end, hits };
  }
}
