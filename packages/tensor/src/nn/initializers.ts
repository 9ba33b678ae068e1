// Initial values, as torch.nn.init has them. All drawn on the host from one generator: the same on every backend.
import { requireFunction, scope } from '../lifetime';
import { rand, randn, zeros } from '../ops/create';
import { requireOptions } from '../ops/rules';
import type { Generator } from '../random';
import type { Shape } from '../shape';
import type { Tensor } from '../tensor';

/** Where a layer's initial values come from. */
export interface InitializerOptions {
  /** The default generator, seeded by `init`, where nothing is said. */
  readonly generator?: Generator | undefined;
}

/** What layers begin with; `hollow` is zeros, with a single one in memory for all of a linear map's weight. */
let begin: 'drawn' | 'zeros' | 'hollow' = 'drawn';

/** How initial values are skipped. */
export interface SkipInitOptions {
  /**
   * Weights of linear maps take no memory, and can't be written to: for `quantize` with a `read` of its own. False where
   * nothing is said.
   */
  readonly hollow?: boolean;
}

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
export function skipInit<T>(fn: () => T, options: SkipInitOptions = {}): T {
  requireFunction('skipInit', 'fn', fn);
  const { hollow = false } = requireOptions('skipInit', options);
  const before = begin;
  begin = hollow ? 'hollow' : 'zeros';
  try {
    return fn();
  } finally {
    begin = before;
  }
}

/** The weight of a linear map: as `fanInUniform`, or hollow. */
export function mapWeight(shape: readonly [number, number], options: InitializerOptions): Tensor {
  return begin === 'hollow' ? scope(() => zeros([1, 1]).expand(shape)) : fanInUniform(shape, shape[1], options);
}

/** U(−1/√fanIn, 1/√fanIn): torch's default for Linear and Conv (Kaiming uniform with a = √5), weight and bias alike. */
export function fanInUniform(shape: Shape, fanIn: number, { generator }: InitializerOptions = {}): Tensor {
  if (begin !== 'drawn') return zeros(shape);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return rand(shape, { low: -bound, high: bound, generator });
}

/** N(0, std²) */
export function normal(shape: Shape, std: number, { generator }: InitializerOptions = {}): Tensor {
  if (begin !== 'drawn') return zeros(shape);
  return randn(shape, { std, generator });
}

/** U(±√(6 / (fanIn + fanOut))) (Glorot & Bengio 2010), for a weight `[fanOut, fanIn]`. */
export function xavierUniform(shape: Shape, { generator }: InitializerOptions = {}): Tensor {
  if (begin !== 'drawn') return zeros(shape);
  const bound = Math.sqrt(6 / (shape[0] + shape[1]));
  return rand(shape, { low: -bound, high: bound, generator });
}
