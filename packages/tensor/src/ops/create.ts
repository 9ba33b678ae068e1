// Making tensors: from host data, filled, counted, drawn.
import type { AttrsOf, Op } from '../define';
import { type DType, fitsDType, type HostArray, knownDType } from '../dtype';
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { inWords, track } from '../lifetime';
import { apply, defineOp, poisoned, wrap } from '../op';
import type { Generator } from '../random';
import { currentBackend } from '../runtime';
import { requireShape, resolveShape, type Shape, show, sizeOf } from '../shape';
import { Storage } from '../storage';
import type { Tensor } from '../tensor';
import { generatorOf, requireOptions } from './rules';

/** Nested arrays of numbers or booleans. */
export type Nested = number | boolean | readonly Nested[];

/** Options of the creating functions. */
export interface CreateOptions<D extends DType> {
  /** float32 where nothing is said; int32 or bool for `tensor` where the data says so. */
  readonly dtype?: D;
  /** Whether ops on the tensor are recorded. */
  readonly requiresGrad?: boolean;
}

/** Options of random tensors. */
export interface RandomOptions {
  /** Where the numbers come from; the default belongs to `init`'s seed. */
  readonly generator?: Generator | undefined;
  readonly requiresGrad?: boolean;
}

export const fill: Op<0, { readonly shape: Shape; readonly value: number; readonly dtype: DType }> = defineOp({
  name: 'fill',
  arity: 0,
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  backward: null,
  saves: [],
  samples: () => [
    { inputs: [], attrs: { shape: [3, 5], value: 1.5, dtype: 'float32' } },
    { inputs: [], attrs: { shape: [7], value: -2, dtype: 'int32' } },
    { inputs: [], attrs: { shape: [], value: 1, dtype: 'bool' } },
    { inputs: [], attrs: { shape: [0, 2], value: 1, dtype: 'float32' } },
  ],
});

export const iota: Op<
  0,
  { readonly start: number; readonly step: number; readonly size: number; readonly dtype: DType }
> = defineOp({
  name: 'iota',
  arity: 0,
  infer: (_, { size, dtype }) => ({ shape: [size], dtype }),
  backward: null,
  saves: [],
  samples: () => [
    { inputs: [], attrs: { start: 0, step: 1, size: 9, dtype: 'int32' } },
    { inputs: [], attrs: { start: -1, step: 0.25, size: 6, dtype: 'float32' } },
  ],
});

/**
 * A tensor from nested arrays, or from a typed array with a shape. Booleans make bool tensors, `Int32Array`s int32,
 * everything else float32 unless `dtype` says otherwise.
 *
 * @throws {ShapeError} where rows differ in length or the shape doesn't hold the elements.
 * @example
 * ```ts
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const a = tensor([[1, 2], [3, 4]]);
 * const ids = tensor(new Int32Array([5, 6, 7]), { shape: [3, 1] });
 * ```
 */
export function tensor(
  data: Int32Array,
  options?: CreateOptions<'int32'> & { readonly shape?: Shape },
): Tensor<'int32'>;
export function tensor(data: Uint8Array, options?: CreateOptions<'bool'> & { readonly shape?: Shape }): Tensor<'bool'>;
export function tensor<D extends DType = 'float32'>(
  data: Nested | HostArray | Float64Array,
  options?: CreateOptions<D> & { readonly shape?: Shape },
): Tensor<D>;
export function tensor<D extends DType>(
  data: Nested | HostArray | Float64Array,
  options: CreateOptions<D> & { readonly shape?: Shape } = {},
): Tensor<D> {
  const { dtype: wanted, requiresGrad = false } = requireOptions('tensor', options);
  const flat: (number | boolean)[] | HostArray | Float64Array = isHost(data) ? data : [];
  let shape: Shape;
  if (Array.isArray(flat)) {
    shape = flatten(data as Nested, flat);
    if (options.shape !== undefined) shape = resolveShape('tensor', options.shape, flat.length);
  } else shape = resolveShape('tensor', options.shape ?? [flat.length], flat.length);
  const dtype = wanted ?? dtypeOf(flat);
  requireFloat('tensor', dtype, requiresGrad);
  return upload(toHost(flat, dtype), shape, dtype as D, 'tensor', requiresGrad);
}

