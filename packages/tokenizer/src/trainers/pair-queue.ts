// The pairs that BPE training may merge next: the most frequent first, the smallest ids first among equals.
import { longer } from '../text/column';

/** Counts of all pairs ever seen, numbered in the order of their appearance. */
export class PairCounts {
  private slots = new Int32Array(1 << 16).fill(-1);
  firsts = new Int32Array(1 << 15);
  seconds = new Int32Array(1 << 15);
  counts = new Float64Array(1 << 15);
  size = 0;

  /** The number of a pair, new pairs included. */
  indexOf(first: number, second: number): number {
    let { slots } = this;
    let mask = slots.length - 1;
    let slot = hash(first, second) & mask;
    for (;;) {
      const index = slots[slot] as number;
      if (index === -1) break;
      if (this.firsts[index] === first && this.seconds[index] === second) return index;
      slot = (slot + 1) & mask;
    }
    if (this.size * 2 >= slots.length) {
      this.rehash();
      slots = this.slots;
      mask = slots.length - 1;
      slot = hash(first, second) & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
    }
    if (this.size === this.firsts.length) {
      this.firsts = longer(this.firsts);
      this.seconds = longer(this.seconds);
      this.counts = longer(this.counts);
    }
    const index = this.size++;
    slots[slot] = index;
    this.firsts[index] = first;
    this.seconds[index] = second;
    return index;
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = hash(this.firsts[index] as number, this.seconds[index] as number) & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
    this.slots = slots;
  }
}

function hash(first: number, second: number): number {
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Lists of words, one for each pair that is waiting: linked nodes in two columns. */
export class Places {
  private words = new Int32Array(1 << 16);
  private nexts = new Int32Array(1 << 16);
  private size = 0;

  /** Puts a word at the head of a list (−1 is the empty one), unless it is there already; returns the new head. */
  add(head: number, word: number): number {
    if (head >= 0 && this.words[head] === word) return head;
    if (this.size === this.words.length) {
      this.words = longer(this.words);
      this.nexts = longer(this.nexts);
    }
    const node = this.size++;
    this.words[node] = word;
    this.nexts[node] = head;
    return node;
  }

  wordAt(node: number): number {
    return this.words[node] as number;
  }

  nextOf(node: number): number {
    return this.nexts[node] as number;
  }
}

/** One pair that waits, with its count when it was queued and the words that it was seen in. */
export interface Waiting {
  readonly pair: number;
  count: number;
  readonly places: number;
}

/** A heap of waiting pairs. A pair may wait more than once, with different places. */
export class PairQueue {
  private readonly heap: Waiting[] = [];

  constructor(private readonly pairs: PairCounts) {}

  private before(a: Waiting, b: Waiting): boolean {
    if (a.count !== b.count) return a.count > b.count;
    const { firsts, seconds } = this.pairs;
    const first = (firsts[a.pair] as number) - (firsts[b.pair] as number);
    return first !== 0 ? first < 0 : (seconds[a.pair] as number) < (seconds[b.pair] as number);
  }

  push(waiting: Waiting): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(waiting);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Waiting;
      if (!this.before(waiting, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = waiting;
  }

  pop(): Waiting | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.before(heap[child + 1] as Waiting, heap[child] as Waiting)) child++;
      if (!this.before(heap[child] as Waiting, last)) break;
      heap[at] = heap[child] as Waiting;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
