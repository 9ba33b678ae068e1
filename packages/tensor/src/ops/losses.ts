// Losses made of primitives; cross-entropy is fused and lives in fused/.

import { ArgumentError, ShapeError } from '../errors';
import { type Reduction, requireReduction } from '../fused/cross-entropy';
import { broadcastShapes, sameShape, show } from '../shape';
import type { Tensor } from '../tensor';
import { abs, add, mul, softplus, square, sub } from './arithmetic';
import { less } from './compare';
import { mean, sum } from './reduce';
import { requireDType, requireOptions } from './rules';
import { where } from './where';

/** How losses become one number: `mean` where nothing is said. */
export interface LossOptions {
  readonly reduction?: Reduction;
}

function reduced(losses: Tensor, { reduction = 'mean' }: LossOptions): Tensor {
  return reduction === 'none' ? losses : reduction === 'sum' ? sum(losses) : mean(losses);
}

function requireSame(op: string, x: Tensor, target: Tensor, options: LossOptions): void {
  const { reduction = 'mean' } = requireOptions(op, options);
  requireReduction(op, reduction);
  requireDType(op, 'x', x, 'float32');
  requireDType(op, 'target', target, 'float32');
  if (!sameShape(x.shape, target.shape)) throw new ShapeError(op, 'target', show(x.shape), show(target.shape));
}

/**
 * Mean squared error, as `torch.nn.functional.mse_loss`.
 *
 * @throws {ShapeError} where the shapes differ: broadcasting here is nearly always a mistake.
 * @example
 * ```ts
 * import { init, mseLoss, tensor } from '@heddle/tensor';
 * await init();
 * console.log(await mseLoss(tensor([1, 2]), tensor([1, 4])).item()); // 2
 * ```
 */
export function mseLoss(x: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  requireSame('mseLoss', x, target, options);
  return reduced(square(sub(x, target)), options);
}

/** Squared up to `delta` from the target, linear beyond: `torch.nn.functional.huber_loss`. */
export function huberLoss(x: Tensor, target: Tensor, options: LossOptions & { readonly delta?: number } = {}): Tensor {
  requireSame('huberLoss', x, target, options);
  const { delta = 1 } = options;
  if (!(delta > 0 && Number.isFinite(delta)))
    throw new ArgumentError('huberLoss', 'delta', 'a finite number above 0', String(delta));
  const distance = abs(sub(x, target));
  const isNear = less(distance, delta);
  // What is far is left out of the square: its gradient there would be 0 · ∞ where the distance is infinite.
  const squared = mul(square(where(isNear, distance, 0)), 0.5);
  return reduced(where(isNear, squared, mul(add(distance, -delta / 2), delta)), options);
}

/**
 * Binary cross-entropy of logits, `torch.nn.functional.binary_cross_entropy_with_logits`: stable for logits of any size.
 *
 * @param logits any shape
 * @param target probabilities in [0, 1] of the same shape
 */
export function binaryCrossEntropy(
  logits: Tensor,
  target: Tensor,
  options: LossOptions & { readonly weight?: Tensor; readonly positiveWeight?: Tensor } = {},
): Tensor {
  requireSame('binaryCrossEntropy', logits, target, options);
  const { weight, positiveWeight } = options;
  for (const [name, t] of Object.entries({ weight, positiveWeight })) {
    if (t === undefined) continue;
    requireDType('binaryCrossEntropy', name, t, 'float32');
    if (!sameShape(broadcastShapes('binaryCrossEntropy', logits.shape, t.shape), logits.shape))
      throw new ShapeError(
        'binaryCrossEntropy',
        name,
        `a shape that broadcasts to ${show(logits.shape)}`,
        show(t.shape),
      );
  }
  // −t log σ(x) − (1 − t) log(1 − σ(x)), where −log σ(x) = softplus(x) − x.
  const negative = softplus(logits);
  const losses =
    positiveWeight === undefined
      ? sub(negative, mul(logits, target))
      : add(mul(mul(sub(negative, logits), target), positiveWeight), mul(negative, add(mul(target, -1), 1)));
  return reduced(weight === undefined ? losses : mul(losses, weight), options);
}
