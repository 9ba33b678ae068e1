// Reading and writing by index: gather, scatter-add, take, concat, pad, sort.
import { floats, ints, type Op } from '../define';
import type { DType } from '../dtype';
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { requireTensor, scope } from '../lifetime';
import { apply, defineOp } from '../op';
import { normalAxis, type Shape, sameShape, show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { requireScalar } from './broadcast';
import { ones } from './create';
import { requireDType, requireOptions, WITH_AXIS } from './rules';
import { slice, split, unsqueeze } from './views';
import { where } from './where';

export interface AxisAttrs {
  readonly axis: number;
}

/** `out[i][j] = x[index[i][j]][j]` for axis 0, and so on: torch.gather. */
export const gatherOp: Op<2, AxisAttrs> = defineOp({
  name: 'gather',
  arity: 2,
  infer: ([x, index], { axis }) => {
    requireDType('gather', 'index', index, 'int32');
    if (index.rank !== x.rank || index.shape.some((n, i) => i !== axis && n > x.shape[i])) {
      throw new ShapeError(
        'gather',
        'index',
        `the axes of ${show(x.shape)}, none longer but axis ${axis}`,
        show(index.shape),
      );
    }
    return { shape: index.shape, dtype: x.dtype };
  },
  backward: (g, { inputs: [x, index], attrs: { axis } }) => [scatterAddOp(index, g, { axis, shape: x.shape }), null],
  saves: [1],
  samples: () => [
    { inputs: [floats([5, 4]), ints([3, 4], [0, 5])], attrs: { axis: 0 } },
    { inputs: [floats([3, 6, 2]), ints([3, 2, 2], [0, 6])], attrs: { axis: 1 } },
  ],
});

/** Zeros of `shape`, with `src` added where `index` says: torch.scatter_add. */
export const scatterAddOp: Op<2, { readonly axis: number; readonly shape: Shape }> = defineOp({
  name: 'scatterAdd',
  arity: 2,
  infer: ([index, src], { axis, shape }) => {
    requireDType('scatterAdd', 'index', index, 'int32');
    requireDType('scatterAdd', 'src', src, 'float32');
    if (
      !sameShape(index.shape, src.shape) ||
      index.rank !== shape.length ||
      index.shape.some((n, i) => i !== axis && n > shape[i])
    ) {
      throw new ShapeError(
        'scatterAdd',
        'index',
        `the shape of src, ${show(src.shape)}, inside ${show(shape)}`,
        show(index.shape),
      );
    }
    return { shape, dtype: 'float32' };
  },
  backward: (g, { inputs: [index], attrs: { axis } }) => [null, gatherOp(g, index, { axis })],
  saves: [0],
  samples: () => [
    { inputs: [ints([6, 3], [0, 4]), floats([6, 3])], attrs: { axis: 0, shape: [4, 3] } },
    { inputs: [ints([2, 5], [0, 7]), floats([2, 5])], attrs: { axis: 1, shape: [2, 7] } },
  ],
});

/** Rows of a table: `out[i, …] = table[index[i]]`. */
export const takeOp: Op<2> = defineOp({
  name: 'take',
  arity: 2,
  infer: ([table, index]) => {
    requireDType('take', 'index', index, 'int32');
    if (table.rank === 0) throw new ShapeError('take', 'table', 'at least one axis', 'a scalar');
    return { shape: [...index.shape, ...table.shape.slice(1)], dtype: table.dtype };
  },
  backward: (g, { inputs: [table, index] }) => [takeGradOp(index, g, { rows: table.shape[0] }), null],
  saves: [1],
  samples: () => [
    { inputs: [floats([6, 3]), ints([4], [0, 6])], attrs: {} },
    { inputs: [floats([5, 2, 3]), ints([2, 3], [0, 5])], attrs: {} },
    { inputs: [floats([5, 8]), ints([0], [0, 5])], attrs: {} },
  ],
});

/** The gradient of `take`: rows of `g` summed into a table of zeros. */
export const takeGradOp: Op<2, { readonly rows: number }> = defineOp({
  name: 'takeGrad',
  arity: 2,
  infer: ([index, g], { rows }) => ({ shape: [rows, ...g.shape.slice(index.rank)], dtype: 'float32' }),
  backward: (g, { inputs: [index] }) => [null, takeOp(g, index)],
  saves: [0],
  samples: () => [
    { inputs: [ints([7], [0, 4]), floats([7, 3])], attrs: { rows: 4 } },
    { inputs: [ints([2, 3], [0, 5]), floats([2, 3, 2])], attrs: { rows: 6 } },
  ],
});

/** Tensors one after the other along an axis. */
export const concatOp: Op<'n', AxisAttrs> = defineOp({
  name: 'concat',
  arity: 'n',
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    let total = 0;
    for (const x of inputs) {
      if (x.dtype !== first.dtype) throw new DTypeError('concat', 'tensors', first.dtype, x.dtype);
      if (x.rank !== first.rank || x.shape.some((n, i) => i !== axis && n !== first.shape[i])) {
        throw new ShapeError(
          'concat',
          'tensors',
          `shapes like ${show(first.shape)} but for axis ${axis}`,
          show(x.shape),
        );
      }
      total += x.shape[axis];
    }
    return { shape: first.shape.map((n, i) => (i === axis ? total : n)), dtype: first.dtype };
  },
  backward: (g, { inputs, attrs: { axis } }) =>
    split(
      g,
      inputs.map((x) => x.shape[axis]),
      axis,
    ),
  saves: [],
  samples: () => [
    { inputs: [floats([2, 3]), floats([4, 3])], attrs: { axis: 0 } },
    { inputs: [floats([2, 1, 3]), floats([2, 4, 3]), floats([2, 0, 3])], attrs: { axis: 1 } },
    { inputs: [ints([3], [0, 9])], attrs: { axis: 0 } },
  ],
});

