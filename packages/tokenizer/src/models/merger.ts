// Applies merges to one word's symbols: the lowest rank first, the leftmost among equals.
import { longer } from '../text/column';
import { type PairTable, UNRANKED } from './pair-table';

/** Words up to this many symbols are merged by scanning: no heap beats it there. */
const SCAN_LIMIT = 40;
const POSITIONS = 2 ** 27;
/** Little at first: an engine that has seen the columns grow before it compiles what fills them need not do so again. */
const ROOM = 4;

/** One word's symbols, as columns that are reused from word to word. */
export class Merger {
  ids = new Int32Array(ROOM);
  starts = new Int32Array(ROOM);
  ends = new Int32Array(ROOM);
  /** UTF-8 lengths. */
  bytes = new Int32Array(ROOM);
  length = 0;
  private ranks = new Int32Array(ROOM);
  /** What each symbol becomes with the next one, where a rank says that it does. */
  private merged = new Int32Array(ROOM);
  /** One more than the symbols: the end of the last. */
  private nexts = new Int32Array(ROOM + 1);
  private previous = new Int32Array(ROOM);
  private heap = new Float64Array(ROOM);
  private heapSize = 0;
  /** How many table look-ups and heap moves were made: what the tests of linearity count. */
  operations = 0;

  push(id: number, start: number, end: number, bytes: number): void {
    if (this.length === this.ids.length) this.grow();
    const at = this.length++;
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
    this.bytes[at] = bytes;
  }

  private grow(): void {
    this.ids = longer(this.ids);
    this.starts = longer(this.starts);
    this.ends = longer(this.ends);
    this.bytes = longer(this.bytes);
    this.ranks = longer(this.ranks);
    this.merged = longer(this.merged);
    this.nexts = longer(this.nexts);
    this.previous = longer(this.previous);
  }

  /** Merges until nothing merges; with dropout each candidate is passed over with that probability. */
  merge(table: PairTable, dropout = 0, random: () => number = Math.random): void {
    if (this.length < 2) return;
    if (dropout === 0 && this.length <= SCAN_LIMIT) this.mergeByScan(table);
    else this.mergeByHeap(table, dropout, random);
  }

  private mergeByScan(table: PairTable): void {
    const { ids, ranks, merged, nexts: firsts } = this;
    const last = this.length - 1;
    let n = last + 1;
    for (let i = 0; i < last; i++) {
      this.look(table, i);
      firsts[i] = i;
    }
    firsts[last] = last;
    ranks[last] = UNRANKED;
    this.operations += n;
    while (n > 1) {
      let best = ranks[0] as number;
      let at = 0;
      for (let i = 1; i < n; i++) {
        const rank = ranks[i] as number;
        if (rank < best) {
          best = rank;
          at = i;
        }
      }
      if (best === UNRANKED) break;
      this.operations += n;
      ids[at] = merged[at] as number;
      n--;
      for (let i = at + 1; i < n; i++) {
        ids[i] = ids[i + 1] as number;
        ranks[i] = ranks[i + 1] as number;
        merged[i] = merged[i + 1] as number;
        firsts[i] = firsts[i + 1] as number;
      }
      if (at + 1 < n) this.look(table, at);
      else ranks[at] = UNRANKED;
      if (at > 0) this.look(table, at - 1);
    }
    firsts[n] = last + 1;
    this.join(n);
  }

  /** Finds out whether and what a symbol and the next one become. */
  private look(table: PairTable, at: number): void {
    const place = table.find(this.ids[at] as number, this.ids[at + 1] as number);
    this.ranks[at] = place < 0 ? UNRANKED : table.rankAt(place);
    this.merged[at] = place < 0 ? -1 : table.mergedAt(place);
  }

  /** Joins the places of the symbols that were merged: `nexts` has the first of each of `count`. */
  private join(count: number): void {
    const { starts, ends, bytes, nexts: firsts } = this;
    for (let i = 0; i < count; i++) {
      const first = firsts[i] as number;
      const after = firsts[i + 1] as number;
      let sum = 0;
      for (let k = first; k < after; k++) sum += bytes[k] as number;
      starts[i] = starts[first] as number;
      ends[i] = ends[after - 1] as number;
      bytes[i] = sum;
    }
    this.length = count;
  }

  private mergeByHeap(table: PairTable, dropout: number, random: () => number): void {
    const { ids, ends, bytes, nexts, previous } = this;
    const n = this.length;
    this.heapSize = 0;
    for (let i = 0; i < n; i++) {
      previous[i] = i - 1;
      nexts[i] = i + 1 < n ? i + 1 : -1;
    }
    for (let i = 0; i + 1 < n; i++) this.offer(table, i, i + 1);
    const skipped: number[] = [];
    while (this.heapSize > 0) {
      const top = this.pop();
      if (dropout > 0 && random() < dropout) {
        skipped.push(top);
        continue;
      }
      for (const key of skipped) this.add(key);
      skipped.length = 0;
      const rank = Math.floor(top / POSITIONS);
      const at = top - rank * POSITIONS;
      const next = nexts[at] as number;
      // A symbol that was merged away, or a pair that has changed since it was offered.
      if (bytes[at] === 0 || next < 0) continue;
      const slot = table.find(ids[at] as number, ids[next] as number);
      if (slot < 0 || table.rankAt(slot) !== rank) continue;
      ids[at] = table.mergedAt(slot);
      ends[at] = ends[next] as number;
      bytes[at] = (bytes[at] as number) + (bytes[next] as number);
      bytes[next] = 0;
      const after = nexts[next] as number;
      nexts[at] = after;
      if (after >= 0) {
        previous[after] = at;
        this.offer(table, at, after);
      }
      const before = previous[at] as number;
      if (before >= 0) this.offer(table, before, at);
    }
    this.compact();
  }

  private compact(): void {
    let out = 0;
    for (let i = 0; i < this.length; i++) {
      if (this.bytes[i] === 0) continue;
      this.ids[out] = this.ids[i] as number;
      this.starts[out] = this.starts[i] as number;
      this.ends[out] = this.ends[i] as number;
      this.bytes[out] = this.bytes[i] as number;
      out++;
    }
    this.length = out;
  }

  private offer(table: PairTable, at: number, next: number): void {
    this.operations++;
    const rank = table.rankOf(this.ids[at] as number, this.ids[next] as number);
    if (rank !== UNRANKED) this.add(rank * POSITIONS + at);
  }

  private add(key: number): void {
    if (this.heapSize === this.heap.length) this.heap = longer(this.heap);
    const { heap } = this;
    let at = this.heapSize++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as number) <= key) break;
      heap[at] = heap[parent] as number;
      at = parent;
      this.operations++;
    }
    heap[at] = key;
  }

  private pop(): number {
    const { heap } = this;
    const top = heap[0] as number;
    const last = heap[--this.heapSize] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heapSize) break;
      if (child + 1 < this.heapSize && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= last) break;
      heap[at] = heap[child] as number;
      at = child;
      this.operations++;
    }
    heap[at] = last;
    return top;
  }
}
