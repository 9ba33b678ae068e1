// ALiBi (Press et al. 2021): instead of positions, a penalty on distance that differs from head to head.
import { type Tensor, tensor } from '@heddle/tensor';
import { requireWhole } from '../errors';

/**
 * Slope of each head: a geometric series from 2^(−8/n), with the odd places of the next power of two where the number of
 * heads is none itself.
 *
 * @example
 * ```ts
 * import { alibiSlopes } from '@heddle/attention';
 * console.log(alibiSlopes(4)); // [0.25, 0.0625, 0.015625, 0.00390625]
 * ```
 */
export function alibiSlopes(heads: number): readonly number[] {
  requireWhole('alibiSlopes', 'heads', heads);
  const power = 2 ** Math.floor(Math.log2(heads));
  const series = (n: number): number[] => Array.from({ length: n }, (_, i) => 2 ** ((-8 * (i + 1)) / n));
  const between = series(2 * power).filter((_, i) => i % 2 === 0);
  return [...series(power), ...between.slice(0, heads - power)];
}

/**
 * What is added to the scores, `[1, heads, 1, keys]`: slope × (position − last position). The same for every query, as
 * softmax doesn't see what all keys of a row share.
 *
 * @example
 * ```ts
 * import { alibiBias } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * console.log(alibiBias(4, 10).shape); // [1, 4, 1, 10]
 * ```
 */
export function alibiBias(heads: number, keys: number): Tensor {
  const slopes = alibiSlopes(heads);
  const numbers = Float32Array.from({ length: heads * keys }, (_, i) => {
    const head = Math.floor(i / keys);
    return slopes[head] * (i - head * keys - (keys - 1));
  });
  return tensor(numbers, { shape: [1, heads, 1, keys], dtype: 'float32' });
}
