// Views: other shapes and strides on the same storage. Only `contiguous` copies.
import { floats, ints, type Op } from '../define';
import type { DType } from '../dtype';
import { ArgumentError, IndexError, ShapeError } from '../errors';
import { requireTensor } from '../lifetime';
import { apply, defineOp, viewOf } from '../op';
import { normalAxes, normalAxis, resolveShape, type Shape, show, viewStrides } from '../shape';
import type { Tensor } from '../tensor';
import { pad } from './indexing';
import { sum } from './reduce';
import { requireOptions } from './rules';

/** `[start, stop)` or `[start, stop, step)` of an axis; null takes all of it. Negative ends count from the end. */
export type Range = readonly [start: number, stop: number, step?: number] | null;

export const contiguousOp: Op<1> = defineOp({
  name: 'contiguous',
  arity: 1,
  infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  backward: (g) => [g],
  saves: [],
  samples: () => [
    { inputs: [floats([3, 4])], attrs: {} },
    { inputs: [floats([2, 3, 4, 5])], attrs: {} },
    { inputs: [ints([6, 0], [0, 3])], attrs: {} },
  ],
});

/** The tensor itself where its elements lie in order already, else a copy; always a copy on request. */
export function contiguous<D extends DType>(x: Tensor<D>, options: { readonly copy?: boolean } = {}): Tensor<D> {
  requireTensor('contiguous', 'x', x);
  const { copy = false } = requireOptions('contiguous', options);
  return x.contiguous && !copy ? x : apply(contiguousOp.definition, [x], {});
}

/**
 * The same elements in row-major order under another shape; one size may be -1. A view where strides allow it.
 *
 * @throws {ShapeError} where the number of elements differs.
 */
export function reshape<D extends DType>(x: Tensor<D>, shape: Shape): Tensor<D> {
  requireTensor('reshape', 'x', x);
  const to = resolveShape('reshape', shape, x.size);
  const strides = viewStrides(x.shape, x.strides, to);
  if (strides === null) return reshape(contiguous(x), to);
  const from = x.shape;
  return viewOf('reshape', x, to, strides, x.offset, (g) => reshape(g, from));
}

/** Joins the axes `from` … `to` into one. */
export function flatten<D extends DType>(x: Tensor<D>, from = 0, to = -1): Tensor<D> {
  requireTensor('flatten', 'x', x);
  if (x.rank === 0) return reshape(x, [1]);
  const first = normalAxis('flatten', from, x.rank);
  const last = normalAxis('flatten', to, x.rank);
  if (last < first) throw new IndexError('flatten', 'to', `an axis after ${first}`, String(last));
  const joined = x.shape.slice(first, last + 1).reduce((a, b) => a * b, 1);
  return reshape(x, [...x.shape.slice(0, first), joined, ...x.shape.slice(last + 1)]);
}

/** Reorders the axes: axis i of the result is axis `order[i]` of `x`. */
export function permute<D extends DType>(x: Tensor<D>, order: readonly number[]): Tensor<D> {
  requireTensor('permute', 'x', x);
  const wrong = (got: string): IndexError => new IndexError('permute', 'order', `each of the ${x.rank} axes once`, got);
  if (!Array.isArray(order)) throw wrong(String(order));
  if (order.length !== x.rank) throw wrong(show(order));
  const inverse = new Array<number>(x.rank).fill(-1);
  const shape: number[] = [];
  const strides: number[] = [];
  for (let i = 0; i < order.length; i++) {
    const axis = normalAxis('permute', order[i], x.rank);
    if (inverse[axis] !== -1) throw wrong(show(order));
    inverse[axis] = i;
    shape.push(x.shape[axis]);
    strides.push(x.strides[axis]);
  }
  return viewOf('permute', x, shape, strides, x.offset, (g) => permute(g, inverse));
}

