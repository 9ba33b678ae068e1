// The matrix product's row of the table: strides become offsets of batches. How a product is computed is gemm.ts's.
import { sizeOf } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import type { Kernel } from '../../backend';
import { addressOf } from '../address';
import type { Engine } from '../engine/engine';
import { gemm, type Matrices } from '../engine/gemm';

/** `a [..., M, K] · b [..., K, N]` with batch axes of one shape; any strides. */
export const matmul =
  (engine: Engine): Kernel<object, number> =>
  ([a, b], out) => {
    const rank = a.shape.length;
    const [M, K] = [a.shape[rank - 2], a.shape[rank - 1]];
    const N = b.shape[rank - 1];
    const size = sizeOf(out.shape);
    const count = size === 0 ? 0 : size / (M * N);
    const c = engine.alloc(size * 4);
    const product = { M, N, K, a: matrices(a), b: matrices(b), c };
    if (rank === 2) gemm(engine, product);
    else {
      const offsets = batchOffsets(a, 2);
      const batches = { count, a: offsets, b: batchOffsets(b, 2), c: offsets.map((_, i) => i * M * N) };
      gemm(engine, { ...product, batches });
    }
    return c;
  };

function matrices(t: AnyTensor): Matrices {
  const rank = t.shape.length;
  return { address: addressOf(t), rowStride: t.strides[rank - 2], colStride: t.strides[rank - 1] };
}

/** Offsets in elements of every entry of the leading axes, all but the last `inner`, in row-major order. */
export function batchOffsets(t: AnyTensor, inner: number): number[] {
  let offsets = [0];
  for (let axis = 0; axis < t.shape.length - inner; axis++) {
    const [size, stride] = [t.shape[axis], t.strides[axis]];
    offsets = offsets.flatMap((base) => Array.from({ length: size }, (_, i) => base + i * stride));
  }
  return offsets;
}
