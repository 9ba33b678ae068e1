// The hash tables of this folder: open addressing, with a part of the hash beside each entry's number.

/** Slots for each entry, at the least; an eighth more at the most. */
const SPARSENESS = 1.4;

/**
 * Leads from hashes to the numbers of entries, from 0 up, which lie elsewhere. A slot has the number in its low bits and as
 * much of the hash as there is room for above, so that nearly every entry that is not meant is known without a look at it.
 */
export class HashIndex {
  /** Numbers start at 1 here: 0 is for a free slot. */
  private readonly slots: Int32Array;
  private readonly shift: number;
  private readonly sixteenths: number;
  private readonly bits: number;

  /** An empty index for `count` entries. Powers of two alone could leave half of its slots without use. */
  constructor(count: number) {
    const least = Math.ceil(count * SPARSENESS) + 8;
    const log = Math.max(4, 32 - Math.clz32(least - 1));
    this.sixteenths = Math.ceil(least / (1 << (log - 4)));
    this.slots = new Int32Array(this.sixteenths << (log - 4));
    this.shift = 32 - log;
    this.bits = 32 - Math.clz32(count);
  }

  /** The next slot after `slot` (−1: the first) that may have the entry of a hash; a free one where there is no more. */
  seek(hash: number, slot: number): number {
    const { slots, bits } = this;
    const tag = hash << bits;
    let at = slot < 0 ? (Math.imul(hash >>> this.shift, this.sixteenths) >>> 4) - 1 : slot;
    for (;;) {
      at = at + 1 < slots.length ? at + 1 : 0;
      const entry = slots[at] as number;
      if (entry === 0 || (entry ^ tag) >> bits === 0) return at;
    }
  }

  /** The number in a slot, −1 in a free one. */
  at(slot: number): number {
    return ((this.slots[slot] as number) & ((1 << this.bits) - 1)) - 1;
  }

  put(slot: number, hash: number, number: number): void {
    this.slots[slot] = (hash << this.bits) | (number + 1);
  }
}
