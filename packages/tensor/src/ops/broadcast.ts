// Binary ops over operands of different shapes: both are expanded to the common shape (a view), then combined.
import type { Definition, None } from '../define';
import { type DType, fitsDType } from '../dtype';
import { ArgumentError, DTypeError } from '../errors';
import { inWords, isTensor, requireTensor } from '../lifetime';
import { apply } from '../op';
import { broadcastShapes, type Shape, sameShape } from '../shape';
import type { AnyTensor, Tensor, TensorLike } from '../tensor';
import { full } from './create';
import { expand } from './views';

/** Runs a binary primitive over operands that broadcast. The gradient of the expansion sums what was repeated. */
export function binary<D extends DType>(op: Definition<None>, a: AnyTensor, b: TensorLike): Tensor<D> {
  requireOperand(op.name, 'a', a);
  requireOperand(op.name, 'b', b);
  const other = typeof b === 'number' ? scalarLike(op.name, a, b) : b;
  const shape = broadcastShapes(op.name, a.shape, other.shape);
  return apply<None, D>(op, [expandTo(a, shape), expandTo(other, shape)], {});
}

function requireOperand(op: string, argument: string, value: unknown): void {
  if (isTensor(value)) requireTensor(op, argument, value);
  else if (typeof value !== 'number' || argument === 'a')
    throw new ArgumentError(op, argument, argument === 'a' ? 'a tensor' : 'a tensor or a number', inWords(value));
}

/** Throws where a number has no place in the other operand's dtype. */
export function requireScalar(op: string, like: AnyTensor, value: number, argument = 'b'): void {
  if (typeof value !== 'number') throw new ArgumentError(op, argument, 'a number', inWords(value));
  if (!fitsDType(like.dtype, value)) {
    const expected = like.dtype === 'bool' ? '0 or 1 beside bool' : 'a whole number beside int32, that fits it';
    throw new DTypeError(op, argument, expected, String(value));
  }
}

/** A number as a scalar of the other operand's dtype. */
export function scalarLike(op: string, like: AnyTensor, value: number): AnyTensor {
  requireScalar(op, like, value);
  return full([], value, { dtype: like.dtype });
}

/** The tensor itself where it has the shape already. */
export function expandTo<D extends DType>(t: Tensor<D>, shape: Shape): Tensor<D> {
  return sameShape(t.shape, shape) ? t : expand(t, shape);
}
