// The affine map of a layer whose weights are 8-bit integers, with one scale for each output. For inference.
import { type FusedOp, floats, ints } from '../define';
import { ShapeError } from '../errors';
import { defineFused } from '../op';
import { add, cast, floor, mod, mul } from '../ops/arithmetic';
import { greaterEqual } from '../ops/compare';
import { stack } from '../ops/indexing';
import { matmul } from '../ops/matmul';
import { requireDType, requireOptions } from '../ops/rules';
import { reshape, slice, transpose, unsqueeze } from '../ops/views';
import { show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { ELEMENTS_PER_WORD, requireIntegers, requirePacked } from './packed';

const INT8_PER_WORD = ELEMENTS_PER_WORD.int8;

export const linearInt8Op: FusedOp<Readonly<Record<never, never>>> = defineFused({
  name: 'linearInt8',
  infer: ([x, words, scales, bias]) => {
    requireDType('linearInt8', 'x', x, 'float32');
    requireDType('linearInt8', 'words', words, 'int32');
    requireDType('linearInt8', 'scales', scales, 'float32');
    const outputs = requirePacked('linearInt8', 'int8', x, words);
    for (const [name, t] of Object.entries(bias === undefined ? { scales } : { scales, bias }))
      if (t.rank !== 1 || t.size !== outputs) throw new ShapeError('linearInt8', name, show([outputs]), show(t.shape));
    return { shape: x.shape.with(-1, outputs), dtype: 'float32' };
  },
  composite: ([x, words, scales, bias]) => {
    const weight = mul(integersOf(words, x.shape[x.rank - 1]), unsqueeze(scales, 1));
    const product = matmul(x, transpose(weight));
    return bias === undefined ? product : add(product, bias);
  },
  saves: [0, 1, 2],
  flops: ([x, words]) => 2 * x.size * words.shape[0],
  samples: () => [
    { inputs: [floats([5, 7]), ints([3, 2], WORDS), floats([3], SCALES), floats([3])], attrs: {}, numeric: false },
    { inputs: [floats([1, 36]), ints([35, 9], WORDS), floats([35], SCALES)], attrs: {}, numeric: false },
    { inputs: [floats([3, 5, 50]), ints([70, 13], WORDS), floats([70], SCALES)], attrs: {}, numeric: false },
    { inputs: [floats([0, 6]), ints([5, 2], WORDS), floats([5], SCALES), floats([5])], attrs: {}, numeric: false },
    { inputs: [floats([4, 6]), ints([0, 2], WORDS), floats([0], SCALES)], attrs: {}, numeric: false },
  ],
});

// Whole numbers that are exact in float32 too: the composite takes words apart by arithmetic.
const WORDS: readonly [number, number] = [-(2 ** 23), 2 ** 23];
const SCALES: readonly [number, number] = [0.001, 0.02];

/** The integers [out, count] in words, the first one in the lowest byte. */
function integersOf(words: AnyTensor, count: number): Tensor {
  let rest = cast(words, 'float32');
  const bytes: Tensor[] = [];
  for (let i = 0; i < INT8_PER_WORD; i++) {
    const byte = mod(rest, 256);
    bytes.push(byte.sub(mul(cast(greaterEqual(byte, 128), 'float32'), 256)));
    rest = floor(rest.div(256));
  }
  const rows = reshape(stack(bytes, -1), [words.shape[0], INT8_PER_WORD * words.shape[1]]);
  return slice(rows, [null, [0, count]]);
}

/**
 * `x · (scales · integers)ᵀ + bias` over the last axis: a linear map whose weights take a quarter of the memory. `x` and
 * the result are floats. Gradients reach all but the integers.
 *
 * @param x `[…, in]`
 * @param words `[out, ⌈in / 4⌉]`, int32: four integers of 8 bits each, the first one in the lowest byte
 * @param scales `[out]`
 * @throws {ShapeError} where sizes don't fit.
 * @throws {BackendError} on the GPU, whose numbers are floats: not every word would be exact.
 * @example
 * ```ts
 * import { init, linearInt8, tensor } from '@heddle/tensor';
 * await init();
 * const words = tensor([[3 + 4 * 256]], { dtype: 'int32' }); // the integers 3 and 4
 * const y = linearInt8(tensor([[1, 2]]), words, tensor([0.5]));
 * console.log(await y.item()); // 5.5
 * ```
 */
export function linearInt8(
  x: Tensor,
  words: AnyTensor,
  scales: Tensor,
  options: { readonly bias?: Tensor | undefined } = {},
): Tensor {
  const { bias } = requireOptions('linearInt8', options);
  requireIntegers('linearInt8', words);
  return linearInt8Op(bias === undefined ? [x, words, scales] : [x, words, scales, bias], {});
}
