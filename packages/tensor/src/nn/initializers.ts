// Initial values, as torch.nn.init has them. All drawn on the host from one generator: the same on every backend.
import { rand, randn, zeros } from '../ops/create';
import type { Generator } from '../random';
import type { Shape } from '../shape';
import type { Tensor } from '../tensor';

/** Where a layer's initial values come from. */
export interface InitializerOptions {
  /** The default generator, seeded by `init`, where nothing is said. */
  readonly generator?: Generator | undefined;
}

let skipping = false;

/**
 * Runs `fn`, in which layers begin with zeros instead of drawing numbers: for modules whose weights are loaded next.
 *
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * import { Linear, skipInit } from '@heddle/tensor/nn';
 * await init();
 * const empty = skipInit(() => new Linear({ inputs: 1_000, outputs: 1_000 }));
 * ```
 */
export function skipInit<T>(fn: () => T): T {
  const before = skipping;
  skipping = true;
  try {
    return fn();
  } finally {
    skipping = before;
  }
}

/** U(−1/√fanIn, 1/√fanIn): torch's default for Linear and Conv (Kaiming uniform with a = √5), weight and bias alike. */
export function fanInUniform(shape: Shape, fanIn: number, { generator }: InitializerOptions = {}): Tensor {
  if (skipping) return zeros(shape);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return rand(shape, { low: -bound, high: bound, ...(generator ? { generator } : {}) });
}

/** N(0, std²) */
export function normal(shape: Shape, std: number, { generator }: InitializerOptions = {}): Tensor {
  if (skipping) return zeros(shape);
  return randn(shape, { std, ...(generator ? { generator } : {}) });
}

/** U(±√(6 / (fanIn + fanOut))) (Glorot & Bengio 2010), for a weight `[fanOut, fanIn]`. */
export function xavierUniform(shape: Shape, { generator }: InitializerOptions = {}): Tensor {
  if (skipping) return zeros(shape);
  const bound = Math.sqrt(6 / (shape[0] + shape[1]));
  return rand(shape, { low: -bound, high: bound, ...(generator ? { generator } : {}) });
}
