// Where encoding puts tokens: growing columns, no object per token.
import { longer } from '../text/column';

/** Little at first: an engine that has seen the columns grow before it compiles what fills them need not do so again. */
const ROOM = 4;

/** Ids, their ranges in UTF-16 units, and the word that each belongs to, column by column. */
export class TokenSink {
  ids = new Int32Array(ROOM);
  starts = new Int32Array(ROOM);
  ends = new Int32Array(ROOM);
  words = new Int32Array(ROOM);
  length = 0;
  /** Index of the word that is being written. */
  word = 0;
  /** Whether ranges are wanted, and words: copying tokens that are known is quicker without. */
  ranged = true;
  worded = true;
  /** Texts of tokens that are not spelt as the vocabulary has them, by position. */
  readonly spellings = new Map<number, string>();

  /** Forgets everything but the room. */
  clear(ranged = true, worded = ranged): void {
    this.ranged = ranged;
    this.worded = worded;
    this.length = 0;
    this.word = 0;
    if (this.spellings.size > 0) this.spellings.clear();
  }

  push(id: number, start: number, end: number): void {
    if (this.length === this.ids.length) this.grow(0);
    const at = this.length++;
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
    this.words[at] = this.word;
  }

  /** Makes room for `count` more, so that they can be written without a check each. Memory is used as it is written. */
  reserve(count: number): void {
    if (this.length + count > this.ids.length) this.grow(this.length + count);
  }

  private grow(room: number): void {
    const size = Math.max(room, 2 * this.ids.length);
    this.ids = longer(this.ids, size);
    this.starts = longer(this.starts, size);
    this.ends = longer(this.ends, size);
    this.words = longer(this.words, size);
  }
}
