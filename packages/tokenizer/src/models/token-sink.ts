// Where encoding puts tokens: growing columns, no object per token.

function larger(old: Int32Array): Int32Array<ArrayBuffer> {
  const next = new Int32Array(old.length * 2);
  next.set(old);
  return next;
}

/** Ids, their ranges in UTF-16 units, and the word that each belongs to, column by column. */
export class TokenSink {
  ids = new Int32Array(256);
  starts = new Int32Array(256);
  ends = new Int32Array(256);
  words = new Int32Array(256);
  length = 0;
  /** Index of the word that is being written. */
  word = 0;
  /** Texts of tokens that are not spelt as the vocabulary has them, by position. */
  readonly spellings = new Map<number, string>();

  /** Forgets everything but the room. */
  clear(): void {
    this.length = 0;
    this.word = 0;
    if (this.spellings.size > 0) this.spellings.clear();
  }

  push(id: number, start: number, end: number): void {
    if (this.length === this.ids.length) this.grow();
    const at = this.length++;
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
    this.words[at] = this.word;
  }

  /** Makes room for `count` more, so that they can be written without a check each. */
  reserve(count: number): void {
    while (this.length + count > this.ids.length) this.grow();
  }

  private grow(): void {
    this.ids = larger(this.ids);
    this.starts = larger(this.starts);
    this.ends = larger(this.ends);
    this.words = larger(this.words);
  }
}
