// Where models put tokens: three growing columns, no object per token.

/** Ids and their ranges in the word (UTF-16 units), column by column. */
export class TokenSink {
  ids = new Int32Array(64);
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  length = 0;

  push(id: number, start: number, end: number): void {
    if (this.length === this.ids.length) this.grow();
    const at = this.length++;
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
  }

  private grow(): void {
    const larger = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const next = new Int32Array(old.length * 2);
      next.set(old);
      return next;
    };
    this.ids = larger(this.ids);
    this.starts = larger(this.starts);
    this.ends = larger(this.ends);
  }
}
