// Float64 buffers and strided walks: what every kernel of the reference backend is made of. Plain, not fast.
import type { DType } from '../../dtype';
import { rowMajor, type Shape, sizeOf } from '../../shape';
import type { AnyTensor } from '../../tensor';

/** float32 tensors are held in float64 here: this backend is the oracle. */
export type ReferenceBuffer = Float64Array | Int32Array;

/** A new buffer of zeros. */
export function allocate(shape: Shape, dtype: DType): ReferenceBuffer {
  const size = sizeOf(shape);
  return dtype === 'float32' ? new Float64Array(size) : new Int32Array(size);
}

/** The buffer behind a tensor. */
export function bufferOf(t: AnyTensor): ReferenceBuffer {
  return t.storage.buffer as ReferenceBuffer;
}

/** Storage positions of a tensor's elements, in row-major order. */
export function positions(t: AnyTensor): Int32Array {
  return walk(t.shape, t.strides, t.offset);
}

/** Positions that `shape` visits with any strides. */
export function walk(shape: Shape, strides: readonly number[], offset: number): Int32Array {
  const size = sizeOf(shape);
  const out = new Int32Array(size);
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < size; i++) {
    out[i] = at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** A tensor's elements in row-major order. */
export function dense(t: AnyTensor): ReferenceBuffer {
  const buffer = bufferOf(t);
  const at = positions(t);
  const out = t.dtype === 'float32' ? new Float64Array(at.length) : new Int32Array(at.length);
  for (let i = 0; i < at.length; i++) out[i] = buffer[at[i]];
  return out;
}

/** For every element of `shape`, where it lands in a row-major tensor that lacks (or has 1 at) the reduced axes. */
export function reducedPositions(shape: Shape, axes: readonly number[]): Int32Array {
  const kept = shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const strides = rowMajor(kept).map((stride, i) => (axes.includes(i) ? 0 : stride));
  return walk(shape, strides, 0);
}

/** Splits a shape around an axis: `outer × length × inner`. */
export function around(shape: Shape, axis: number): { outer: number; length: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}
