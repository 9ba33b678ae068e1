// Reductions over axes, and scans along one.
import { floats, ints, type Op } from '../define';
import type { DType } from '../dtype';
import { ArgumentError, ShapeError } from '../errors';
import { requireTensor } from '../lifetime';
import { apply, defineOp } from '../op';
import { normalAxes, normalAxis, reducedShape, type Shape, show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { abs, add, cast, div, exp, log, mul, neg, pow, sqrt, sub } from './arithmetic';
import { equal, logicalNot, notEqual } from './compare';
import { requireDType, requireOptions, WITH_AXIS } from './rules';
import { expand, reshape } from './views';
import { where } from './where';

/** Which axes are reduced; all where none are named. */
export interface ReduceOptions {
  readonly axis?: number | readonly number[];
  /** Keeps reduced axes with size 1. */
  readonly keepdim?: boolean;
}

/** Options of `variance` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** What is taken off the count: 1 gives the unbiased estimate (the default, as in PyTorch), 0 the mean square. */
  readonly correction?: number;
}

/** Options of `norm`. */
export interface NormOptions extends ReduceOptions {
  /** The order, as `torch.linalg.vector_norm` has it: 2 where nothing is said; any number, ±Infinity and 0 too. */
  readonly order?: number;
}

/** Options of `argmax` and `argmin`. */
export interface ArgOptions {
  readonly axis?: number;
  readonly keepdim?: boolean;
}

export interface ReduceAttrs {
  readonly axes: readonly number[];
  readonly keepdim: boolean;
}

const cases = (apart?: number) => [
  { inputs: [floats([6], [-2, 2], apart)], attrs: { axes: [0], keepdim: false } },
  { inputs: [floats([3, 5], [-2, 2], apart)], attrs: { axes: [1], keepdim: true } },
  { inputs: [floats([2, 3, 4, 5], [-2, 2], apart)], attrs: { axes: [0, 2], keepdim: false } },
  { inputs: [floats([2, 37], [-2, 2], apart)], attrs: { axes: [0, 1], keepdim: false } },
  { inputs: [ints([4, 3], [-9, 9])], attrs: { axes: [0], keepdim: false } },
];

/** Puts a reduced tensor's axes back, repeated to `shape`. */
function restore<D extends DType>(x: Tensor<D>, shape: Shape, axes: readonly number[]): Tensor<D> {
  return expand(
    reshape(
      x,
      shape.map((n, i) => (axes.includes(i) ? 1 : n)),
    ),
    shape,
  );
}

export const sumOp: Op<1, ReduceAttrs> = defineOp({
  name: 'sum',
  arity: 1,
  infer: ([x], { axes, keepdim }) => {
    requireDType('sum', 'x', x, 'float32', 'int32');
    return { shape: reducedShape(x.shape, axes, keepdim), dtype: x.dtype };
  },
  backward: (g, { inputs: [x], attrs: { axes } }) => [restore(g, x.shape, axes)],
  saves: [],
  samples: () => [...cases(), { inputs: [floats([0, 3])], attrs: { axes: [0], keepdim: false } }],
});

// The gradient goes to the greatest; ties share it, as torch.amax does.
export const maxOp: Op<1, ReduceAttrs> = defineOp({
  name: 'max',
  arity: 1,
  infer: ([x], { axes, keepdim }) => {
    requireDType('max', 'x', x, 'float32', 'int32');
    return { shape: reducedShape(x.shape, axes, keepdim), dtype: x.dtype };
  },
  backward: (g, { inputs: [x], output, attrs: { axes } }) => {
    const hits = cast(equal(x, restore(output, x.shape, axes)), 'float32');
    const share = div(hits, sum(hits, { axis: axes, keepdim: true }));
    return [mul(share, restore(g, x.shape, axes))];
  },
  saves: [0, 'y'],
  samples: () => cases(1e-3),
});