/** Swaps two axes; the last two where none are named. */
export function transpose<D extends DType>(x: Tensor<D>, a = -2, b = -1): Tensor<D> {
  requireTensor('transpose', 'x', x);
  const first = normalAxis('transpose', a, x.rank);
  const second = normalAxis('transpose', b, x.rank);
  const order = x.shape.map((_, i) => (i === first ? second : i === second ? first : i));
  return permute(x, order);
}

/**
 * Repeats axes of size 1, and adds axes in front, without copying.
 *
 * @throws {ShapeError} where a size other than 1 would change.
 */
export function expand<D extends DType>(x: Tensor<D>, shape: Shape): Tensor<D> {
  requireTensor('expand', 'x', x);
  if (!Array.isArray(shape)) throw new ShapeError('expand', 'shape', 'an array of sizes', String(shape));
  const added = shape.length - x.rank;
  const strides = shape.map((n, i) => {
    const own = i < added ? 1 : x.shape[i - added];
    if (!(Number.isInteger(n) && n >= 0) || (own !== n && own !== 1))
      throw new ShapeError('expand', 'shape', `sizes that ${show(x.shape)} broadcasts to`, show(shape));
    return i < added || (own === 1 && n !== 1) ? 0 : x.strides[i - added];
  });
  if (added < 0) throw new ShapeError('expand', 'shape', `at least ${x.rank} axes`, show(shape));
  const from = x.shape;
  return viewOf('expand', x, shape, strides, x.offset, (g) => sumTo(g, from));
}

/** Sums what broadcasting repeated: the inverse of `expand` for gradients. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  const added = g.rank - shape.length;
  const axes: number[] = [];
  for (let i = 0; i < g.rank; i++) if (i < added || (shape[i - added] === 1 && g.shape[i] !== 1)) axes.push(i);
  return reshape(axes.length === 0 ? g : sum(g, { axis: axes, keepdim: true }), shape);
}

/**
 * A box cut out of the tensor: one range an axis, missing ones take the whole axis.
 *
 * @throws {IndexError} where a range leaves its axis.
 * @example
 * ```ts
 * import { arange, init } from '@heddle/tensor';
 * await init();
 * const x = arange(0, 12).reshape([3, 4]);
 * console.log(x.slice([[1, 3], [0, 4, 2]]).shape); // [2, 2]
 * ```
 */
export function slice<D extends DType>(x: Tensor<D>, ranges: readonly Range[]): Tensor<D> {
  requireTensor('slice', 'x', x);
  if (!Array.isArray(ranges) || !ranges.every((range) => range === null || Array.isArray(range)))
    throw new ArgumentError('slice', 'ranges', 'a list of [start, stop, step] or null', String(ranges));
  if (ranges.length > x.rank)
    throw new IndexError('slice', 'ranges', `at most ${x.rank} ranges`, String(ranges.length));
  const starts = x.shape.map(() => 0);
  const steps = x.shape.map(() => 1);
  const shape = [...x.shape];
  let offset = x.offset;
  ranges.forEach((range, axis) => {
    if (range === null) return;
    const [start, stop, step] = normalRange(range, x.shape[axis]);
    starts[axis] = start;
    steps[axis] = step;
    shape[axis] = Math.ceil((stop - start) / step);
    offset += start * x.strides[axis];
  });
  const strides = x.strides.map((stride, i) => stride * steps[i]);
  const from = x.shape;
  return viewOf('slice', x, shape, strides, offset, (g) => unslice(g, from, starts, steps));
}

function normalRange([from, to, step = 1]: NonNullable<Range>, size: number): [number, number, number] {
  const start = typeof from === 'number' && from < 0 ? from + size : from;
  const stop = typeof to === 'number' && to < 0 ? to + size : to;
  if (
    !Number.isInteger(start) ||
    !Number.isInteger(stop) ||
    start < 0 ||
    stop > size ||
    stop < start ||
    !(Number.isInteger(step) && step >= 1)
  ) {
    throw new IndexError(
      'slice',
      'ranges',
      `a range inside [0, ${size}] with a whole step of at least 1`,
      show([from, to, step]),
    );
  }
  return [start, stop, step];
}

