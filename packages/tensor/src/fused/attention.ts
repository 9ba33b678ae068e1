// Scaled dot-product attention as one op: kernels go over it in tiles, with memory linear in the sequence length.
import { bools, type FusedOp, floats } from '../define';
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { inWords } from '../lifetime';
import { defineFused } from '../op';
import { add, div, exp, mul, sub } from '../ops/arithmetic';
import { expandTo } from '../ops/broadcast';
import { equal, greater, lessEqual, logicalAnd } from '../ops/compare';
import { arange } from '../ops/create';
import { matmul } from '../ops/matmul';
import { max, sum } from '../ops/reduce';
import { generatorOf, requireDType, requireOptions } from '../ops/rules';
import { reshape, transpose, unsqueeze } from '../ops/views';
import { where } from '../ops/where';
import type { Generator } from '../random';
import { broadcastShapes, sameShape, show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { type DropoutAttrs, keepMask, requireProbability } from './dropout';

/** Attributes of the fused op; `p`, seed and offset are those of dropout on the weights. */
export interface AttentionAttrs extends DropoutAttrs {
  readonly causal: boolean;
  readonly scale: number;
  /** How many positions back a query sees, itself included; null for all. */
  readonly window: number | null;
}

const plain = {
  causal: false,
  scale: 0.5,
  window: null,
  p: 0,
  seedLo: 0,
  seedHi: 0,
  offsetLo: 0,
  offsetHi: 0,
} as const;

export const attentionOp: FusedOp<AttentionAttrs> = defineFused({
  name: 'scaledDotProductAttention',
  infer: ([q, k, v, mask]) => {
    const op = 'scaledDotProductAttention';
    requireHeads('q', q);
    requireHeads('k', k);
    requireHeads('v', v);
    const [B, H, T, D] = q.shape;
    const [, G, S] = k.shape;
    if (k.shape[0] !== B || k.shape[3] !== D || G === 0 || H % G !== 0) {
      throw new ShapeError(op, 'k', `[${B}, a divisor of ${H}, tokens, ${D}]`, show(k.shape));
    }
    if (v.shape[0] !== B || v.shape[1] !== G || v.shape[2] !== S)
      throw new ShapeError(op, 'v', `[${B}, ${G}, ${S}, dim]`, show(v.shape));
    if (mask !== undefined && !sameShape(mask.shape, [B, H, T, S]))
      throw new ShapeError(op, 'mask', show([B, H, T, S]), show(mask.shape));
    if (mask?.dtype === 'int32') throw new DTypeError(op, 'mask', 'bool (true may attend) or float32 (added)', 'int32');
    return { shape: [B, H, T, v.shape[3]], dtype: 'float32' };
  },
  composite: ([q, k, v, mask], attrs) => {
    const [B, H, T] = q.shape;
    const [, G, S] = k.shape;
    const weights = attentionWeights(q, k, mask, attrs);
    const dropped = attrs.p === 0 ? weights : mul(weights, keepMask([B, H, T, S], attrs));
    return reshape(matmul(reshape(dropped, [B, G, H / G, T, S]), unsqueeze(v, 2)), [B, H, T, v.shape[3]]);
  },
  saves: [0, 1, 2, 3, 'y'],
  // Both products over every pair; causal kernels skip half of them.
  flops: ([q, k, v]) => 2 * q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2] * (q.shape[3] + v.shape[3]),
  samples: () => [
    { inputs: [floats([2, 2, 5, 4]), floats([2, 2, 5, 4]), floats([2, 2, 5, 4])], attrs: plain },
    { inputs: [floats([1, 4, 6, 8]), floats([1, 2, 6, 8]), floats([1, 2, 6, 8])], attrs: { ...plain, causal: true } },
    { inputs: [floats([2, 2, 3, 4]), floats([2, 1, 7, 4]), floats([2, 1, 7, 6]), bools([2, 2, 3, 7])], attrs: plain },
    {
      inputs: [floats([1, 2, 4, 4]), floats([1, 2, 9, 4]), floats([1, 2, 9, 4]), floats([1, 2, 4, 9])],
      attrs: { ...plain, causal: true, window: 3 },
    },
    {
      inputs: [floats([1, 2, 70, 16]), floats([1, 2, 70, 16]), floats([1, 2, 70, 16])],
      attrs: { ...plain, causal: true, p: 0.25, seedLo: 5 },
    },
  ],
});

function requireHeads(name: string, t: AnyTensor): void {
  requireDType('scaledDotProductAttention', name, t, 'float32');
  if (t.rank !== 4)
    throw new ShapeError('scaledDotProductAttention', name, '[batch, heads, tokens, dim]', show(t.shape));
}

/**
 * softmax(q·kᵀ·scale + mask), `[B, H, T, S]`: what attention multiplies the values with, before dropout. A row that may
 * attend to nothing is all zeros. This materialises every weight; the fused op doesn't.
 */
