// Where encoding puts tokens: growing columns, no object per token.
import { longer } from '../text/column';

/** Little at first: an engine that has seen the columns grow before it compiles what fills them need not do so again. */
const ROOM = 4;

/** Ids, their ranges in UTF-16 units, and the word that each belongs to, column by column. */
export class TokenSink {
  ids = new Int32Array(ROOM);
  /** Where each token starts and where it ends, in turn. */
  ranges = new Int32Array(2 * ROOM);
  words = new Int32Array(ROOM);
  length = 0;
  /** Tokens that the columns which are wanted have room for. */
  room = ROOM;
  /** Index of the word that is being written. */
  word = 0;
  /** Whether ranges are wanted, and words. A column that is not wanted is not written, nor does it grow. */
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
    this.room = this.ids.length;
    if (ranged) this.room = Math.min(this.room, this.ranges.length / 2);
    if (worded) this.room = Math.min(this.room, this.words.length);
  }

  push(id: number, start: number, end: number): void {
    this.reserve(1);
    const at = this.length++;
    this.ids[at] = id;
    if (!this.ranged) return;
    this.ranges[2 * at] = start;
    this.ranges[2 * at + 1] = end;
    if (this.worded) this.words[at] = this.word;
  }

  /** Appends the tokens of a stretch of text that starts at `at`, and at the word that is being written. */
  append({ ids, ranges, words, length }: TokenSink, at: number): void {
    const { word } = this;
    for (let i = 0; i < length; i++) {
      this.word = word + (words[i] as number);
      this.push(ids[i] as number, at + (ranges[2 * i] as number), at + (ranges[2 * i + 1] as number));
    }
    this.word = word;
  }

  /** Makes room for `count` more, so that they can be written without a check each. Memory is used as it is written. */
  reserve(count: number): void {
    const end = this.length + count;
    if (end > this.room) this.grow(Math.max(end, 2 * this.room));
  }

  private grow(room: number): void {
    this.room = room;
    this.ids = withRoom(this.ids, room);
    if (this.ranged) this.ranges = withRoom(this.ranges, 2 * room);
    if (this.worded) this.words = withRoom(this.words, room);
  }
}

function withRoom(column: Int32Array<ArrayBuffer>, room: number): Int32Array<ArrayBuffer> {
  return column.length < room ? longer(column, room) : column;
}