function isHost(data: Nested | HostArray | Float64Array): data is HostArray | Float64Array {
  return ArrayBuffer.isView(data);
}

function dtypeOf(flat: ArrayLike<number | boolean>): DType {
  if (flat instanceof Int32Array) return 'int32';
  if (flat instanceof Uint8Array) return 'bool';
  if (Array.isArray(flat) && flat.length > 0 && flat.every((x) => typeof x === 'boolean')) return 'bool';
  return 'float32';
}

function toHost(flat: ArrayLike<number | boolean>, dtype: DType): Float32Array | Int32Array {
  if (knownDType('tensor', dtype) === 'float32')
    return flat instanceof Float32Array ? flat : Float32Array.from(flat, Number);
  if (dtype === 'int32') return flat instanceof Int32Array ? flat : Int32Array.from(flat, whole);
  // NaN is true, as where it is cast.
  return Int32Array.from(flat, (x) => (Number(x) === 0 ? 0 : 1));
}

function whole(x: number | boolean): number {
  const n = Number(x);
  if (!Number.isInteger(n) || n < -(2 ** 31) || n >= 2 ** 31)
    throw new ArgumentError('tensor', 'data', 'whole numbers that fit int32', String(x));
  return n;
}

/** Appends nested data to `into` in row-major order and returns its shape. */
function flatten(data: Nested, into: (number | boolean)[]): Shape {
  if (typeof data === 'number' || typeof data === 'boolean') {
    into.push(data);
    return [];
  }
  if (!Array.isArray(data))
    throw new ArgumentError('tensor', 'data', 'numbers, booleans, nested arrays or a typed array', typeof data);
  let inner: Shape | null = null;
  for (const row of data as readonly Nested[]) {
    const shape = flatten(row, into);
    if (inner !== null && show(inner) !== show(shape))
      throw new ShapeError('tensor', 'data', `rows of shape ${show(inner)}`, show(shape));
    inner = shape;
  }
  return [data.length, ...(inner ?? [])];
}

/** Puts host data on the backend. */
export function upload<D extends DType>(
  host: Float32Array | Int32Array,
  shape: Shape,
  dtype: D,
  op: string,
  requiresGrad = false,
): Tensor<D> {
  const backend = currentBackend();
  const ids = host instanceof Int32Array ? host : null;
  let storage: Storage;
  try {
    storage = new Storage(backend, backend.upload(host), host.byteLength, ids);
  } catch (error) {
    storage = poisoned(backend, error);
  }
  const out = wrap<D>(storage, { shape, dtype }, op);
  if (requiresGrad) out.requireGrad();
  track(out);
  return out;
}

/** A tensor with the same number everywhere. */
export function full<D extends DType = 'float32'>(
  shape: Shape,
  value: number,
  options: CreateOptions<D> = {},
): Tensor<D> {
  return filled('full', shape, value, options);
}

function filled<D extends DType>(op: string, shape: Shape, value: number, options: CreateOptions<D>): Tensor<D> {
  const { dtype = 'float32', requiresGrad = false } = requireOptions(op, options);
  requireShape(op, shape);
  requireFloat(op, dtype, requiresGrad);
  requireValue(op, knownDType(op, dtype), value);
  const out = fillAs<D>({ shape, value: dtype === 'bool' ? Number(value) : value, dtype });
  return requiresGrad ? out.requireGrad() : out;
}

function requireFloat(op: string, dtype: DType, requiresGrad: boolean): void {
  if (requiresGrad && dtype !== 'float32')
    throw new DTypeError(op, 'dtype', 'float32 for a tensor that requires a gradient', dtype);
}

function requireValue(op: string, dtype: DType, value: number, argument = 'value'): void {
  const given = dtype === 'bool' ? Number(value) : value;
  if (typeof given !== 'number') throw new ArgumentError(op, argument, 'a number', inWords(value));
  if (!fitsDType(dtype, given))
    throw new DTypeError(op, argument, dtype === 'bool' ? '0 or 1' : 'a whole number that fits int32', inWords(value));
}