export const argmaxOp: Op<1, { readonly axis: number; readonly keepdim: boolean }, 'int32'> = defineOp({
  name: 'argmax',
  arity: 1,
  infer: ([x], { axis, keepdim }) => {
    requireDType('argmax', 'x', x, 'float32', 'int32');
    return { shape: reducedShape(x.shape, [axis], keepdim), dtype: 'int32' };
  },
  backward: null,
  saves: [],
  samples: () => [
    { inputs: [floats([4, 9], [-2, 2], 1e-3)], attrs: { axis: 1, keepdim: false } },
    { inputs: [floats([3, 4, 2], [-2, 2], 1e-3)], attrs: { axis: 0, keepdim: true } },
    { inputs: [ints([5, 3], [0, 3])], attrs: { axis: 0, keepdim: false } },
  ],
});

// The gradient is the sum from the end: total − (sum before i).
export const cumsumOp: Op<1, { readonly axis: number }> = defineOp({
  name: 'cumsum',
  arity: 1,
  infer: ([x]) => {
    requireDType('cumsum', 'x', x, 'float32', 'int32');
    return x;
  },
  backward: (g, { attrs: { axis } }) => [sub(add(g, sum(g, { axis, keepdim: true })), cumsumOp(g, { axis }))],
  saves: [],
  samples: () => [
    { inputs: [floats([9])], attrs: { axis: 0 } },
    { inputs: [floats([3, 5, 2])], attrs: { axis: 1 } },
    { inputs: [ints([2, 6], [-4, 4])], attrs: { axis: 1 } },
  ],
});

function reduceAttrs(op: string, x: AnyTensor, options: ReduceOptions): ReduceAttrs {
  const { axis, keepdim = false } = requireOptions(op, options, WITH_AXIS);
  requireTensor(op, 'x', x);
  return { axes: normalAxes(op, axis, x.rank), keepdim };
}

/**
 * Sum along the axes; over all elements where none is named.
 *
 * @throws {DTypeError} where a sum of int32 fits no int32; on a GPU, which holds them as floats, sums are exact up to 2^24.
 */
export function sum<D extends DType>(x: Tensor<D>, options: ReduceOptions = {}): Tensor<D> {
  return apply(sumOp.definition, [x], reduceAttrs('sum', x, options));
}

/** The greatest value along the axes; `maximum` compares two tensors. */
export function max<D extends DType>(x: Tensor<D>, options: ReduceOptions = {}): Tensor<D> {
  return apply(maxOp.definition, [x], reduceAttrs('max', x, options));
}

/** The smallest value along the axes; `minimum` compares two tensors. */
export function min<D extends DType>(x: Tensor<D>, options: ReduceOptions = {}): Tensor<D> {
  reduceAttrs('min', x, options);
  return reversed('min', max(reversed('min', x), options));
}

/** The same numbers the other way round: −x, and −1 − x for int32, whose least number has no negative. */
function reversed<D extends DType>(op: string, x: Tensor<D>): Tensor<D> {
  requireDType(op, 'x', x, 'float32', 'int32');
  return x.dtype === 'int32' ? sub(neg(x), 1) : neg(x);
}

/** Mean along the axes, in float32. */
export function mean(x: AnyTensor, options: ReduceOptions = {}): Tensor {
  const { axes } = reduceAttrs('mean', x, options);
  const count = axes.reduce((n, axis) => n * x.shape[axis], 1);
  return mul(sum(cast(x, 'float32'), options), 1 / count);
}

/** Mean squared distance from the mean, over `count − correction`. */
export function variance(x: AnyTensor, options: VarianceOptions = {}): Tensor {
  const { axes, keepdim } = reduceAttrs('variance', x, options);
  const { correction = 1 } = options;
  const count = axes.reduce((n, axis) => n * x.shape[axis], 1);
  if (!Number.isFinite(correction))
    throw new ArgumentError('variance', 'correction', 'a finite number', String(correction));
  const centered = sub(cast(x, 'float32'), mean(x, { axis: axes, keepdim: true }));
  return mul(sum(mul(centered, centered), { axis: axes, keepdim }), 1 / Math.max(0, count - correction));
}

/** Standard deviation: √variance. */
export function std(x: AnyTensor, options: VarianceOptions = {}): Tensor {
  return rootOfSquares(variance(x, options));
}

