// Which tokens made a model decide as it did, by hiding them: one at a time, or in the sampled orders that Shapley's
// values are averages over (Strumbelj & Kononenko 2010; Lundberg & Lee 2017).
import { ArgumentError, Generator, noGrad, scope } from '@heddle/tensor';
import { requireModule, requireOptions } from '../errors';
import type { TokenBatch } from '../text-codec';
import { type AttributionOptions, type Explained, type TextModelLike, targetOf } from './attributions';

/** What occlusion may be told. */
export interface OcclusionOptions extends AttributionOptions {
  /** What stands in the place of a hidden token: a mask's id, or padding's. */
  readonly hiddenId: number;
  /** Orders that are drawn; 0 hides one token at a time. 16 where nothing is said. */
  readonly orders?: number;
  /** Ids that always stay, such as `[CLS]` and `[SEP]`. */
  readonly keepIds?: readonly number[];
  /** Texts that go through the model at once: 32 where nothing is said. */
  readonly batchSize?: number;
  /** Of the drawn orders. */
  readonly seed?: number;
}

/**
 * What each token counts for in the output, as a row of numbers for each text. With orders the values are complete: a
 * text's tokens sum to what the output changes by when all of them are hidden. Costs a pass for each token and order.
 *
 * @throws {ArgumentError} where the target isn't one of the output's classes, or a setting is wrong.
 * @example
 * ```ts
 * import { Bert, bertConfig, occlusion } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const config = bertConfig({ vocabSize: 50, dim: 16, layers: 1, heads: 2, head: 'classification', labels: ['a', 'b'] });
 * const model = new Bert(config).eval();
 * const text = { ids: Int32Array.of(1, 7, 8, 2), mask: Int32Array.of(1, 1, 1, 1), shape: [1, 4] as const };
 * const [tokens] = await occlusion(model, text, { target: 1, hiddenId: 3, keepIds: [1, 2] });
 * console.log(tokens); // four numbers; the first and the last are 0
 * ```
 */
export async function occlusion(
  model: TextModelLike,
  batch: TokenBatch,
  options: OcclusionOptions,
): Promise<Float64Array[]> {
  requireModule('occlusion', model);
  requireOptions('occlusion', options);
  const { hiddenId, orders = 16, keepIds = [], batchSize = 32, seed = 0 } = options;
  for (const [name, value, least] of [
    ['orders', orders, 0],
    ['batchSize', batchSize, 1],
    ['hiddenId', hiddenId, 0],
  ] as const)
    if (!(Number.isInteger(value) && value >= least))
      throw new ArgumentError('occlusion', name, `a whole number of at least ${least}`, String(value));
  const generator = new Generator(seed);
  const [B, T] = batch.shape;
  const found: Float64Array[] = [];
  for (let row = 0; row < B; row++) {
    const text = rowOf(batch, row);
    const players = Array.from({ length: T }, (_, i) => i).filter(
      (i) => text.mask[i] !== 0 && !keepIds.includes(text.ids[i]),
    );
    const explained = noGrad(() => scope(() => targetOf(model.call(text), targetFor(options, row))));
    try {
      const value = valuesOf(model, text, explained, hiddenId, batchSize);
      found.push(
        orders === 0 ? await oneByOne(T, players, value) : await shapley(T, players, value, orders, generator),
      );
    } finally {
      explained.dispose();
    }
  }
  return found;
}

/** What the output is where these tokens are hidden, for each of several such sets. */
type ValuesOf = (hidden: readonly ReadonlySet<number>[]) => Promise<Float64Array>;

/** Hides each token alone. */
async function oneByOne(T: number, players: readonly number[], value: ValuesOf): Promise<Float64Array> {
  const [whole, ...without] = await value([new Set(), ...players.map((i) => new Set([i]))]);
  const result = new Float64Array(T);
  players.forEach((i, at) => {
    result[i] = whole - without[at];
  });
  return result;
}

/** Reveals tokens in drawn orders, each followed by its reverse; a token counts for what its reveal changes. */
async function shapley(
  T: number,
  players: readonly number[],
  value: ValuesOf,
  orders: number,
  generator: Generator,
): Promise<Float64Array> {
  const result = new Float64Array(T);
  let order: readonly number[] = players;
  for (let drawn = 0; drawn < orders; drawn++) {
    order =
      drawn % 2 === 1 ? [...order].reverse() : Array.from(generator.permutation(players.length), (at) => players[at]);
    const values = await value([...order, -1].map((_, count) => new Set(order.slice(count))));
    order.forEach((i, at) => {
      result[i] += (values[at + 1] - values[at]) / orders;
    });
  }
  return result;
}

function targetFor({ target }: OcclusionOptions, row: number): OcclusionOptions['target'] {
  return typeof target === 'object' ? target[row] : target;
}

/** One text of a batch, as a batch. */
function rowOf({ ids, mask, typeIds, shape: [, T] }: TokenBatch, row: number): TokenBatch {
  const cut = (column: Int32Array): Int32Array => column.slice(row * T, (row + 1) * T);
  return {
    ids: cut(ids),
    mask: cut(mask),
    ...(typeIds === undefined ? {} : { typeIds: cut(typeIds) }),
    shape: [1, T],
  };
}

function valuesOf(
  model: TextModelLike,
  text: TokenBatch,
  explained: Explained,
  hiddenId: number,
  batchSize: number,
): ValuesOf {
  return async (hidden) => {
    const values = new Float64Array(hidden.length);
    for (let from = 0; from < hidden.length; from += batchSize) {
      const sets = hidden.slice(from, from + batchSize);
      const out = noGrad(() => scope(() => explained.of(model.call(hiding(text, sets, hiddenId)))));
      values.set(await out.data(), from);
      out.dispose();
    }
    return values;
  };
}

/** Variants of a text. */
function hiding(text: TokenBatch, sets: readonly ReadonlySet<number>[], hiddenId: number): TokenBatch {
  const [, T] = text.shape;
  const repeated = (column: Int32Array): Int32Array =>
    Int32Array.from({ length: sets.length * T }, (_, i) => column[i % T]);
  const ids = repeated(text.ids).map((id, i) => (sets[Math.floor(i / T)].has(i % T) ? hiddenId : id));
  return {
    ids,
    mask: repeated(text.mask),
    ...(text.typeIds === undefined ? {} : { typeIds: repeated(text.typeIds) }),
    shape: [sets.length, T],
  };
}
