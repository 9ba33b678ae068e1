// One mask out of several: padding, what may see what, and what is added to the scores.
import { type AnyTensor, ArgumentError, logicalAnd, ShapeError, type Tensor, tensor, where } from '@heddle/tensor';
import { requireWhole } from './errors';

/** What limits or shifts attention. True, or anything but zero, always means: may be seen. */
export interface MaskOptions {
  /** Which keys are real tokens, `[B, S]`. */
  readonly paddingMask?: AnyTensor | undefined;
  /** bool or int32 (which pairs may see each other) or float32 (added to the scores); `[T, S]`, `[B, T, S]` or broadcastable to `[B, H, T, S]`. */
  readonly mask?: AnyTensor | undefined;
  /** Added to the scores besides the mask: relative positions. Broadcasts to `[B, H, T, S]`. */
  readonly bias?: Tensor | undefined;
}

/**
 * Joins the masks into one that `scaledDotProductAttention` takes; undefined where everything may be seen.
 *
 * @throws {ShapeError} where a mask has a shape that can't be meant.
 * @example
 * ```ts
 * import { attentionMask } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const mask = attentionMask({ paddingMask: tensor([[true, true, false]]) });
 * console.log(mask?.shape); // [1, 1, 1, 3]
 * ```
 */
export function attentionMask({ paddingMask, mask, bias }: MaskOptions): AnyTensor | undefined {
  const added = mask?.dtype === 'float32' ? sum(onScores(mask.cast('float32')), bias) : bias;
  const pairs = mask === undefined || mask.dtype === 'float32' ? undefined : onScores(asBool(mask));
  const real = paddingMask === undefined ? undefined : onKeys(paddingMask);
  const allowed = pairs === undefined ? real : real === undefined ? pairs : logicalAnd(pairs, real);
  if (added === undefined) return allowed;
  return allowed === undefined ? added : where(allowed, added, Number.NEGATIVE_INFINITY);
}

function sum(a: Tensor, b: Tensor | undefined): Tensor {
  return b === undefined ? a : a.add(b);
}

/** `[B, S]` to `[B, 1, 1, S]`. */
function onKeys(paddingMask: AnyTensor): Tensor<'bool'> {
  if (paddingMask.rank !== 2)
    throw new ShapeError('attention', 'paddingMask', '[batch, keys]', `[${paddingMask.shape.join(', ')}]`);
  const [B, S] = paddingMask.shape;
  return asBool(paddingMask).reshape([B, 1, 1, S]);
}

/** `[T, S]` stands for all, `[B, T, S]` for all heads. */
function onScores<M extends AnyTensor>(mask: M): M {
  if (mask.rank === 2 || mask.rank === 4) return mask;
  if (mask.rank === 3) return mask.unsqueeze(1) as AnyTensor as M;
  throw new ArgumentError('attention', 'mask', '2, 3 or 4 axes', String(mask.rank));
}

function asBool(mask: AnyTensor): Tensor<'bool'> {
  return mask.dtype === 'bool' ? (mask as Tensor<'bool'>) : mask.cast('bool');
}

/**
 * Which tokens see each other where a row holds several texts one behind the other: those with the same number do.
 *
 * @param segments number of the text that each token belongs to, `[B, T]`
 * @returns `[B, T, T]`; with `causal: true`, earlier tokens of the same text alone are seen
 * @example
 * ```ts
 * import { segmentMask } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * console.log(segmentMask(tensor([[0, 0, 1]], { dtype: 'int32' })).shape); // [1, 3, 3]
 * ```
 */
export function segmentMask(segments: Tensor<'int32'>): Tensor<'bool'> {
  if (segments.rank !== 2)
    throw new ShapeError('segmentMask', 'segments', '[batch, tokens]', `[${segments.shape.join(', ')}]`);
  return segments.unsqueeze(2).equal(segments.unsqueeze(1));
}

/**
 * Which tokens see each other in block-sparse attention (Child et al. 2019; Zaheer et al. 2020): those of the same block of
 * `size` tokens, of `before` blocks before it and `after` behind it, and of the first `global` tokens, which see all.
 *
 * @returns `[queries, keys]`; the last query stands at the last key
 * @example
 * ```ts
 * import { blockMask } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * console.log(await blockMask(4, 4, { size: 2 }).data()); // two blocks along the diagonal
 * ```
 */
export function blockMask(
  queries: number,
  keys: number,
  options: { readonly size: number; readonly before?: number; readonly after?: number; readonly global?: number },
): Tensor<'bool'> {
  const { size, before = 0, after = 0, global = 0 } = options;
  requireWhole('blockMask', 'size', size);
  for (const [name, value] of Object.entries({ queries, keys, before, after, global }))
    requireWhole('blockMask', name, value, 0);
  const seen = Uint8Array.from({ length: queries * keys }, (_, i) => {
    const query = keys - queries + Math.floor(i / keys);
    const key = i % keys;
    const away = Math.floor(key / size) - Math.floor(query / size);
    return (away >= -before && away <= after) || key < global || query < global ? 1 : 0;
  });
  return tensor(seen, { shape: [queries, keys] }).cast('bool');
}
