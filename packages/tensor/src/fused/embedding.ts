// Rows of a table by integer ids, with a padding row that learns nothing.
import { type FusedOp, floats, ints } from '../define';
import { IndexError, ShapeError } from '../errors';
import { defineFused } from '../op';
import { cast } from '../ops/arithmetic';
import { notEqual } from '../ops/compare';
import { take } from '../ops/indexing';
import { requireDType, requireOptions } from '../ops/rules';
import { unsqueeze } from '../ops/views';
import { where } from '../ops/where';
import { show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';

export interface EmbeddingAttrs {
  readonly paddingIdx: number | null;
}

export const embeddingOp: FusedOp<EmbeddingAttrs> = defineFused({
  name: 'embedding',
  infer: ([weight, index]) => {
    requireDType('embedding', 'weight', weight, 'float32');
    requireDType('embedding', 'index', index, 'int32');
    if (weight.rank !== 2) throw new ShapeError('embedding', 'weight', '[rows, dim]', show(weight.shape));
    return { shape: [...index.shape, weight.shape[1]], dtype: 'float32' };
  },
  composite: ([weight, ids], { paddingIdx }) => {
    const index = cast(ids, 'int32');
    const rows = take(weight, index);
    if (paddingIdx === null) return rows;
    // The value of the padding row, without its gradient.
    return where(unsqueeze(notEqual(index, paddingIdx), -1), rows, rows.detach());
  },
  saves: [1],
  samples: () => [
    { inputs: [floats([7, 5]), ints([4], [0, 7])], attrs: { paddingIdx: null } },
    { inputs: [floats([6, 8]), ints([3, 9], [0, 6])], attrs: { paddingIdx: 0 }, numeric: false },
    { inputs: [floats([6, 8]), ints([0], [0, 6])], attrs: { paddingIdx: null } },
  ],
});

/**
 * Rows of `weight`, one an id.
 *
 * @param weight `[rows, dim]`
 * @param index ids of any shape; the result adds an axis of `dim`
 * @throws {IndexError} where an id is outside `[0, rows)`.
 */
export function embedding(
  weight: Tensor,
  index: AnyTensor,
  options: { readonly paddingIdx?: number | null } = {},
): Tensor {
  const { paddingIdx = null } = requireOptions('embedding', options);
  requireDType('embedding', 'weight', weight, 'float32');
  if (paddingIdx !== null) requireRow('embedding', paddingIdx, weight.shape[0]);
  return embeddingOp([weight, index], { paddingIdx });
}

/** Throws where the padding row isn't one of the table's. */
export function requireRow(op: string, paddingIdx: number, rows: number): void {
  if (!(Number.isInteger(paddingIdx) && paddingIdx >= 0 && paddingIdx < rows))
    throw new IndexError(op, 'paddingIdx', `a row in [0, ${rows - 1}]`, String(paddingIdx));
}
