// A hash table from a pair of ids to a rank and the id that the pair becomes. Open addressing in typed arrays.

/** The rank of pairs that never merge: higher than any. */
export const UNRANKED = 0x7fffffff;

/** Ranks of mergeable pairs. Look-ups cost no allocation. */
export class PairTable {
  /** Rows of first, second, rank, merged: one cache line serves a look-up. */
  private readonly rows: Int32Array;
  private readonly shift: number;
  private readonly mask: number;
  size = 0;

  /** `count` is the most pairs that it will hold. */
  constructor(count: number) {
    let bits = 4;
    while (1 << bits < count * 1.6) bits++;
    this.shift = 32 - bits;
    this.mask = (1 << bits) - 1;
    this.rows = new Int32Array(4 << bits).fill(-1);
  }

  /** The pair's place, or −1. */
  find(first: number, second: number): number {
    const { rows, mask } = this;
    let slot = Math.imul(first ^ Math.imul(second, 0x85ebca6b), 0x9e3779b1) >>> this.shift;
    for (;;) {
      const found = rows[4 * slot] as number;
      if (found === first && rows[4 * slot + 1] === second) return slot;
      if (found === -1) return -1;
      slot = (slot + 1) & mask;
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

  /** Adds a pair, or gives a known one a new rank. */
  set(first: number, second: number, rank: number, merged: number): void {
    const { rows, mask } = this;
    let slot = Math.imul(first ^ Math.imul(second, 0x85ebca6b), 0x9e3779b1) >>> this.shift;
    while (rows[4 * slot] !== -1 && !(rows[4 * slot] === first && rows[4 * slot + 1] === second))
      slot = (slot + 1) & mask;
    if (rows[4 * slot] === -1) this.size++;
    rows[4 * slot] = first;
    rows[4 * slot + 1] = second;
    rows[4 * slot + 2] = rank;
    rows[4 * slot + 3] = merged;
  }

  /** Pairs in the order of their ranks. */
  byRank(): { first: number; second: number }[] {
    const slots: number[] = [];
    for (let slot = 0; slot <= this.mask; slot++) if (this.rows[4 * slot] !== -1) slots.push(slot);
    slots.sort((a, b) => this.rankAt(a) - this.rankAt(b));
    return slots.map((slot) => ({ first: this.rows[4 * slot] as number, second: this.rows[4 * slot + 1] as number }));
  }
}