/** Constant values around a tensor. */
export const padOp: Op<
  1,
  { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number }
> = defineOp({
  name: 'pad',
  arity: 1,
  infer: ([x], { before, after }) => ({ shape: x.shape.map((n, i) => n + before[i] + after[i]), dtype: x.dtype }),
  backward: (g, { inputs: [x], attrs: { before } }) => [
    slice(
      g,
      x.shape.map((n, i) => [before[i], before[i] + n]),
    ),
  ],
  saves: [],
  samples: () => [
    { inputs: [floats([3, 4])], attrs: { before: [1, 0], after: [0, 2], value: 0.5 } },
    { inputs: [floats([2, 2, 3])], attrs: { before: [0, 1, 2], after: [1, 1, 0], value: 0 } },
  ],
});

/** Positions that sort an axis; equal values keep their order, NaN counts as the greatest. */
export const argsortOp: Op<1, { readonly axis: number; readonly descending: boolean }, 'int32'> = defineOp({
  name: 'argsort',
  arity: 1,
  infer: ([x]) => {
    requireDType('argsort', 'x', x, 'float32', 'int32');
    return { shape: x.shape, dtype: 'int32' };
  },
  backward: null,
  saves: [],
  samples: () => [
    { inputs: [floats([13], [-2, 2], 1e-3)], attrs: { axis: 0, descending: false } },
    { inputs: [floats([3, 7, 2], [-2, 2], 1e-3)], attrs: { axis: 1, descending: true } },
    { inputs: [ints([4, 9], [0, 4])], attrs: { axis: 1, descending: false } },
  ],
});

/** `torch.gather`: picks along an axis, one index an output element. */
export function gather<D extends DType>(x: Tensor<D>, axis: number, index: Tensor<'int32'>): Tensor<D> {
  requireTensor('gather', 'x', x);
  return apply(gatherOp.definition, [x, index], { axis: normalAxis('gather', axis, x.rank) });
}

/** `base` with `src` added along an axis where `index` says. */
export function scatterAdd(base: Tensor, axis: number, index: Tensor<'int32'>, src: Tensor): Tensor {
  requireDType('scatterAdd', 'base', base, 'float32');
  return base.add(scatterAddOp(index, src, { axis: normalAxis('scatterAdd', axis, base.rank), shape: base.shape }));
}

/** Rows of axis 0, in the order of `index`, whose shape takes the axis's place. */
export function take<D extends DType>(table: Tensor<D>, index: Tensor<'int32'>): Tensor<D> {
  return apply(takeOp.definition, [table, index], {});
}

/**
 * Joins tensors along an axis.
 *
 * @throws {ShapeError} where other axes differ.
 */
