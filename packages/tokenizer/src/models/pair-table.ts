// A hash table from a pair of ids to a rank and the id that the pair becomes. Open addressing in typed arrays.

/** The rank of pairs that never merge: higher than any. */
export const UNRANKED = 0x7fffffff;

/** Slots for each pair, at the least. */
const SPARSENESS = 1.6;

/** Ranks of mergeable pairs. Look-ups cost no allocation. */
export class PairTable {
  /** Rows of first, second, rank, merged: one cache line serves a look-up. */
  private rows: Int32Array;
  private shift: number;
  private mask: number;
  /** How many pairs fit. */
  private room: number;
  size = 0;

  /** `count` is how many pairs it will hold: it grows beyond, but not for nothing. */
  constructor(count: number) {
    let bits = 4;
    while (1 << bits < count * SPARSENESS) bits++;
    this.shift = 32 - bits;
    this.mask = (1 << bits) - 1;
    this.room = Math.floor((1 << bits) / SPARSENESS);
    this.rows = new Int32Array(4 << bits).fill(-1);
  }

  /** The pair's place, or −1. Look-ups that come after may move it. */
  find(first: number, second: number): number {
    const slot = this.slotOf(first, second);
    return this.rows[4 * slot] === -1 ? this.missing(first, second) : slot;
  }

  /** What a look-up gives for a pair that is not there. */
  protected missing(_first: number, _second: number): number {
    return -1;
  }

  /** The slot where a pair is, or where it would go. */
  private slotOf(first: number, second: number): number {
    const { rows, mask } = this;
    // Every turn does the same: an engine that has seen no collision yet compiles the loop again at the first.
    let slot = (Math.imul(first ^ Math.imul(second, 0x85ebca6b), 0x9e3779b1) >>> this.shift) - 1;
    for (;;) {
      slot = (slot + 1) & mask;
      const at = 4 * slot;
      const found = rows[at] as number;
      const difference = (found ^ first) | ((rows[at + 1] as number) ^ second);
      if (found === -1 || difference === 0) return slot;
    }
  }

  /** The pair's rank, or {@link UNRANKED}. */
  rankOf(first: number, second: number): number {
    const slot = this.find(first, second);
    return slot < 0 ? UNRANKED : (this.rows[4 * slot + 2] as number);
  }

  rankAt(slot: number): number {
    return this.rows[4 * slot + 2] as number;
  }

  mergedAt(slot: number): number {
    return this.rows[4 * slot + 3] as number;
  }

  /** Adds a pair, or gives a known one a new rank; returns its place. */
  set(first: number, second: number, rank: number, merged: number): number {
    if (this.size === this.room) this.grow();
    return this.write(first, second, rank, merged);
  }

  private write(first: number, second: number, rank: number, merged: number): number {
    const slot = this.slotOf(first, second);
    const { rows } = this;
    const at = 4 * slot;
    if (rows[at] === -1) this.size++;
    rows[at] = first;
    rows[at + 1] = second;
    rows[at + 2] = rank;
    rows[at + 3] = merged;
    return slot;
  }

  private grow(): void {
    const { rows } = this;
    this.shift--;
    this.mask = 2 * this.mask + 1;
    this.room *= 2;
    this.rows = new Int32Array(2 * rows.length).fill(-1);
    this.size = 0;
    for (let at = 0; at < rows.length; at += 4)
      if (rows[at] !== -1)
        this.write(rows[at] as number, rows[at + 1] as number, rows[at + 2] as number, rows[at + 3] as number);
  }

  protected clear(): void {
    this.rows.fill(-1);
    this.size = 0;
  }

  /** Pairs in the order of their ranks. */
  byRank(): { first: number; second: number }[] {
    const slots: number[] = [];
    for (let slot = 0; slot <= this.mask; slot++) if (this.rows[4 * slot] !== -1) slots.push(slot);
    slots.sort((a, b) => this.rankAt(a) - this.rankAt(b));
    return slots.map((slot) => ({ first: this.rows[4 * slot] as number, second: this.rows[4 * slot + 1] as number }));
  }
}
