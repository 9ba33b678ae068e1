// Cutting rows into batches: in order, shuffled, or with rows of like length together. Knows nothing of what rows hold.
import { ArgumentError, Generator } from '@heddle/tensor';

/** How rows are cut into batches. */
export interface BatchOptions<Row> {
  /** Draws the order anew: false where nothing is said. */
  readonly shuffle?: boolean;
  /** Where the order comes from; a generator of seed 0 where nothing is said. */
  readonly generator?: Generator;
  /** Puts rows of like length into one batch, so that little is padded: the length of a row. */
  readonly bucketBy?: (row: Row) => number;
  /** Leaves out a last batch that isn't full: false where nothing is said. */
  readonly dropLast?: boolean;
}

/** Batches whose rows are sorted together. Within such a window order is given up for like lengths. */
const WINDOW = 50;

/**
 * The rows in batches of `size`.
 *
 * @example
 * ```ts
 * import { Generator } from '@heddle/tensor';
 * import { batches } from '@heddle/trainer';
 *
 * const texts = ['a', 'bb', 'cccc', 'dddd'];
 * for (const rows of batches(texts, 2, { shuffle: true, generator: new Generator(1), bucketBy: (row) => row.length })) {
 *   console.log(rows); // ['a', 'bb'] and ['cccc', 'dddd'], in either order
 * }
 * ```
 */
export function* batches<Row>(
  data: Iterable<Row>,
  size: number,
  options: BatchOptions<Row> = {},
): IterableIterator<readonly Row[]> {
  const rows = Array.isArray(data) ? (data as readonly Row[]) : [...data];
  const { bucketBy } = options;
  const lengths = bucketBy === undefined ? null : rows.map(bucketBy);
  for (const batch of planBatches(rows.length, size, { ...options, lengths })) yield batch.map((i) => rows[i]);
}

/** How indices are cut into batches; see `BatchOptions`. */
export interface PlanOptions {
  readonly shuffle?: boolean;
  readonly generator?: Generator;
  readonly lengths?: ArrayLike<number> | null;
  readonly dropLast?: boolean;
}

/** The indices `0 … count - 1` in batches of `size`. */
export function planBatches(count: number, size: number, options: PlanOptions = {}): number[][] {
  if (!(Number.isInteger(size) && size >= 1))
    throw new ArgumentError('batches', 'size', 'a whole number of at least 1', String(size));
  const { shuffle = false, generator = new Generator(0), lengths = null, dropLast = false } = options;
  const order = shuffle ? Array.from(generator.permutation(count)) : Array.from({ length: count }, (_, i) => i);
  if (lengths !== null) sortWindows(order, lengths, shuffle ? size * WINDOW : count);
  const cut: number[][] = [];
  for (let i = 0; i < count; i += size) cut.push(order.slice(i, i + size));
  if (dropLast && cut.length > 0 && cut[cut.length - 1].length < size) cut.pop();
  // Otherwise each window would go from its shortest rows to its longest.
  return shuffle && lengths !== null ? Array.from(generator.permutation(cut.length), (i) => cut[i]) : cut;
}

/** Sorts each window of an order by length; equal lengths stay in the order's order. */
function sortWindows(order: number[], lengths: ArrayLike<number>, window: number): void {
  for (let i = 0; i < order.length; i += window) {
    const part = order.slice(i, i + window).sort((a, b) => lengths[a] - lengths[b]);
    for (let j = 0; j < part.length; j++) order[i + j] = part[j];
  }
}
