// A hash table from a pair of ids to a rank and the id that the pair becomes.
import { HashIndex } from './hash-index';
import type { RankMerger } from './rank-merger';

/** The rank of pairs that never merge: higher than any. */
export const UNRANKED = 0x7fffffff;

/** Ranks of mergeable pairs. Look-ups cost no allocation. */
export class PairTable {
  /** Merges without the table, where any pair merges whose union is a token, by its id. */
  inWord: RankMerger | undefined;
  /** First, second, rank and merged of each pair, in the order that they came: one cache line serves a look-up. */
  private rows: Int32Array;
  private index: HashIndex;
  /** How many pairs there are. */
  size = 0;

  /** `count` is how many pairs it will hold: it grows beyond, but not for nothing. */
  constructor(count: number) {
    this.rows = new Int32Array(4 * count);
    this.index = new HashIndex(count);
  }

  /** The pair's place, or −1. Look-ups that come after may move it. */
  find(first: number, second: number): number {
    const place = this.index.at(this.slotOf(first, second, hashOfPair(first, second)));
    return place < 0 ? this.missing(first, second) : place;
  }

  /** What a look-up gives for a pair that is not there. */
  protected missing(_first: number, _second: number): number {
    return -1;
  }

  /** The slot where a pair is, or where it would go. */
  private slotOf(first: number, second: number, hash: number): number {
    const { index, rows } = this;
    for (let slot = -1; ; ) {
      slot = index.seek(hash, slot);
      const at = 4 * index.at(slot);
      if (at < 0 || (rows[at] === first && rows[at + 1] === second)) return slot;
    }
  }

  /** The pair's rank, or {@link UNRANKED}. */
  rankOf(first: number, second: number): number {
    const place = this.find(first, second);
    return place < 0 ? UNRANKED : this.rankAt(place);
  }

  rankAt(place: number): number {
    return this.rows[4 * place + 2] as number;
  }

  mergedAt(place: number): number {
    return this.rows[4 * place + 3] as number;
  }

  /** Adds a pair, or gives a known one a new rank; returns its place. */
  set(first: number, second: number, rank: number, merged: number): number {
    if (4 * this.size === this.rows.length) this.reserve(2 * this.size + 16);
    const hash = hashOfPair(first, second);
    const slot = this.slotOf(first, second, hash);
    let place = this.index.at(slot);
    if (place < 0) {
      place = this.size++;
      this.index.put(slot, hash, place);
    }
    const { rows } = this;
    const at = 4 * place;
    rows[at] = first;
    rows[at + 1] = second;
    rows[at + 2] = rank;
    rows[at + 3] = merged;
    return place;
  }

  /** Makes room for `count` pairs, which are not fewer than there are. */
  reserve(count: number): void {
    const { rows, size } = this;
    this.rows = new Int32Array(4 * count);
    this.index = new HashIndex(count);
    this.size = 0;
    for (let at = 0; at < 4 * size; )
      this.set(rows[at++] as number, rows[at++] as number, rows[at++] as number, rows[at++] as number);
  }

  /** Lets go of room that no pair has taken, unless it is little. */
  trim(): void {
    if (4 * this.size < 0.9 * this.rows.length) this.reserve(this.size);
  }

  /** Pairs in the order of their ranks. */
  byRank(): { first: number; second: number }[] {
    const places = Array.from({ length: this.size }, (_, place) => place);
    places.sort((a, b) => this.rankAt(a) - this.rankAt(b));
    return places.map((place) => ({
      first: this.rows[4 * place] as number,
      second: this.rows[4 * place + 1] as number,
    }));
  }
}

function hashOfPair(first: number, second: number): number {
  return Math.imul(first ^ Math.imul(second, 0x85ebca6b), 0x9e3779b1);
}
