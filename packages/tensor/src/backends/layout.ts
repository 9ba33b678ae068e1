// How the results of attention lie in memory: as its operands do, so that joining heads is a view and not a copy.
import { rowMajor, type Shape } from '../shape';
import type { AnyTensor } from '../tensor';

/** Strides of a new `[B, heads, tokens, width]` whose tokens come before its heads in memory where those of `t` do. */
export function layoutLike(t: AnyTensor, shape: Shape): readonly number[] {
  const [B, H, T, D] = shape;
  if (t.strides[2] <= t.strides[1]) return rowMajor(shape);
  const [b, i, h, c] = rowMajor([B, T, H, D]);
  return [b, h, i, c];
}
