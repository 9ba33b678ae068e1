// The error every metric throws at its door. Checks only; no arithmetic.

/**
 * A metric was given something it cannot score: lengths that differ, an id outside the classes, a class that is missing.
 *
 * @example
 * ```ts
 * import { accuracy, MetricError } from '@heddle/trainer';
 *
 * try {
 *   accuracy([0, 1], [0]);
 * } catch (error) {
 *   if (error instanceof MetricError) console.log(error.metric, error.argument); // accuracy predicted
 * }
 * ```
 */
export class MetricError extends Error {
  override readonly name = 'MetricError';
  readonly metric: string;
  readonly argument: string;
  readonly expected: string;

  constructor(metric: string, argument: string, expected: string, got: string) {
    super(`${metric}: ${argument}: expected ${expected}, got ${got}`);
    this.metric = metric;
    this.argument = argument;
    this.expected = expected;
  }
}

/** Throws unless `value` is a whole number of at least one. */
export function checkCount(metric: string, argument: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new MetricError(metric, argument, 'a whole number of at least 1', String(value));
}

/** Two columns of a metric have to be equally long, and not empty. */
export function checkLengths(metric: string, truth: ArrayLike<unknown>, name: string, other: ArrayLike<unknown>): void {
  for (const [argument, column] of [
    ['truth', truth],
    [name, other],
  ] as const)
    if (typeof column?.length !== 'number') throw new MetricError(metric, argument, 'a list', String(column));
  if (truth.length === 0) throw new MetricError(metric, 'truth', 'at least one example', 'none');
  if (other.length !== truth.length) {
    throw new MetricError(metric, name, `${truth.length} values as in truth`, `${other.length}`);
  }
}
