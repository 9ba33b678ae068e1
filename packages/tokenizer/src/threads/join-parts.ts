// Parts of a batch that several threads encoded, as one.
import type { RaggedPart } from '../batch';

/** Parts one after another. */
export function joinParts(parts: readonly RaggedPart[], withOffsets: boolean): RaggedPart {
  const total = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const ids = new Int32Array(total);
  const typeIds = parts.some((part) => part.typeIds !== undefined) ? new Int32Array(total) : undefined;
  const offsets = withOffsets ? new Int32Array(2 * total) : undefined;
  const rows = new Int32Array(parts.reduce((sum, part) => sum + part.rows.length - 1, 1));
  let at = 0;
  let row = 0;
  for (const part of parts) {
    ids.set(part.ids, at);
    if (part.typeIds !== undefined) typeIds?.set(part.typeIds, at);
    if (part.offsets !== undefined) offsets?.set(part.offsets, 2 * at);
    for (let i = 1; i < part.rows.length; i++) rows[++row] = at + (part.rows[i] as number);
    at += part.ids.length;
  }
  return { ids, typeIds, rows, offsets };
}
