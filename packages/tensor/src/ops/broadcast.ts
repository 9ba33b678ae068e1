// Binary ops over operands of different shapes: both are expanded to the common shape (a view), then combined.
import type { Definition, None } from '../define';
import type { DType } from '../dtype';
import { DTypeError } from '../errors';
import { apply } from '../op';
import { broadcastShapes, type Shape, sameShape } from '../shape';
import type { AnyTensor, Tensor, TensorLike } from '../tensor';
import { full } from './create';
import { expand } from './views';

/** Runs a binary primitive over operands that broadcast. The gradient of the expansion sums what was repeated. */
export function binary<D extends DType>(op: Definition<None>, a: AnyTensor, b: TensorLike): Tensor<D> {
  const other = typeof b === 'number' ? scalarLike(op.name, a, b) : b;
  const shape = broadcastShapes(op.name, a.shape, other.shape);
  return apply<None, D>(op, [expandTo(a, shape), expandTo(other, shape)], {});
}

/** A number as a scalar of the other operand's dtype. */
export function scalarLike(op: string, like: AnyTensor, value: number): AnyTensor {
  if (like.dtype !== 'float32' && !Number.isInteger(value))
    throw new DTypeError(op, 'b', `a whole number beside ${like.dtype}`, String(value));
  return full([], value, { dtype: like.dtype });
}

/** The tensor itself where it has the shape already. */
export function expandTo<D extends DType>(t: Tensor<D>, shape: Shape): Tensor<D> {
  return sameShape(t.shape, shape) ? t : expand(t, shape);
}
