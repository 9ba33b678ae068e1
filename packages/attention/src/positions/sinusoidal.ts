// The fixed waves of "Attention is all you need" (Vaswani et al. 2017): nothing is learned.
import { type Tensor, tensor } from '@heddle/tensor';
import { requireWhole } from '../errors';

/**
 * Sines and cosines of geometrically spaced wavelengths, `[positions, dim]`. `interleaved` puts each sine beside its
 * cosine, as the paper does; otherwise all sines stand before all cosines, as in Marian.
 *
 * @example
 * ```ts
 * import { sinusoidalPositions } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * console.log(sinusoidalPositions(10, 16).shape); // [10, 16]
 * ```
 */
export function sinusoidalPositions(
  positions: number,
  dim: number,
  options: { readonly interleaved?: boolean; readonly start?: number } = {},
): Tensor {
  requireWhole('sinusoidalPositions', 'positions', positions, 0);
  requireWhole('sinusoidalPositions', 'dim', dim);
  const { interleaved = true, start = 0 } = options;
  const sines = Math.ceil(dim / 2);
  const out = new Float32Array(positions * dim);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < dim; i++) {
      const pair = interleaved ? i >> 1 : i % sines;
      const isSine = interleaved ? i % 2 === 0 : i < sines;
      const angle = (start + p) / 10_000 ** ((2 * pair) / dim);
      out[p * dim + i] = isSine ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return tensor(out, { shape: [positions, dim], dtype: 'float32' });
}
