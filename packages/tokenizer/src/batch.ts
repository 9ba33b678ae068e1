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

/** Ragged batches one after another. */
export function joinRagged(parts: readonly RaggedBatch[], withOffsets: boolean): RaggedBatch {
  const total = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const ids = new Int32Array(total);
  const typeIds = new Int32Array(total);
  const offsets = withOffsets ? new Int32Array(2 * total) : undefined;
  const rows = new Int32Array(parts.reduce((sum, part) => sum + part.rows.length - 1, 1));
  let at = 0;
  let row = 0;
  for (const part of parts) {
    ids.set(part.ids, at);
    typeIds.set(part.typeIds, at);
    if (part.offsets !== undefined) offsets?.set(part.offsets, 2 * at);
    for (let i = 1; i < part.rows.length; i++) rows[++row] = at + (part.rows[i] as number);
    at += part.ids.length;
  }
  return offsets === undefined ? { ids, typeIds, rows } : { ids, typeIds, rows, offsets };
}

/** Tokens that rows are gathered for: what a processor keeps near. */
const PART = 1 << 15;

/** Rows of fewer tokens are copied sooner than a call copies them. */
const SHORT = 64;

/** Columns that rows are appended to, which are used again for the next rows. */
export class RowWriter {
  private ids = new Int32Array(0);
  private typeIds = new Int32Array(0);
  private offsets = new Int32Array(0);
  private withOffsets = false;
  private length = 0;
  private rows: number[] = [];
  private parts: RaggedBatch[] = [];

  /** Forgets the last batch. */
  begin(withOffsets: boolean): void {
    this.withOffsets = withOffsets;
    this.parts = [];
    this.clear();
  }

  private clear(): void {
    this.length = 0;
    this.rows = [0];
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    const room = Math.max(1024, 2 * this.length, needed);
    if (needed > this.ids.length) {
      this.ids = longer(this.ids, room);
      this.typeIds = longer(this.typeIds, room);
    }
    if (this.withOffsets && 2 * needed > this.offsets.length) this.offsets = longer(this.offsets, 2 * room);
  }

  /** Appends one special token. */
  push(id: number, typeId: number): void {
    this.reserve(1);
    this.ids[this.length] = id;
    this.typeIds[this.length] = typeId;
    if (this.withOffsets) this.offsets.fill(0, 2 * this.length, 2 * this.length + 2);
    this.length++;
  }

  /** Appends the tokens [from, to) of a sink. */
  append(sink: TokenSink, from: number, to: number, typeId: number): void {
    this.reserve(to - from);
    const at = this.length;
    const { ids, typeIds, offsets } = this;
    const count = to - from;
    if (count < SHORT) {
      const tokens = sink.ids;
      for (let i = 0; i < count; i++) {
        ids[at + i] = tokens[from + i] as number;
        typeIds[at + i] = typeId;
      }
    } else {
      ids.set(sink.ids.subarray(from, to), at);
      typeIds.fill(typeId, at, at + count);
    }
    if (this.withOffsets) {
      const { starts, ends } = sink;
      for (let i = from, out = 2 * at; i < to; i++) {
        offsets[out++] = starts[i] as number;
        offsets[out++] = ends[i] as number;
      }
    }
    this.length += count;
  }

  endRow(): void {
    this.rows.push(this.length);
    if (this.length >= PART) this.endPart();
  }

  private endPart(): void {
    const { length } = this;
    const part = {
      ids: this.ids.slice(0, length),
      typeIds: this.typeIds.slice(0, length),
      rows: new Int32Array(this.rows),
    };
    this.parts.push(this.withOffsets ? { ...part, offsets: this.offsets.slice(0, 2 * length) } : part);
    // One long row's memory is not kept.
    if (length > 4 * PART) this.ids = this.typeIds = this.offsets = new Int32Array(0);
    this.clear();
  }

  /** The batch, in arrays of its own. */
  finish(): RaggedBatch {
    const { parts } = this;
    if (this.rows.length > 1 || parts.length === 0) this.endPart();
    this.parts = [];
    return parts.length === 1 ? (parts[0] as RaggedBatch) : joinRagged(parts, this.withOffsets);
  }
}
