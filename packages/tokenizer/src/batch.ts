// Batches as models take them: flat Int32Arrays of [B, T], and ragged ones. No object per token.

import type { FramePiece } from './frame';
import { TokenSink } from './models/token-sink';
import { longer } from './text/column';
import type { Side } from './truncation';

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

/** Memory of more tokens goes with its rows: it does not serve the next batch. */
const MAX_KEPT = 1 << 21;

/** So many characters tell how many tokens the others will have, and longer rows have room made as they go on. */
const LONG = 1 << 16;

/** A part in arrays of its own. Fresh memory costs more than what is written on it, so many rows keep theirs if it fits them. */
export function ownPart(part: RaggedPart): RaggedPart {
  const { ids, typeIds, rows, offsets } = part;
  if (ids.length > MAX_KEPT && 1.2 * ids.byteLength > ids.buffer.byteLength) return part;
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

/** Puts rows one after another. The memory that they are written into serves the next batch, unless it is theirs. */
export class RowWriter {
  /** Where rows are written, special tokens and all. */
  sink = new TokenSink();
  private frame: readonly FramePiece[] = [];
  private typeIds = new Int32Array(0);
  /** Whether some types are not 0. */
  private typed = false;
  /** Where each row starts, and the end of the last. */
  private rows = new Int32Array(0);
  /** Characters or words of the rows that were begun, and of the others. */
  private done = 0;
  private left = 0;
  /** Tokens for each of them in the last large batch, whose memory went with it. */
  private rate = 0;

  /** Begins a batch whose rows have a frame. */
  begin(lengths: readonly number[], frame: readonly FramePiece[], withOffsets: boolean): void {
    this.sink.clear(withOffsets, false);
    this.frame = frame;
    this.typed = frame.some(({ typeId }) => typeId !== 0);
    this.rows = new Int32Array(lengths.length + 1);
    this.done = 0;
    this.left = lengths.reduce((sum, length) => sum + length, 0);
  }

  /** Makes room for a row, and for those to come if they go on as they began or, at first, as the last large batch did. */
  beginRow(row: number, length: number): void {
    const { sink, done, left } = this;
    const most = Math.min(4 * length, LONG);
    this.rows[row] = sink.length;
    if (sink.length + most > sink.room)
      sink.reserve(most + Math.ceil(1.05 * left * (done > LONG ? sink.length / done : this.rate)));
    this.done += length;
    this.left -= length;
  }

  /** Gives the tokens from `from` on a type. */
  type(from: number, typeId: number): void {
    const { length, room } = this.sink;
    if (!this.typed) return;
    if (length > this.typeIds.length) this.typeIds = longer(this.typeIds, room);
    this.typeIds.fill(typeId, from, length);
  }

  /** Leaves of a row, whose sequences have so many tokens, what is kept of each. */
  cutRow(row: number, lengths: readonly number[], kept: readonly number[], side?: Side): void {
    const { sink, frame, typeIds, typed } = this;
    const { ids, ranges, ranged } = sink;
    let to = this.rows[row] as number;
    let at = to;
    for (const { sequence } of frame) {
      const length = lengths[sequence] ?? 1;
      const count = kept[sequence] ?? 1;
      const from = side === 'left' ? at + length - count : at;
      ids.copyWithin(to, from, from + count);
      if (ranged) ranges.copyWithin(2 * to, 2 * from, 2 * (from + count));
      if (typed) typeIds.copyWithin(to, from, from + count);
      at += length;
      to += count;
    }
    sink.length = to;
  }

  /** The rows, good until the next batch begins, or for good: {@link ownPart}. */
  finish(): RaggedPart {
    const { sink, typeIds, typed, rows } = this;
    const { length } = sink;
    rows[rows.length - 1] = length;
    if (length > MAX_KEPT) {
      this.rate = length / (this.done + 1);
      this.sink = new TokenSink();
      this.typeIds = new Int32Array(0);
    }
    return {
      ids: sink.ids.subarray(0, length),
      typeIds: typed ? typeIds.subarray(0, length) : undefined,
      rows,
      offsets: sink.ranged ? sink.ranges.subarray(0, 2 * length) : undefined,
    };
  }
}
