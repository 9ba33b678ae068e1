// The matrix product, batched and broadcast.
import { floats, type Op } from '../define';
import { ShapeError } from '../errors';
import { defineOp } from '../op';
import { broadcastShapes, show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { expandTo } from './broadcast';
import { requireDType } from './rules';
import { reshape, transpose } from './views';

// dA = G·Bᵀ, dB = Aᵀ·G
export const matmulOp: Op<2> = defineOp({
  name: 'matmul',
  arity: 2,
  infer: ([a, b]) => ({ shape: [...a.shape.slice(0, -1), b.shape[b.rank - 1]], dtype: 'float32' }),
  backward: (g, { inputs: [a, b], needs }) => [
    needs[0] ? matmul(g, transpose(b, -2, -1)) : null,
    needs[1] ? matmul(transpose(a, -2, -1), g) : null,
  ],
  saves: [0, 1],
  flops: ([a, b]) => 2 * a.size * b.shape[b.rank - 1],
  samples: () => [
    { inputs: [floats([3, 4]), floats([4, 5])], attrs: {} },
    { inputs: [floats([2, 3, 7, 5]), floats([2, 3, 5, 6])], attrs: {} },
    { inputs: [floats([17, 33]), floats([33, 9])], attrs: {} },
    { inputs: [floats([1, 64]), floats([64, 3])], attrs: {} },
    { inputs: [floats([2, 0, 3]), floats([2, 3, 4])], attrs: {} },
    { inputs: [floats([3, 0]), floats([0, 4])], attrs: {} },
  ],
});

/**
 * `a · b` over the last two axes; the others broadcast. Vectors act as in `torch.matmul`: one on the left is a row,
 * one on the right a column, and its axis goes away.
 *
 * @throws {ShapeError} where the inner sizes differ.
 * @example
 * ```ts
 * import { init, matmul, tensor } from '@heddle/tensor';
 * await init();
 * console.log(await matmul(tensor([[1, 2]]), tensor([[3], [4]])).item()); // 11
 * ```
 */
export function matmul(a: AnyTensor, b: AnyTensor): Tensor {
  requireDType('matmul', 'a', a, 'float32');
  requireDType('matmul', 'b', b, 'float32');
  if (a.rank === 0 || b.rank === 0)
    throw new ShapeError('matmul', a.rank === 0 ? 'a' : 'b', 'at least one axis', 'a scalar');
  if (a.rank === 1) {
    const product = matmul(reshape(a, [1, a.size]), b);
    return reshape(product, b.rank === 1 ? [] : [...product.shape.slice(0, -2), product.shape[product.rank - 1]]);
  }
  if (b.rank === 1) return reshape(matmul(a, reshape(b, [b.size, 1])), a.shape.slice(0, -1));
  const inner = a.shape[a.rank - 1];
  if (b.shape[b.rank - 2] !== inner) {
    throw new ShapeError('matmul', 'b', `b.shape[${b.rank - 2}] = ${inner}`, `${show(a.shape)} and ${show(b.shape)}`);
  }
  // One weight for a whole batch: a single tall product, whose gradient needs no sum over copies.
  if (b.rank === 2 && a.rank > 2 && inner > 0) {
    const flat = matmulOp(reshape(a, [a.size / inner, inner]), b);
    return reshape(flat, [...a.shape.slice(0, -1), b.shape[1]]);
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return matmulOp(expandTo(a, [...batch, ...a.shape.slice(-2)]), expandTo(b, [...batch, ...b.shape.slice(-2)]));
}
