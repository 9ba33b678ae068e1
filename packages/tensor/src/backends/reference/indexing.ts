// Reference kernels that read and write by index.
import { IndexError } from '../../errors';
import { rowMajor, type Shape, sizeOf } from '../../shape';
import type { AnyTensor } from '../../tensor';
import type { Kernel } from '../backend';
import { allocate, around, dense, type ReferenceBuffer, walk } from './buffer';

function requireIndex(op: string, index: number, size: number): number {
  if (index < 0 || index >= size) throw new IndexError(op, 'index', `indices in [0, ${size - 1}]`, String(index));
  return index;
}

/** For each element of `index`: its own row-major position in `shape`, and the one along `axis` that it points to. */
function pointers(op: string, index: AnyTensor, axis: number, shape: Shape): Int32Array {
  const strides = rowMajor(shape);
  const base = walk(
    index.shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
    0,
  );
  return base.map((at, i) => at + requireIndex(op, dense(index)[i], shape[axis]) * strides[axis]);
}

type Axis = { readonly axis: number };

export const indexing = {
  gather: (([x, index], out, { axis }) => {
    const values = dense(x);
    const result = allocate(out.shape, out.dtype);
    pointers('gather', index, axis, x.shape).forEach((at, i) => {
      result[i] = values[at];
    });
    return result;
  }) satisfies Kernel<Axis, ReferenceBuffer>,

  scatterAdd: (([index, src], out, { axis, shape }) => {
    const values = dense(src);
    const result = allocate(out.shape, out.dtype);
    pointers('scatterAdd', index, axis, shape).forEach((at, i) => {
      result[at] += values[i];
    });
    return result;
  }) satisfies Kernel<Axis & { readonly shape: Shape }, ReferenceBuffer>,

  take: (([table, index], out) => {
    const values = dense(table);
    const width = sizeOf(table.shape.slice(1));
    const result = allocate(out.shape, out.dtype);
    dense(index).forEach((row: number, i: number) => {
      const from = requireIndex('take', row, table.shape[0]) * width;
      result.set(values.subarray(from, from + width), i * width);
    });
    return result;
  }) satisfies Kernel<object, ReferenceBuffer>,

  takeGrad: (([index, g], out, { rows }) => {
    const values = dense(g);
    const width = sizeOf(out.shape.slice(1));
    const result = allocate(out.shape, out.dtype);
    dense(index).forEach((row: number, i: number) => {
      const to = requireIndex('takeGrad', row, rows) * width;
      for (let k = 0; k < width; k++) result[to + k] += values[i * width + k];
    });
    return result;
  }) satisfies Kernel<{ readonly rows: number }, ReferenceBuffer>,

  concat: ((inputs, out, { axis }) => {
    const result = allocate(out.shape, out.dtype);
    const whole = around(out.shape, axis);
    let before = 0;
    for (const x of inputs) {
      const values = dense(x);
      const { outer, length, inner } = around(x.shape, axis);
      for (let o = 0; o < outer; o++) {
        const run = values.subarray(o * length * inner, (o + 1) * length * inner);
        result.set(run, (o * whole.length + before) * inner);
      }
      before += length;
    }
    return result;
  }) satisfies Kernel<Axis, ReferenceBuffer>,

  pad: (([x], out, { before, value }) => {
    const result = allocate(out.shape, out.dtype).fill(value);
    const strides = rowMajor(out.shape);
    const offset = before.reduce((at, n, i) => at + n * strides[i], 0);
    const values = dense(x);
    walk(x.shape, strides, offset).forEach((at, i) => {
      result[at] = values[i];
    });
    return result;
  }) satisfies Kernel<{ readonly before: readonly number[]; readonly value: number }, ReferenceBuffer>,

  fill: ((_, out, { value }) => allocate(out.shape, out.dtype).fill(value)) satisfies Kernel<
    { readonly value: number },
    ReferenceBuffer
  >,

  iota: ((_, out, { start, step }) => {
    const result = allocate(out.shape, out.dtype);
    for (let i = 0; i < result.length; i++) result[i] = start + i * step;
    return result;
  }) satisfies Kernel<{ readonly start: number; readonly step: number }, ReferenceBuffer>,
};
