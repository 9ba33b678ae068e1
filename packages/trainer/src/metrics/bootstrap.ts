// Confidence intervals of any score by resampling the examples. The same seed gives the same interval.
import { checkCount, MetricError } from './errors.js';

/** An interval that holds the score with the stated confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What {@link bootstrapInterval} may be told. */
export interface BootstrapOptions {
  /** How many times the examples are drawn anew. Default 1,000. */
  readonly resamples?: number;
  /** The confidence. Default 0.95. */
  readonly level?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Percentile bootstrap: draws `size` examples with replacement, scores them, and gives the middle 95 % of the scores.
 *
 * @example
 * ```ts
 * import { accuracy, bootstrapInterval } from '@heddle/trainer';
 *
 * const truth = [0, 1, 1, 0, 1];
 * const predicted = [0, 1, 0, 0, 1];
 * const { low, high } = bootstrapInterval(truth.length, (rows) =>
 *   accuracy(Array.from(rows, (i) => truth[i]), Array.from(rows, (i) => predicted[i])),
 * );
 * ```
 */
export function bootstrapInterval(
  size: number,
  statistic: (rows: Uint32Array) => number,
  options: BootstrapOptions = {},
): Interval {
  return bootstrapIntervals(size, (rows) => [statistic(rows)], options)[0];
}

/**
 * {@link bootstrapInterval} for several scores at once: every draw of examples is scored for all of them.
 *
 * @example
 * ```ts
 * import { bootstrapIntervals, classificationScores } from '@heddle/trainer';
 *
 * const truth = [0, 1, 1, 0, 1];
 * const predicted = [0, 1, 0, 0, 1];
 * const [accuracy, macroF1] = bootstrapIntervals(truth.length, (rows) => {
 *   const drawn = (ids: number[]) => Array.from(rows, (i) => ids[i]);
 *   const scores = classificationScores(drawn(truth), drawn(predicted), { numClasses: 2 });
 *   return [scores.accuracy, scores.macro.f1];
 * });
 * ```
 */
export function bootstrapIntervals(
  size: number,
  statistics: (rows: Uint32Array) => readonly number[],
  { resamples = 1_000, level = 0.95, seed = 0 }: BootstrapOptions = {},
): Interval[] {
  checkCount('bootstrapIntervals', 'size', size);
  checkCount('bootstrapIntervals', 'resamples', resamples);
  if (!(level > 0 && level < 1)) throw new MetricError('bootstrapIntervals', 'level', 'between 0 and 1', String(level));
  const random = mulberry32(seed);
  const rows = new Uint32Array(size);
  const draws = Array.from({ length: resamples }, () => {
    for (let i = 0; i < size; i++) rows[i] = Math.floor(random() * size);
    return statistics(rows);
  });
  return draws[0].map((_, k) => {
    const sorted = Float64Array.from(draws, (draw) => draw[k]).sort();
    return { low: percentile(sorted, (1 - level) / 2), high: percentile(sorted, (1 + level) / 2) };
  });
}

// Linear interpolation between order statistics, numpy's default.
function percentile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

// Resampling wants a cheap seeded stream, not one that is equal across backends: mulberry32, public domain.
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
