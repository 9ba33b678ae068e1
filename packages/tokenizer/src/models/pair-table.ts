// A hash table from a pair of ids to a rank and the id that the pair becomes. Open addressing in typed arrays.

/** Ranks of mergeable pairs. Look-ups cost no allocation. */
export class PairTable {
  private readonly firsts: Int32Array;
  private readonly seconds: Int32Array;
  private readonly ranks: Int32Array;
  private readonly merged: Int32Array;
  private readonly shift: number;
  private readonly mask: number;
  size = 0;

  /** `count` is the most pairs that it will hold. */
  constructor(count: number) {
    let bits = 4;
    while (1 << bits < count * 1.6) bits++;
    this.shift = 32 - bits;
    this.mask = (1 << bits) - 1;
    this.firsts = new Int32Array(1 << bits).fill(-1);
    this.seconds = new Int32Array(1 << bits);
    this.ranks = new Int32Array(1 << bits);
    this.merged = new Int32Array(1 << bits);
  }

  /** The pair's slot, or −1. */
  find(first: number, second: number): number {
    let slot = Math.imul(first ^ Math.imul(second, 0x85ebca6b), 0x9e3779b1) >>> this.shift;
    for (;;) {
      const found = this.firsts[slot] as number;
      if (found === first && this.seconds[slot] === second) return slot;
      if (found === -1) return -1;
      slot = (slot + 1) & this.mask;
    }
  }

  rankAt(slot: number): number {
    return this.ranks[slot] as number;
  }

  mergedAt(slot: number): number {
    return this.merged[slot] as number;
  }

  /** Adds a pair, or gives a known one a new rank. */
  set(first: number, second: number, rank: number, merged: number): void {
    let slot = Math.imul(first ^ Math.imul(second, 0x85ebca6b), 0x9e3779b1) >>> this.shift;
    while (this.firsts[slot] !== -1 && !(this.firsts[slot] === first && this.seconds[slot] === second))
      slot = (slot + 1) & this.mask;
    if (this.firsts[slot] === -1) this.size++;
    this.firsts[slot] = first;
    this.seconds[slot] = second;
    this.ranks[slot] = rank;
    this.merged[slot] = merged;
  }

  /** Pairs in the order of their ranks. */
  byRank(): { first: number; second: number }[] {
    const slots: number[] = [];
    for (let slot = 0; slot < this.firsts.length; slot++) if (this.firsts[slot] !== -1) slots.push(slot);
    slots.sort((a, b) => this.rankAt(a) - this.rankAt(b));
    return slots.map((slot) => ({ first: this.firsts[slot] as number, second: this.seconds[slot] as number }));
  }
}
