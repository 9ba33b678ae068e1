// where: one of two values, chosen element by element.
import { bools, floats, type Op } from '../define';
import type { DType } from '../dtype';
import { DTypeError, ShapeError } from '../errors';
import { requireTensor } from '../lifetime';
import { apply, defineOp } from '../op';
import { broadcastShapes, type Shape, sameShape, show } from '../shape';
import type { AnyTensor, Tensor, TensorLike } from '../tensor';
import { expandTo, scalarLike } from './broadcast';
import { requireDType } from './rules';

export const whereOp: Op<3> = defineOp({
  name: 'where',
  arity: 3,
  infer: ([condition, a, b]) => {
    requireDType('where', 'condition', condition, 'bool');
    if (a.dtype !== b.dtype) throw new DTypeError('where', 'b', a.dtype, b.dtype);
    if (!sameShape(condition.shape, a.shape)) throw new ShapeError('where', 'a', show(condition.shape), show(a.shape));
    return a;
  },
  backward: (g, { inputs: [condition], needs }) => [
    null,
    needs[1] ? where(condition, g, 0) : null,
    needs[2] ? where(condition, 0, g) : null,
  ],
  saves: [0],
  samples: () =>
    [[5], [3, 4], [0, 2]].map((shape) => ({ inputs: [bools(shape), floats(shape), floats(shape)], attrs: {} })),
});

/**
 * `a` where the condition is true, else `b`; all three broadcast.
 *
 * @example
 * ```ts
 * import { init, tensor, where } from '@heddle/tensor';
 * await init();
 * const x = tensor([-1, 2]);
 * console.log(await where(x.less(0), 0, x).data()); // Float32Array [0, 2]
 * ```
 */
export function where<D extends DType = 'float32'>(
  condition: AnyTensor,
  a: Tensor<D> | number,
  b: Tensor<D> | number,
): Tensor<D> {
  requireDType('where', 'condition', condition, 'bool');
  const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', shapeOf('a', a), shapeOf('b', b)));
  const [left, right] = operands(a, b);
  return apply(whereOp.definition, [expandTo(condition, shape), expandTo(left, shape), expandTo(right, shape)], {});
}

function shapeOf(argument: string, x: TensorLike): Shape {
  if (typeof x === 'number') return [];
  requireTensor('where', argument, x);
  return x.shape;
}

function operands(a: TensorLike, b: TensorLike): [AnyTensor, AnyTensor] {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? scalarLike('where', a, b) : b];
  if (typeof b !== 'number') return [scalarLike('where', b, a), b];
  throw new DTypeError('where', 'a', 'a tensor for a or b', 'two numbers');
}
