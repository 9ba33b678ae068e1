// Numbers that fast kernels lose when they aren't told: NaN, infinities, the least float. Browsers run these too.
import { gradients } from '../../src/autograd';
import {
  argmax,
  argsort,
  cast,
  crossEntropy,
  exp,
  log,
  log1p,
  logSoftmax,
  logSumExp,
  max,
  min,
  mod,
  pow,
  scaledDotProductAttention,
  scope,
  sigmoid,
  sign,
  silu,
  softmax,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from '../../src/index';
import type { AnyTensor } from '../../src/tensor';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const LEAST = -3.4028234663852886e38;

const unary = (f: (x: Tensor) => AnyTensor, values: readonly number[]) => () => [f(tensor([...values]))];

/** Rows that a race, or a sum of eˣ, may go wrong in. */
const ROWS = [
  [nan, 1, 2],
  [1, nan, 3],
  [3, 1, nan],
  [inf, 1, 2],
  [-inf, 1, 2],
  [-inf, -inf, -inf],
  [inf, inf, 0],
  [nan, nan, nan],
];
const rows = (f: (x: Tensor) => AnyTensor) => () => [f(tensor(ROWS))];

/** Attention, and the gradients of its operands. */
function attention(inputs: readonly Tensor[], mask: Tensor): AnyTensor[] {
  for (const x of inputs) x.requireGrad();
  const [queries, keys, values] = inputs;
  const y = scaledDotProductAttention(queries, keys, values, { mask });
  return [y, ...gradients(y.mul(y).sum(), inputs)];
}

/** The same of two queries and two keys. */
function attended(q: readonly number[][], mask: readonly number[][]): AnyTensor[] {
  const inputs = [
    q,
    [
      [1, 1],
      [2, 3],
    ],
    [
      [1, 2],
      [3, 5],
    ],
  ].map((rows_) => tensor([[rows_.map((row) => [...row])]]));
  return attention(inputs, tensor(mask.map((row) => [...row])));
}

/** `[2, heads, tokens, 16]` of numbers between −1 and 1. */
function heads(count: number, tokens: number): Tensor {
  const values = Float32Array.from({ length: 2 * count * tokens * 16 }, (_, i) => Math.sin(i * 1.7 + tokens));
  return tensor(values, { shape: [2, count, tokens, 16] });
}

const PLAIN = [
  [1, 1],
  [2, 3],
];

const labels = (values: readonly number[]): Tensor<'int32'> => tensor<'int32'>([...values], { dtype: 'int32' });

/** What is computed, by name. */
export const specials: Record<string, () => readonly AnyTensor[]> = {
  exp: unary(exp, [nan, inf, -inf, 1]),
  log: unary(log, [nan, -1, -inf, 0, inf]),
  log1p: unary(log1p, [nan, -2, -1, inf, 1e30]),
  tanh: unary(tanh, [nan, inf, -inf, 100, -100]),
  sigmoid: unary(sigmoid, [nan, inf, -inf, -200]),
  silu: unary(silu, [nan, inf, -inf, -1e38, -200]),
  sign: unary(sign, [nan, inf, -inf, 0, -2]),
  'cast to bool': unary((x) => cast(x, 'bool'), [nan, 0, inf]),
  pow: () => [pow(tensor([nan, nan, 2, nan, inf]), tensor([2, 0, nan, nan, 2]))],
  'pow of a number': unary((x) => pow(x, 10), [nan, inf, -2]),
  'pow of whole numbers': () => [pow(tensor([10, -3, 7]), tensor([4, 5, 5])).sub(tensor([10_000, -243, 16_807]))],
  mod: () => [mod(tensor([21, -21, 7, nan, -3]), tensor([7, 7, -7, 2, 5]))],
  'mod of infinities': () => [mod(tensor([5, -5, 5, -5, 0, inf, nan]), tensor([inf, inf, -inf, -inf, inf, inf, inf]))],
  max: rows((x) => max(x, { axis: 1 })),
  min: rows((x) => min(x, { axis: 1 })),
  argmax: rows((x) => argmax(x, { axis: 1 })),
  argsort: rows((x) => argsort(x)),
  'argsort, descending': rows((x) => argsort(x, { descending: true })),
  'max of nothing': () => [max(zeros([0, 3]), { axis: 0 })],
  'the greatest int32': () => [tensor<'int32'>([2 ** 31 - 1, -(2 ** 31)], { dtype: 'int32' })],
  softmax: rows((x) => softmax(x)),
  logSoftmax: rows((x) => logSoftmax(x)),
  logSumExp: rows((x) => logSumExp(x, { axis: 1 })),
  'a long maximum': () => {
    const values = Float32Array.from({ length: 5000 }, (_, i) => (i === 3456 ? nan : i % 77));
    return [max(tensor(values))];
  },
  'cross-entropy': () => [crossEntropy(tensor(ROWS.slice(0, 3)), labels([0, 0, 1]), { reduction: 'none' })],
  'cross-entropy where a class is out of the question': () => {
    const logits = tensor([
      [-inf, 1, 2],
      [0, -inf, 2],
    ]).requireGrad();
    const loss = crossEntropy(logits, labels([1, 2]));
    return [loss, ...gradients(loss, [logits])];
  },
  'attention of NaN': () => [
    attended(
      [
        [nan, 1],
        [2, 3],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    )[0],
  ],
  'attention where −∞ hides all': () =>
    attended(PLAIN, [
      [-inf, -inf],
      [0, 0],
    ]),
  'attention where the least float is added to all': () =>
    attended(PLAIN, [
      [LEAST, LEAST],
      [0, 0],
    ]),
  // Of many tokens: what tiles and a BLAS compute. Every third query sees nothing but the least float.
  'attention of many where the least float is added to all': () => {
    const mask = Float32Array.from({ length: 90 * 75 }, (_, i) => (Math.floor(i / 75) % 3 === 0 ? LEAST : 0));
    return attention([heads(2, 90), heads(1, 75), heads(1, 75)], tensor(mask, { shape: [90, 75] }));
  },
};

/** What one of them gives on the backend in use. */
export async function special(name: string): Promise<readonly (readonly number[])[]> {
  const made = scope(() => [...specials[name]()]);
  const data = await Promise.all(made.map(async (t) => Array.from(await t.data())));
  for (const t of made) t.dispose();
  return data;
}
