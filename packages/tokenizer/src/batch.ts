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
  const offsets = ragged.offsets && new Int32Array(2 * count * width);
  if (padding.id !== 0) ids.fill(padding.id);
  if (padding.typeId !== 0) typeIds.fill(padding.typeId);
  for (let i = 0; i < count; i++) {
    const length = lengths[i] as number;
    const at = i * width + (padding.side === 'left' ? width - length : 0);
    const from = rows[i] as number;
    ids.set(ragged.ids.subarray(from, from + length), at);
    typeIds.set(ragged.typeIds.subarray(from, from + length), at);
    mask.fill(1, at, at + length);
    if (ragged.offsets !== undefined) offsets?.set(ragged.offsets.subarray(2 * from, 2 * (from + length)), 2 * at);
  }
  const batch = { ids, mask, typeIds, lengths, shape: [count, width] } as const;
  return offsets === undefined ? batch : { ...batch, offsets };
}

/** Some rows of a ragged batch. */
export interface RaggedPart {
  readonly ids: Int32Array;
  /** Left out where all are 0, as nearly always: memory that nobody writes costs nothing. */
  readonly typeIds: Int32Array | undefined;
  /** Where each row starts, and the end of the last. */
  readonly rows: Int32Array;
  readonly offsets: Int32Array | undefined;
}

/** A part as a batch. */
export function batchOf({ ids, typeIds = new Int32Array(ids.length), rows, offsets }: RaggedPart): RaggedBatch {
  const batch = { ids, typeIds, rows };
  return offsets === undefined ? batch : { ...batch, offsets };
}

/** Parts one after another. */
export function joinParts(parts: readonly RaggedPart[], withOffsets: boolean): RaggedPart {
  const total = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const ids = new Int32Array(total);
  const typeIds = new Int32Array(total);
  const offsets = withOffsets ? new Int32Array(2 * total) : undefined;
  const rows = new Int32Array(parts.reduce((sum, part) => sum + part.rows.length - 1, 1));
  let at = 0;
  let row = 0;
  for (const part of parts) {
    ids.set(part.ids, at);
    if (part.typeIds !== undefined) typeIds.set(part.typeIds, at);
    if (part.offsets !== undefined) offsets?.set(part.offsets, 2 * at);
    for (let i = 1; i < part.rows.length; i++) rows[++row] = at + (part.rows[i] as number);
    at += part.ids.length;
  }
  return { ids, typeIds, rows, offsets };
}

/** Tokens that rows are gathered for: memory that is kept for the next batch. */
const PART = 1 << 20;

/** Columns that rows are appended to, which are used again for the next rows. */
export class RowWriter {
  private ids = new Int32Array(0);
  /** Written once a type that is not 0 turns up. */
  private typeIds = new Int32Array(0);
  private typed = false;
  private offsets = new Int32Array(0);
  private withOffsets = false;
  private length = 0;
  /** Where each row starts; where the next one will, last. */
  private starts = new Int32Array(16);
  private rows = 0;
  private parts: RaggedPart[] = [];

  /** Forgets the last batch. */
  begin(withOffsets: boolean): void {
    this.withOffsets = withOffsets;
    this.parts = [];
    this.clear();
  }

  private clear(): void {
    this.length = 0;
    this.rows = 0;
    this.typed = false;
  }

  /** Makes room for tokens of a type, and returns where it starts. */
  private take(count: number, typeId: number): number {
    const at = this.length;
    const end = at + count;
    const room = Math.max(1024, 2 * at, end);
    if (end > this.ids.length) this.ids = longer(this.ids, room);
    if (this.withOffsets && 2 * end > this.offsets.length) this.offsets = longer(this.offsets, 2 * room);
    if (this.typed || typeId !== 0) {
      if (end > this.typeIds.length) this.typeIds = longer(this.typeIds, room);
      if (!this.typed) this.typeIds.fill(0, 0, at);
      this.typed = true;
      this.typeIds.fill(typeId, at, end);
    }
    this.length = end;
    return at;
  }

  /** Appends one special token. */
  push(id: number, typeId: number): void {
    const at = this.take(1, typeId);
    this.ids[at] = id;
    if (this.withOffsets) this.offsets.fill(0, 2 * at, 2 * at + 2);
  }

  /** Appends the tokens [from, to) of a sink. */
  append(sink: TokenSink, from: number, to: number, typeId: number): void {
    const at = this.take(to - from, typeId);
    const { ids, offsets } = this;
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
    if (++this.rows === this.starts.length) this.starts = longer(this.starts);
    this.starts[this.rows] = this.length;
    if (this.length >= PART) this.endPart();
  }

  private endPart(): void {
    const { length } = this;
    this.parts.push({
      ids: this.ids.slice(0, length),
      typeIds: this.typed ? this.typeIds.slice(0, length) : undefined,
      rows: this.starts.slice(0, this.rows + 1),
      offsets: this.withOffsets ? this.offsets.slice(0, 2 * length) : undefined,
    });
    // One long row's memory is not kept.
    if (length > 2 * PART) this.ids = this.typeIds = this.offsets = new Int32Array(0);
    this.clear();
  }

  /** What was appended, in arrays of its own. */
  finish(): RaggedPart {
    const { parts } = this;
    if (this.rows > 0 || parts.length === 0) this.endPart();
    this.parts = [];
    return parts.length === 1 ? (parts[0] as RaggedPart) : joinParts(parts, this.withOffsets);
  }
}
