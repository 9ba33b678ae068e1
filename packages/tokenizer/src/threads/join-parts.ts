// Parts of a batch that several threads encoded, as one.
import type { RaggedPart } from '../batch';

/** Columns one after another. Those that are neighbours in memory are copied at once. */
function joinColumns(columns: readonly Int32Array[], total: number): Int32Array {
  const joined = new Int32Array(total);
  let at = 0;
  for (let i = 0; i < columns.length; ) {
    const { buffer, byteOffset } = columns[i] as Int32Array;
    let length = 0;
    for (let next = columns[i]; next !== undefined; next = columns[++i]) {
      if (next.buffer !== buffer || next.byteOffset !== byteOffset + 4 * length) break;
      length += next.length;
    }
    joined.set(new Int32Array(buffer, byteOffset, length), at);
    at += length;
  }
  return joined;
}

/** Parts one after another. */
export function joinParts(parts: readonly RaggedPart[], withOffsets: boolean): RaggedPart {
  const total = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const rows = new Int32Array(parts.reduce((sum, part) => sum + part.rows.length - 1, 1));
  let at = 0;
  let row = 0;
  for (const part of parts) {
    for (let i = 1; i < part.rows.length; i++) rows[++row] = at + (part.rows[i] as number);
    at += part.ids.length;
  }
  const isTyped = parts.some(({ typeIds }) => typeIds !== undefined);
  return {
    ids: joinColumns(
      parts.map(({ ids }) => ids),
      total,
    ),
    typeIds: isTyped
      ? joinColumns(
          parts.map(({ ids, typeIds }) => typeIds ?? new Int32Array(ids.length)),
          total,
        )
      : undefined,
    rows,
    offsets: withOffsets
      ? joinColumns(
          parts.map(({ offsets }) => offsets as Int32Array),
          2 * total,
        )
      : undefined,
  };
}