export function concat<D extends DType>(tensors: readonly Tensor<D>[], axis = 0): Tensor<D> {
  requireList('concat', tensors);
  return apply(concatOp.definition, tensors, { axis: normalAxis('concat', axis, tensors[0].rank) });
}

function requireList(op: string, tensors: readonly AnyTensor[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0)
    throw new ArgumentError(op, 'tensors', 'at least one tensor', Array.isArray(tensors) ? 'none' : String(tensors));
  for (const t of tensors) requireTensor(op, 'tensors', t);
}

/** Joins tensors of one shape along a new axis. */
export function stack<D extends DType>(tensors: readonly Tensor<D>[], axis = 0): Tensor<D> {
  requireList('stack', tensors);
  const [{ shape, rank }] = tensors;
  const at = normalAxis('stack', axis, rank + 1);
  for (const t of tensors)
    if (!sameShape(t.shape, shape))
      throw new ShapeError('stack', 'tensors', `shapes like ${show(shape)}`, show(t.shape));
  return concat(
    tensors.map((t) => unsqueeze(t, at)),
    at,
  );
}

/** Adds `before[i]` and `after[i]` elements of `value` at the ends of axis i. */
export function pad<D extends DType>(
  x: Tensor<D>,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): Tensor<D> {
  requireTensor('pad', 'x', x);
  const valid = (list: readonly number[]): boolean =>
    Array.isArray(list) && list.length === x.rank && list.every((n) => Number.isInteger(n) && n >= 0);
  if (!valid(before)) throw new ArgumentError('pad', 'before', `${x.rank} whole numbers of at least 0`, String(before));
  if (!valid(after)) throw new ArgumentError('pad', 'after', `${x.rank} whole numbers of at least 0`, String(after));
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  requireScalar('pad', x, value, 'value');
  return apply(padOp.definition, [x], { before, after, value });
}

/** `x` with `value` where the mask is true. */
export function maskedFill<D extends DType>(x: Tensor<D>, mask: AnyTensor, value: number): Tensor<D> {
  return where<D>(mask, value, x);
}

/** Positions that sort an axis. */
export function argsort(
  x: AnyTensor,
  options: { readonly axis?: number; readonly descending?: boolean } = {},
): Tensor<'int32'> {
  requireDType('argsort', 'x', x, 'float32', 'int32');
  const { axis = -1, descending = false } = requireOptions('argsort', options, WITH_AXIS);
  return argsortOp(x, { axis: normalAxis('argsort', axis, x.rank), descending });
}

/** Values and positions in sorted order. */
export interface Sorted<D extends DType> {
  readonly values: Tensor<D>;
  readonly indices: Tensor<'int32'>;
}

/** Sorts an axis; equal values keep their order. */
export function sort<D extends DType>(
  x: Tensor<D>,
  options: { readonly axis?: number; readonly descending?: boolean } = {},
): Sorted<D> {
  const indices = argsort(x, options);
  return { values: gather(x, options.axis ?? -1, indices), indices };
}

/** The `k` greatest values of an axis, greatest first. */
export function topk<D extends DType>(x: Tensor<D>, k: number, axis = -1): Sorted<D> {
  requireDType('topk', 'x', x, 'float32', 'int32');
  const at = normalAxis('topk', axis, x.rank);
  if (!(Number.isInteger(k) && k >= 0 && k <= x.shape[at])) {
    throw new ArgumentError('topk', 'k', `a whole number in [0, ${x.shape[at]}]`, String(k));
  }
  const order = argsort(x, { axis: at, descending: true });
  const indices = slice(
    order,
    x.shape.map((_, i) => (i === at ? [0, k] : null)),
  );
  return { values: gather(x, at, indices), indices };
}

/**
 * Ones at the given classes along a new last axis, as `torch.nn.functional.one_hot`.
 *
 * @throws {IndexError} where an index is no class.
 */
export function oneHot(index: Tensor<'int32'>, classes: number): Tensor {
  requireDType('oneHot', 'index', index, 'int32');
  if (!(Number.isInteger(classes) && classes >= 0))
    throw new ArgumentError('oneHot', 'classes', 'a whole number of at least 0', String(classes));
  return scope(() => {
    const places = unsqueeze(index, -1);
    return scatterAddOp(places, ones(places.shape), { axis: index.rank, shape: [...index.shape, classes] });
  });
}
