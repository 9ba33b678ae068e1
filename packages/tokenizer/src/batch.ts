// Batches as models take them: flat Int32Arrays of [B, T], and ragged ones. No object per token.

/** A padded batch: rows of equal length, one after another. */
export interface EncodedBatch {
  /** Token ids, `[B, T]`. */
  readonly ids: Int32Array;
  /** 1 for tokens, 0 for padding, `[B, T]`. */
  readonly mask: Int32Array;
  /** Sequence of a pair that each token belongs to, `[B, T]`. */
  readonly typeIds: Int32Array;
  /** Tokens of each row without its padding, `[B]`. */
  readonly lengths: Int32Array;
  readonly shape: readonly [batch: number, length: number];
}

/** A batch without padding: row `i` is `ids.subarray(rows[i], rows[i + 1])`. */
export interface RaggedBatch {
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  /** Where each row starts, and the end of the last, `[B + 1]`. */
  readonly rows: Int32Array;
}

/** How rows get their common length. */
export interface BatchPadding {
  /** Length of every row; undefined for the longest row's. */
  readonly length: number | undefined;
  readonly multipleOf: number;
  readonly id: number;
  readonly typeId: number;
  readonly side: 'left' | 'right';
}

/** Lays a ragged batch out with padding. */
export function padBatch(ragged: RaggedBatch, padding: BatchPadding): EncodedBatch {
  const { rows } = ragged;
  const count = rows.length - 1;
  const lengths = new Int32Array(count);
  let longest = 0;
  for (let i = 0; i < count; i++) {
    const length = (rows[i + 1] as number) - (rows[i] as number);
    lengths[i] = length;
    if (length > longest) longest = length;
  }
  let width = Math.max(longest, padding.length ?? 0);
  const rest = padding.multipleOf > 0 ? width % padding.multipleOf : 0;
  if (rest > 0) width += padding.multipleOf - rest;
  const ids = new Int32Array(count * width);
  const mask = new Int32Array(count * width);
  const typeIds = new Int32Array(count * width);
  if (padding.id !== 0) ids.fill(padding.id);
  if (padding.typeId !== 0) typeIds.fill(padding.typeId);
  for (let i = 0; i < count; i++) {
    const length = lengths[i] as number;
    const at = i * width + (padding.side === 'left' ? width - length : 0);
    const from = rows[i] as number;
    ids.set(ragged.ids.subarray(from, from + length), at);
    typeIds.set(ragged.typeIds.subarray(from, from + length), at);
    mask.fill(1, at, at + length);
  }
  return { ids, mask, typeIds, lengths, shape: [count, width] };
}

/** A growing pair of columns that rows are appended to. */
export class RowWriter {
  ids = new Int32Array(1024);
  typeIds = new Int32Array(1024);
  length = 0;
  private readonly starts: number[] = [0];

  /** Makes room for `count` more tokens. */
  reserve(count: number): void {
    if (this.length + count <= this.ids.length) return;
    const capacity = Math.max(this.ids.length * 2, this.length + count);
    const ids = new Int32Array(capacity);
    ids.set(this.ids.subarray(0, this.length));
    this.ids = ids;
    const typeIds = new Int32Array(capacity);
    typeIds.set(this.typeIds.subarray(0, this.length));
    this.typeIds = typeIds;
  }

  push(id: number, typeId: number): void {
    this.reserve(1);
    this.ids[this.length] = id;
    this.typeIds[this.length++] = typeId;
  }

  append(ids: ArrayLike<number>, from: number, to: number, typeId: number): void {
    this.reserve(to - from);
    for (let i = from; i < to; i++) {
      this.ids[this.length] = ids[i] as number;
      this.typeIds[this.length++] = typeId;
    }
  }

  endRow(): void {
    this.starts.push(this.length);
  }

  finish(): RaggedBatch {
    return {
      ids: this.ids.slice(0, this.length),
      typeIds: this.typeIds.slice(0, this.length),
      rows: Int32Array.from(this.starts),
    };
  }
}