/** Puts a slice's gradient back in its place among zeros. Steps become gaps of zeros first. */
function unslice(g: Tensor, shape: Shape, starts: readonly number[], steps: readonly number[]): Tensor {
  let spread = g;
  steps.forEach((step, axis) => {
    if (step === 1) return;
    const gaps = pad(
      unsqueeze(spread, axis + 1),
      new Array(spread.rank + 1).fill(0),
      onAxis(spread.rank + 1, axis + 1, step - 1),
    );
    const joined = flatten(gaps, axis, axis + 1);
    const keepTo = Math.min(joined.shape[axis], shape[axis] - starts[axis]);
    spread = slice(
      joined,
      joined.shape.map((n, i) => [0, i === axis ? keepTo : n]),
    );
  });
  const after = shape.map((n, i) => n - starts[i] - spread.shape[i]);
  return pad(spread, starts, after);
}

function onAxis(rank: number, axis: number, value: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i === axis ? value : 0));
}

/** One index of an axis; the axis goes away. */
export function select<D extends DType>(x: Tensor<D>, axis: number, index: number): Tensor<D> {
  requireTensor('select', 'x', x);
  const at = normalAxis('select', axis, x.rank);
  const i = index < 0 ? index + x.shape[at] : index;
  if (!(Number.isInteger(i) && i >= 0 && i < x.shape[at]))
    throw new IndexError('select', 'index', `an index in [0, ${x.shape[at] - 1}]`, String(index));
  return squeeze(
    slice(
      x,
      x.shape.map((_, k) => (k === at ? [i, i + 1] : null)),
    ),
    at,
  );
}

/** Takes away axes of size 1: those named, or all. */
export function squeeze<D extends DType>(x: Tensor<D>, axis?: number | readonly number[]): Tensor<D> {
  requireTensor('squeeze', 'x', x);
  const axes =
    axis === undefined ? x.shape.flatMap((n, i) => (n === 1 ? [i] : [])) : normalAxes('squeeze', axis, x.rank);
  for (const i of axes)
    if (x.shape[i] !== 1) throw new ShapeError('squeeze', 'axis', 'axes of size 1', `axis ${i} of ${show(x.shape)}`);
  return reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

/** Adds an axis of size 1 at `axis`. */
export function unsqueeze<D extends DType>(x: Tensor<D>, axis: number): Tensor<D> {
  requireTensor('unsqueeze', 'x', x);
  const at = normalAxis('unsqueeze', axis, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Cuts an axis into pieces of the given size (the last may be smaller), or of the given sizes. Pieces are views. */
export function split<D extends DType>(x: Tensor<D>, sizes: number | readonly number[], axis = 0): Tensor<D>[] {
  requireTensor('split', 'x', x);
  const at = normalAxis('split', axis, x.rank);
  const total = x.shape[at];
  const list = typeof sizes === 'number' ? evenly(total, sizes) : sizes;
  if (!Array.isArray(list) || !list.every((n) => Number.isInteger(n) && n >= 0))
    throw new ArgumentError('split', 'sizes', 'whole sizes of at least 0', String(sizes));
  if (list.reduce((a, b) => a + b, 0) !== total)
    throw new ArgumentError('split', 'sizes', `sizes that add up to ${total}`, show(list));
  let start = 0;
  return list.map((size) => {
    const from = start;
    start += size;
    return slice(
      x,
      x.shape.map((_, k) => (k === at ? [from, from + size] : null)),
    );
  });
}

function evenly(total: number, size: number): number[] {
  if (!(Number.isInteger(size) && size > 0))
    throw new ArgumentError('split', 'sizes', 'a whole size above 0', String(size));
  return Array.from({ length: Math.max(1, Math.ceil(total / size)) }, (_, i) => Math.min(size, total - i * size));
}