/** Length of the vectors along the axes. */
export function norm(x: AnyTensor, options: NormOptions = {}): Tensor {
  reduceAttrs('norm', x, options);
  const { order = 2 } = options;
  if (typeof order !== 'number' || Number.isNaN(order))
    throw new ArgumentError('norm', 'order', 'a number', String(order));
  const values = cast(x, 'float32');
  if (order === 2) return rootOfSquares(sum(mul(values, values), options));
  const lengths = abs(values);
  if (order === 1) return sum(lengths, options);
  if (order === Number.POSITIVE_INFINITY) return max(lengths, options);
  if (order === Number.NEGATIVE_INFINITY) return min(lengths, options);
  if (order === 0) return sum(cast(notEqual(values, 0), 'float32'), options);
  // A number that is 0 adds nothing, or makes the whole 0 where the order is negative; it has no slope either way.
  const ofZero = order > 0 ? 0 : Number.POSITIVE_INFINITY;
  const isZero = equal(lengths, 0);
  const total = sum(where(isZero, ofZero, pow(where(isZero, 1, lengths), order)), options);
  const isNothing = equal(total, ofZero);
  return where(isNothing, 0, pow(where(isNothing, 1, total), 1 / order));
}

// The root's slope at zero is infinite, and the squares' gradient there zero: together they would be no number. A length
// of zero has the gradient zero, as in torch.
function rootOfSquares(squares: Tensor): Tensor {
  const isZero = equal(squares, 0);
  return where(isZero, 0, sqrt(where(isZero, 1, squares)));
}

/** Position of the greatest value along an axis; over all elements where none is named. The first of equals wins. */
export function argmax(x: AnyTensor, options: ArgOptions = {}): Tensor<'int32'> {
  return positionOfMax('argmax', x, x, options);
}

/** `argmax` of `keys`, which `x` was turned into, with errors that name `op`. */
function positionOfMax(op: string, x: AnyTensor, keys: AnyTensor, options: ArgOptions): Tensor<'int32'> {
  const { axis, keepdim = false } = requireOptions(op, options, WITH_AXIS);
  requireTensor(op, 'x', x);
  const at = axis === undefined ? null : normalAxis(op, axis, x.rank);
  if ((at === null ? x.size : x.shape[at]) === 0)
    throw new ShapeError(op, 'x', 'at least one element to choose from', show(x.shape));
  if (at !== null) return argmaxOp(keys, { axis: at, keepdim });
  const position = argmaxOp(reshape(keys, [x.size]), { axis: 0, keepdim: false });
  return keepdim
    ? reshape(
        position,
        x.shape.map(() => 1),
      )
    : position;
}

/** Position of the smallest value along an axis, as `argmax`. */
export function argmin(x: AnyTensor, options: ArgOptions = {}): Tensor<'int32'> {
  return positionOfMax('argmin', x, reversed('argmin', x), options);
}

/** log Σ eˣ without overflow. */
export function logSumExp(x: Tensor | AnyTensor, options: ReduceOptions = {}): Tensor {
  const { axes, keepdim } = reduceAttrs('logSumExp', x, options);
  const values = cast(x, 'float32');
  const top = max(values, { axis: axes, keepdim: true }).detach();
  // An infinite maximum would give ∞ − ∞.
  const finite = where(equal(abs(top), Number.POSITIVE_INFINITY), 0, top);
  const result = add(log(sum(exp(sub(values, finite)), { axis: axes, keepdim: true })), finite);
  return keepdim ? result : reshape(result, reducedShape(x.shape, axes, false));
}

/** Running sum along an axis. int32 as in `sum`. */
export function cumsum<D extends DType>(x: Tensor<D>, axis: number): Tensor<D> {
  requireTensor('cumsum', 'x', x);
  return apply(cumsumOp.definition, [x], { axis: normalAxis('cumsum', axis, x.rank) });
}

/** True where any element along the axes is. */
export function any(x: AnyTensor, options: ReduceOptions = {}): Tensor<'bool'> {
  reduceAttrs('any', x, options);
  return cast(sum(cast(cast(x, 'bool'), 'int32'), options), 'bool');
}

/** True where all elements along the axes are. */
export function all(x: AnyTensor, options: ReduceOptions = {}): Tensor<'bool'> {
  reduceAttrs('all', x, options);
  return logicalNot(any(logicalNot(cast(x, 'bool')), options));
}
