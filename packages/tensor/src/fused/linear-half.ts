// The affine map of a layer whose weights are floats of 16 bits, two in a word, and such words as floats. For inference.
import { type FusedOp, floats, ints } from '../define';
import { ArgumentError, ShapeError } from '../errors';
import { defineFused } from '../op';
import { add, cast, floor, mod, mul, pow } from '../ops/arithmetic';
import { equal, greaterEqual } from '../ops/compare';
import { stack } from '../ops/indexing';
import { matmul } from '../ops/matmul';
import { requireDType, requireOptions } from '../ops/rules';
import { reshape, slice, transpose } from '../ops/views';
import { where } from '../ops/where';
import { show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { ELEMENTS_PER_WORD, type HalfFormat, requireIntegers, requirePacked } from './packed';

/** Bits of the fraction, and what exponents are counted from. */
const PARTS: Readonly<Record<HalfFormat, { readonly fraction: number; readonly bias: number }>> = {
  bfloat16: { fraction: 7, bias: 127 },
  float16: { fraction: 10, bias: 15 },
};

export const widenHalfOp: FusedOp<{ readonly format: HalfFormat; readonly count: number }> = defineFused({
  name: 'widenHalf',
  infer: ([words], { format, count }) => {
    requireDType('widenHalf', 'words', words, 'int32');
    const perWord = ELEMENTS_PER_WORD[format];
    const perRow = words.rank === 0 ? -1 : words.shape[words.rank - 1];
    if (Math.ceil(count / perWord) !== perRow)
      throw new ShapeError('widenHalf', 'words', `a last axis of ${Math.ceil(count / perWord)}`, show(words.shape));
    return { shape: [...words.shape.slice(0, -1), count], dtype: 'float32' };
  },
  composite: ([words], { format, count }) => {
    const whole = cast(words, 'float32');
    const halves = stack([mod(whole, 65_536), mod(floor(whole.div(65_536)), 65_536)], -1);
    const rows = reshape(halves, [...words.shape.slice(0, -1), 2 * words.shape[words.rank - 1]]);
    return fromBits(slice(rows, [...words.shape.slice(0, -1).map(() => null), [0, count]]), format);
  },
  saves: [],
  samples: () => [
    { inputs: [ints([3, 4], WORDS)], attrs: { format: 'bfloat16', count: 8 }, numeric: false },
    { inputs: [ints([2, 3, 9], WORDS)], attrs: { format: 'float16', count: 17 }, numeric: false },
    { inputs: [ints([0, 3], WORDS)], attrs: { format: 'bfloat16', count: 5 }, numeric: false },
  ],
});

export const linearHalfOp: FusedOp<{ readonly format: HalfFormat }> = defineFused({
  name: 'linearHalf',
  infer: ([x, words, bias], { format }) => {
    requireDType('linearHalf', 'x', x, 'float32');
    requireDType('linearHalf', 'words', words, 'int32');
    const outputs = requirePacked('linearHalf', format, x, words);
    if (bias !== undefined && (bias.rank !== 1 || bias.size !== outputs))
      throw new ShapeError('linearHalf', 'bias', show([outputs]), show(bias.shape));
    return { shape: x.shape.with(-1, outputs), dtype: 'float32' };
  },
  composite: ([x, words, bias], { format }) => {
    const product = matmul(x, transpose(widenHalfOp([words], { format, count: x.shape[x.rank - 1] })));
    return bias === undefined ? product : add(product, bias);
  },
  saves: [0, 1],
  flops: ([x, words]) => 2 * x.size * words.shape[0],
  samples: () => [
    { inputs: [floats([5, 7]), ints([3, 4], WORDS), floats([3])], attrs: { format: 'bfloat16' }, numeric: false },
    { inputs: [floats([1, 36]), ints([35, 18], WORDS)], attrs: { format: 'float16' }, numeric: false },
    { inputs: [floats([3, 5, 50]), ints([70, 25], WORDS)], attrs: { format: 'bfloat16' }, numeric: false },
    { inputs: [floats([0, 6]), ints([5, 3], WORDS), floats([5])], attrs: { format: 'float16' }, numeric: false },
  ],
});

// Words whose lower half is a number of moderate size in both formats: the composite takes them apart by arithmetic.
const WORDS: readonly [number, number] = [0x3c00, 0x3fff];

/** Numbers [0, 65,536) as the floats of which they are the bits. */
function fromBits(bits: Tensor, format: HalfFormat): Tensor {
  const { fraction, bias } = PARTS[format];
  const sign = cast(greaterEqual(bits, 32_768), 'float32').mul(-2).add(1);
  const size = mod(bits, 32_768);
  const exponent = floor(size.div(2 ** fraction));
  const part = mod(size, 2 ** fraction).div(2 ** fraction);
  const subnormal = equal(exponent, 0);
  const two = exponent.mul(0).add(2);
  const power = pow(two, where(subnormal, 1 - bias, exponent.sub(bias)));
  return mul(mul(sign, where(subnormal, part, add(part, 1))), power);
}

/**
 * `x · weightsᵀ + bias` over the last axis: a linear map whose weights take half of the memory. `x` and the result are
 * floats of 32 bits, and so is what is computed with. Gradients reach all but the weights.
 *
 * @param x `[…, in]`
 * @param words `[out, ⌈in / 2⌉]`, int32: two floats of 16 bits each, the first one in the lower half; finite ones
 * @throws {ShapeError} where sizes don't fit.
 * @throws {BackendError} on the GPU, whose numbers are floats: not every word would be exact.
 * @example
 * ```ts
 * import { init, linearHalf, tensor } from '@heddle/tensor';
 * await init();
 * const words = tensor([[0x3f80 + 0x4000 * 65_536]], { dtype: 'int32' }); // 1 and 2 as bfloat16
 * const y = linearHalf(tensor([[3, 4]]), words, { format: 'bfloat16' });
 * console.log(await y.item()); // 11
 * ```
 */
export function linearHalf(
  x: Tensor,
  words: AnyTensor,
  options: { readonly format: HalfFormat; readonly bias?: Tensor | undefined },
): Tensor {
  const { format, bias } = requireOptions('linearHalf', options);
  requireHalf('linearHalf', format, words);
  return linearHalfOp(bias === undefined ? [x, words] : [x, words, bias], { format });
}

/**
 * Words of two floats of 16 bits each, as floats of 32 bits.
 *
 * @param words `[…, ⌈count / 2⌉]`, int32: the first one in the lower half; finite ones
 * @param options the format, and how many there are in a row
 * @returns `[…, count]`
 * @throws {ShapeError} where the number of words isn't that.
 * @throws {BackendError} on the GPU, as `linearHalf`.
 * @example
 * ```ts
 * import { init, tensor, widenHalf } from '@heddle/tensor';
 * await init();
 * const words = tensor([0x3c00 + 0x4000 * 65_536], { dtype: 'int32' });
 * console.log(await widenHalf(words, { format: 'float16', count: 2 }).data()); // 1, 2
 * ```
 */
export function widenHalf(words: AnyTensor, options: { readonly format: HalfFormat; readonly count: number }): Tensor {
  const { format, count } = requireOptions('widenHalf', options);
  requireHalf('widenHalf', format, words);
  if (!Number.isInteger(count)) throw new ArgumentError('widenHalf', 'count', 'a whole number', String(count));
  return widenHalfOp([words], { format, count });
}

function requireHalf(op: string, format: HalfFormat, words: AnyTensor): void {
  if (!Object.hasOwn(PARTS, format))
    throw new ArgumentError(op, 'format', Object.keys(PARTS).join(' or '), String(format));
  requireIntegers(op, words);
}
