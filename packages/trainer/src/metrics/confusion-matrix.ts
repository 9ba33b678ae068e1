// Counts of (true class, predicted class). The scores that are computed from counts are in classification.ts.
import { checkCount, checkLengths, MetricError } from './errors.js';

/**
 * Counts how often each true class (row) was predicted as each class (column).
 *
 * @example
 * ```ts
 * import { confusionMatrix } from '@heddle/trainer';
 *
 * confusionMatrix([0, 0, 1], [0, 1, 1]); // [[1, 1], [0, 1]]
 * ```
 */
export function confusionMatrix(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  { numClasses }: { readonly numClasses?: number } = {},
): number[][] {
  checkLengths('confusionMatrix', truth, 'predicted', predicted);
  if (numClasses !== undefined) checkCount('confusionMatrix', 'numClasses', numClasses);
  const size = numClasses ?? 1 + Math.max(largest('truth', truth), largest('predicted', predicted));
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (let i = 0; i < truth.length; i++) {
    matrix[classId('truth', truth[i], size)][classId('predicted', predicted[i], size)]++;
  }
  return matrix;
}

/** Without a number of classes a greater id is taken for a mistake, before so large a matrix is made. */
const MOST_CLASSES = 10_000;

function largest(argument: string, ids: ArrayLike<number>): number {
  let best = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i] > best) best = ids[i];
  if (best < MOST_CLASSES) return best;
  throw new MetricError('confusionMatrix', argument, `class ids below ${MOST_CLASSES}, or numClasses`, String(best));
}

function classId(argument: string, id: number, size: number): number {
  if (!Number.isInteger(id) || id < 0 || id >= size) {
    throw new MetricError('confusionMatrix', argument, `class ids from 0 to ${size - 1}`, String(id));
  }
  return id;
}
