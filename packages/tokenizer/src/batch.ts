// Batches as models take them: flat Int32Arrays of [B, T], and ragged ones. No object per token.

import type { TokenSink } from './models/token-sink';
import { longer } from './text/column';

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
  /** Start and end of each token in its own text, in UTF-16 units, `[B, T, 2]`; 0 and 0 for added tokens. On request. */
  readonly offsets?: Int32Array;
}

/** A batch without padding: row `i` is `ids.subarray(rows[i], rows[i + 1])`. */
export interface RaggedBatch {
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  /** Where each row starts, and the end of the last, `[B + 1]`. */
  readonly rows: Int32Array;
  /** Start and end of each token in its own text, in UTF-16 units. On request. */
  readonly offsets?: Int32Array;
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

/** Some rows of a ragged batch. */
export interface RaggedPart {
  readonly ids: Int32Array;
  /** Left out where all are 0, as nearly always. */
  readonly typeIds: Int32Array | undefined;
  /** Where each row starts, and the end of the last. */
  readonly rows: Int32Array;
  readonly offsets: Int32Array | undefined;
}

/** Lays rows out with padding. */
export function padBatch(
  { ids: tokens, typeIds: types, rows, offsets: places }: RaggedBatch | RaggedPart,
  padding: BatchPadding,
): EncodedBatch {
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
  const offsets = places && new Int32Array(2 * count * width);
  if (padding.id !== 0) ids.fill(padding.id);
  if (padding.typeId !== 0) typeIds.fill(padding.typeId);
  for (let i = 0; i < count; i++) {
    const length = lengths[i] as number;
    const at = i * width + (padding.side === 'left' ? width - length : 0);
    const from = rows[i] as number;
    // Most rows are short: a view of each would cost more than its tokens.
    for (let j = 0; j < length; j++) {
      ids[at + j] = tokens[from + j] as number;
      mask[at + j] = 1;
    }
    if (types !== undefined) typeIds.set(types.subarray(from, from + length), at);
    else if (padding.typeId !== 0) typeIds.fill(0, at, at + length);
    if (places !== undefined) offsets?.set(places.subarray(2 * from, 2 * (from + length)), 2 * at);
  }
  const batch = { ids, mask, typeIds, lengths, shape: [count, width] } as const;
  return offsets === undefined ? batch : { ...batch, offsets };
}

/** A part in arrays of its own. */
export function ownPart({ ids, typeIds, rows, offsets }: RaggedPart): RaggedPart {
  return { ids: ids.slice(), typeIds: typeIds?.slice(), rows, offsets: offsets?.slice() };
}

/** A part as a batch. Type ids that are all 0 are made when they are asked for, which few do. */
export function batchOf({ ids, typeIds: types, rows, offsets }: RaggedPart): RaggedBatch {
  let typeIds = types;
  const batch = {
    ids,
    get typeIds(): Int32Array {
      typeIds ??= new Int32Array(ids.length);
      return typeIds;
    },
    rows,
  };
  return offsets === undefined ? batch : Object.assign(batch, { offsets });
}

/** Columns that rows are written into. */
class Columns {
  ids = new Int32Array(0);
  /** Written once a type that is not 0 turns up. */
  typeIds = new Int32Array(0);
  offsets = new Int32Array(0);
}

/** Columns for more tokens serve the next batch only if the collector has not taken them in between. */
const MAX_KEPT = 1 << 21;

/**
 * Puts rows one after another. The memory that they are written into serves the next batch: pages that were never touched cost
 * more than what is written on them.
 */
export class RowWriter {
  private kept: WeakRef<Columns> | undefined;
  private columns = new Columns();
  private typed = false;
  private withOffsets = false;
  private length = 0;
  /** Where each row starts; where the next one will, last. */
  private starts = new Int32Array(0);
  private rows = 0;

  /** Begins a batch of so many rows. */
  begin(rows: number, withOffsets: boolean): void {
    this.columns = this.kept?.deref() ?? this.columns;
    this.withOffsets = withOffsets;
    this.length = 0;
    this.starts = new Int32Array(rows + 1);
    this.rows = 0;
    this.typed = false;
  }

  /** How many tokens there will be if rows go on as they began; the more of them there were, the more that says. */
  private room(end: number): number {
    const all = (1.1 * end * this.starts.length) / (this.rows + 1);
    return Math.ceil(Math.max(end, Math.min(end * (4 + this.rows), all)));
  }

  /** Makes room for tokens of a type, and returns where it starts. */
  private take(count: number, typeId: number): number {
    const { columns, length: at } = this;
    const end = at + count;
    if (end > columns.ids.length) columns.ids = longer(columns.ids, this.room(end));
    if (this.withOffsets && 2 * end > columns.offsets.length)
      columns.offsets = longer(columns.offsets, 2 * this.room(end));
    if (this.typed || typeId !== 0) {
      if (end > columns.typeIds.length) columns.typeIds = longer(columns.typeIds, this.room(end));
      if (!this.typed) columns.typeIds.fill(0, 0, at);
      this.typed = true;
      columns.typeIds.fill(typeId, at, end);
    }
    this.length = end;
    return at;
  }

  /** Appends one special token. */
  push(id: number, typeId: number): void {
    const at = this.take(1, typeId);
    const { ids, offsets } = this.columns;
    ids[at] = id;
    if (this.withOffsets) offsets.fill(0, 2 * at, 2 * at + 2);
  }

  /** Appends the tokens [from, to) of a sink. */
  append(sink: TokenSink, from: number, to: number, typeId: number): void {
    const at = this.take(to - from, typeId);
    const { ids, offsets } = this.columns;
    const tokens = sink.ids;
    for (let i = from, out = at; i < to; i++) ids[out++] = tokens[i] as number;
    if (!this.withOffsets) return;
    const { starts, ends } = sink;
    for (let i = from, out = 2 * at; i < to; i++) {
      offsets[out++] = starts[i] as number;
      offsets[out++] = ends[i] as number;
    }
  }

  endRow(): void {
    this.starts[++this.rows] = this.length;
  }

  /** The rows, good until the next batch begins. */
  finish(): RaggedPart {
    const { columns, length } = this;
    if (columns.ids.length > MAX_KEPT) {
      this.columns = new Columns();
      if (typeof WeakRef === 'function') this.kept = new WeakRef(columns); // not all engines have them
    }
    return {
      ids: columns.ids.subarray(0, length),
      typeIds: this.typed ? columns.typeIds.subarray(0, length) : undefined,
      rows: this.starts,
      offsets: this.withOffsets ? columns.offsets.subarray(0, 2 * length) : undefined,
    };
  }
}