export function attentionWeights(
  q: Tensor,
  k: Tensor,
  mask: AnyTensor | undefined,
  attrs: Pick<AttentionAttrs, 'causal' | 'scale' | 'window'>,
): Tensor {
  const [B, H, T, D] = q.shape;
  const [, G, S] = k.shape;
  const grouped = reshape(q, [B, G, H / G, T, D]);
  let scores = reshape(mul(matmul(grouped, unsqueeze(transpose(k, -2, -1), 2)), attrs.scale), [B, H, T, S]);
  if (mask?.dtype === 'float32') scores = add(scores, mask);
  const allowed = mask?.dtype === 'bool' ? combine(mask, positional(T, S, attrs)) : positional(T, S, attrs);
  if (allowed !== null) scores = where(allowed, scores, Number.NEGATIVE_INFINITY);
  const top = max(scores, { axis: -1, keepdim: true }).detach();
  const finite = where(equal(top, Number.NEGATIVE_INFINITY), 0, top);
  const e = exp(sub(scores, finite));
  const total = sum(e, { axis: -1, keepdim: true });
  return div(e, where(equal(total, 0), 1, total));
}

/** Which positions see which by order alone, `[T, S]`; the last query sees the last key. Null where all do. */
function positional(
  T: number,
  S: number,
  { causal, window }: Pick<AttentionAttrs, 'causal' | 'window'>,
): AnyTensor | null {
  if (!causal && window === null) return null;
  const i = unsqueeze(arange(S - T, S), 1);
  const j = arange(0, S);
  const behind = lessEqual(j, i);
  if (window === null) return behind;
  const near = logicalAnd(greater(j, i.sub(window)), causal ? behind : lessEqual(j, i.add(window - 1)));
  return near;
}

function combine(a: AnyTensor, b: AnyTensor | null): AnyTensor {
  return b === null ? a : logicalAnd(a, b);
}

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** bool (true may attend) or float32 (added to the scores); broadcasts to `[B, H, T, S]` without being copied. */
  readonly mask?: AnyTensor | undefined;
  /** Query i sees keys up to `i + S − T`. */
  readonly causal?: boolean;
  /** 1/√dim where nothing is said. */
  readonly scale?: number;
  /** How many positions back a query sees, itself included (and ahead, where it isn't causal). */
  readonly window?: number | undefined;
  /** Probability of dropping a weight. */
  readonly dropout?: number;
  readonly generator?: Generator | undefined;
}

/**
 * softmax(q·kᵀ/√d + mask)·v (Vaswani et al. 2017), as `torch.nn.functional.scaled_dot_product_attention`, with memory
 * linear in the number of tokens where the backend has the kernel. Fewer key heads than query heads are shared by groups.
 *
 * @param q `[B, H, T, D]`
 * @param k `[B, H or a divisor of it, S, D]`
 * @param v `[B, as k, S, Dv]`
 * @returns `[B, H, T, Dv]`; zeros in rows that may attend to nothing
 * @throws {ShapeError} where shapes don't fit.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const { mask, causal = false, window = null, dropout = 0 } = requireOptions('scaledDotProductAttention', options);
  requireDType('scaledDotProductAttention', 'q', q, 'float32');
  requireDType('scaledDotProductAttention', 'k', k, 'float32');
  requireDType('scaledDotProductAttention', 'v', v, 'float32');
  if (mask !== undefined) requireDType('scaledDotProductAttention', 'mask', mask, 'bool', 'float32');
  requireProbability('scaledDotProductAttention', dropout);
  if (window !== null && !(Number.isInteger(window) && window > 0)) {
    throw new ArgumentError('scaledDotProductAttention', 'window', 'a whole number above 0', String(window));
  }
  const [B, H, T, D] = q.shape;
  const full = [B, H, T, k.shape[2]];
  const { scale = 1 / Math.sqrt(D) } = options;
  if (typeof scale !== 'number' || Number.isNaN(scale))
    throw new ArgumentError('scaledDotProductAttention', 'scale', 'a number', inWords(scale));
  const random =
    dropout === 0 ? plain : generatorOf('scaledDotProductAttention', options.generator).reserve(B * H * T * k.shape[2]);
  const { seedLo, seedHi, offsetLo, offsetHi } = random;
  const attrs = { causal, scale, window, p: dropout, seedLo, seedHi, offsetLo, offsetHi };
  return attentionOp([q, k, v, ...spread(mask, full)], attrs);
}

function spread(mask: AnyTensor | undefined, full: readonly number[]): readonly AnyTensor[] {
  if (mask === undefined) return [];
  if (!sameShape(broadcastShapes('scaledDotProductAttention', mask.shape, full), full)) {
    throw new ShapeError(
      'scaledDotProductAttention',
      'mask',
      `a shape that broadcasts to ${show(full)}`,
      show(mask.shape),
    );
  }
  return [expandTo(mask, full)];
}
