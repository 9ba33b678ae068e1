// T5's relative positions (Raffel et al. 2020): a learned number a head for each bucket of distances, added to scores.
import { type Tensor, tensor } from '@heddle/tensor';
import { Embedding, type InitializerOptions, Module } from '@heddle/tensor/nn';
import { requireWhole } from '../errors';

/** Settings of `RelativeBias`. */
export interface RelativeBiasConfig extends InitializerOptions {
  readonly heads: number;
  /** Number of buckets: 32 where nothing is said. */
  readonly buckets?: number | undefined;
  /** Distances from here on share the last bucket: 128 where nothing is said. */
  readonly maxDistance?: number | undefined;
  /** Whether tokens see ahead, so that half of the buckets are for what is to come. */
  readonly bidirectional: boolean;
}

/**
 * Bucket of a distance `key − query`: near ones have their own, far ones share logarithmically.
 *
 * @example
 * ```ts
 * import { relativeBucket } from '@heddle/attention';
 * console.log(relativeBucket(-3, { buckets: 32, maxDistance: 128, bidirectional: true })); // 3
 * ```
 */
export function relativeBucket(
  distance: number,
  config: { readonly buckets: number; readonly maxDistance: number; readonly bidirectional: boolean },
): number {
  const buckets = config.bidirectional ? config.buckets / 2 : config.buckets;
  const ahead = config.bidirectional && distance > 0 ? buckets : 0;
  const away = config.bidirectional ? Math.abs(distance) : Math.max(-distance, 0);
  const exact = Math.floor(buckets / 2);
  if (away < exact) return ahead + away;
  // In float32, as PyTorch computes it: distances on a bucket's border fall to the same side.
  const ratio = Math.fround(
    Math.fround(Math.log(Math.fround(away / exact))) / Math.fround(Math.log(config.maxDistance / exact)),
  );
  const far = exact + Math.floor(Math.fround(ratio * (buckets - exact)));
  return ahead + Math.min(far, buckets - 1);
}

/**
 * The bias as a module: one table for a whole stack.
 *
 * @example
 * ```ts
 * import { RelativeBias } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const bias = new RelativeBias({ heads: 4, bidirectional: true });
 * console.log(bias.call(6, 6).shape); // [1, 4, 6, 6]
 * ```
 */
export class RelativeBias extends Module {
  static override readonly names = { table: '' };

  readonly table: Embedding; // [buckets, heads]
  private readonly config: { readonly buckets: number; readonly maxDistance: number; readonly bidirectional: boolean };

  constructor({ heads, buckets = 32, maxDistance = 128, bidirectional, generator }: RelativeBiasConfig) {
    super();
    requireWhole('RelativeBias', 'buckets', buckets, 2);
    requireWhole('RelativeBias', 'maxDistance', maxDistance, 1);
    this.config = { buckets, maxDistance, bidirectional };
    this.table = new Embedding({ count: buckets, dim: heads, generator });
  }

  /** Bias of the last `queries` tokens against `keys` tokens, `[1, heads, queries, keys]`. */
  override forward(queries: number, keys: number): Tensor {
    const first = keys - queries;
    const ids = Int32Array.from({ length: queries * keys }, (_, i) => {
      const query = first + Math.floor(i / keys);
      return relativeBucket((i % keys) - query, this.config);
    });
    return this.table
      .call(tensor(ids, { shape: [queries, keys] }))
      .permute([2, 0, 1])
      .unsqueeze(0);
  }
}