function requireNumber(op: string, argument: string, value: number): void {
  if (!Number.isFinite(value)) throw new ArgumentError(op, argument, 'a finite number', inWords(value));
}

function fillAs<D extends DType>(attrs: {
  readonly shape: Shape;
  readonly value: number;
  readonly dtype: DType;
}): Tensor<D> {
  return apply(fill.definition, [], attrs);
}

/** Zeros of a shape. */
export function zeros<D extends DType = 'float32'>(shape: Shape, options: CreateOptions<D> = {}): Tensor<D> {
  return filled('zeros', shape, 0, options);
}

/** Ones of a shape. */
export function ones<D extends DType = 'float32'>(shape: Shape, options: CreateOptions<D> = {}): Tensor<D> {
  return filled('ones', shape, 1, options);
}

/** `start, start + step, …` up to but without `stop`; int32 unless `dtype` says otherwise. */
export function arange<D extends DType = 'int32'>(
  start: number,
  stop: number,
  step = 1,
  options: CreateOptions<D> = {},
): Tensor<D> {
  if (step === 0) throw new ArgumentError('arange', 'step', 'a step other than 0', '0');
  for (const [name, value] of Object.entries({ start, stop, step })) requireNumber('arange', name, value);
  const { dtype: wanted = 'int32', requiresGrad = false } = requireOptions('arange', options);
  const dtype: DType = knownDType('arange', wanted);
  requireFloat('arange', dtype, requiresGrad);
  if (dtype !== 'float32')
    for (const [name, value] of Object.entries({ start, step })) requireValue('arange', 'int32', value, name);
  const size = Math.max(0, Math.ceil((stop - start) / step));
  requireShape('arange', [size]);
  const out = apply<AttrsOf<typeof iota>, D>(iota.definition, [], { start, step, size, dtype });
  return requiresGrad ? out.requireGrad() : out;
}

/** Numbers drawn evenly from `[low, high)`. */
export function rand(
  shape: Shape,
  options: RandomOptions & { readonly low?: number; readonly high?: number } = {},
): Tensor {
  const { low = 0, high = 1 } = requireOptions('rand', options);
  requireShape('rand', shape);
  requireNumber('rand', 'low', low);
  requireNumber('rand', 'high', high);
  const numbers = generatorOf('rand', options.generator).uniform(sizeOf(shape));
  return upload(spread(numbers, low, high - low), shape, 'float32', 'rand', options.requiresGrad);
}

/** Normal numbers. */
export function randn(
  shape: Shape,
  options: RandomOptions & { readonly mean?: number; readonly std?: number } = {},
): Tensor {
  const { mean = 0, std = 1 } = requireOptions('randn', options);
  requireShape('randn', shape);
  requireNumber('randn', 'mean', mean);
  if (!(std >= 0)) throw new ArgumentError('randn', 'std', 'a number of at least 0', inWords(std));
  const numbers = generatorOf('randn', options.generator).normal(sizeOf(shape));
  return upload(spread(numbers, mean, std), shape, 'float32', 'randn', options.requiresGrad);
}

// A loop: `Float32Array.from` with a function takes as long as drawing the numbers.
function spread(numbers: Float64Array, shift: number, scale: number): Float32Array {
  const out = new Float32Array(numbers.length);
  for (let i = 0; i < out.length; i++) out[i] = shift + numbers[i] * scale;
  return out;
}

/** Whole numbers drawn evenly from `[low, high)`. */
export function randint(
  low: number,
  high: number,
  shape: Shape,
  options: { readonly generator?: Generator | undefined } = {},
): Tensor<'int32'> {
  requireShape('randint', shape);
  requireValue('randint', 'int32', low, 'low');
  if (!Number.isInteger(high) || high <= low || high > 2 ** 31)
    throw new ArgumentError('randint', 'high', `a whole number above ${low}, at most 2^31`, inWords(high));
  const bits = generatorOf('randint', requireOptions('randint', options).generator).bits(sizeOf(shape));
  const numbers = new Int32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = low + Math.floor((bits[i] / 2 ** 32) * (high - low));
  return upload(numbers, shape, 'int32', 'randint');
}
