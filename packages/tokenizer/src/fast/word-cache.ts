// Remembers the tokens of words that were seen. Open addressing over typed arrays: a hit allocates nothing.
// Bounded: when it is full it starts afresh, so that no input can make it grow without end.
import type { TokenSink } from '../models/token-sink';

const ROW = 6;
const MAX_WORDS = 1 << 17;
const MAX_UNITS = 1 << 21;
const MAX_TOKENS = 1 << 20;
/** Longer words are rare, and would push many others out. */
export const MAX_WORD_LENGTH = 128;

/** The hash of a word's UTF-16 units, one unit at a time: start with 0. */
export function hashUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x9e3779b1);
}

function grown<T extends Int32Array | Uint16Array | Uint8Array>(old: T, next: T): T {
  next.set(old);
  return next;
}

/** A cache from words to their tokens. */
export class WordCache {
  private slots = new Int32Array(2048).fill(-1);
  private mask = 2047;
  // One row per word: hash, start of its units, length, start of its tokens, number of tokens, words that it is cut into.
  private rows = new Int32Array(1024 * ROW);
  private words = 0;
  private units = new Uint16Array(8192);
  private unitCount = 0;
  private ids = new Int32Array(4096);
  private starts = new Uint8Array(4096);
  private ends = new Uint8Array(4096);
  /** Index of each token's word, where a cached stretch is cut into several. */
  private steps = new Uint8Array(4096);
  private tokenCount = 0;
  /** Words looked up and not found: what the tests of linearity count. */
  misses = 0;

  /** The row of the word text[start, end), or −1. */
  find(text: string, start: number, end: number, hash: number): number {
    const { slots, mask, rows, units } = this;
    const length = end - start;
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (;;) {
      const row = slots[slot] as number;
      if (row === -1) return -1;
      if (rows[row] === hash && rows[row + 2] === length) {
        const from = rows[row + 1] as number;
        let i = 0;
        while (i < length && units[from + i] === text.charCodeAt(start + i)) i++;
        if (i === length) return row;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** The row of the word in the first `length` of `word`, or −1. */
  findUnits(word: Uint16Array, length: number, hash: number): number {
    const { slots, mask, rows, units } = this;
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (;;) {
      const row = slots[slot] as number;
      if (row === -1) return -1;
      if (rows[row] === hash && rows[row + 2] === length) {
        const from = rows[row + 1] as number;
        let i = 0;
        while (i < length && units[from + i] === word[i]) i++;
        if (i === length) return row;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Remembers the tokens `from` and on of `sink`, whose ranges count from the word's start. */
  add(word: string, hash: number, sink: TokenSink, from: number): void {
    this.misses++;
    const count = sink.length - from;
    if (word.length > MAX_WORD_LENGTH || count > 1024) return;
    if (this.words >= MAX_WORDS || this.unitCount + word.length > MAX_UNITS || this.tokenCount + count > MAX_TOKENS)
      this.clear();
    this.makeRoom(word.length, count);
    const row = this.words++ * ROW;
    const { rows } = this;
    rows[row] = hash;
    rows[row + 1] = this.unitCount;
    rows[row + 2] = word.length;
    rows[row + 3] = this.tokenCount;
    rows[row + 4] = count;
    rows[row + 5] = sink.word;
    for (let i = 0; i < word.length; i++) this.units[this.unitCount++] = word.charCodeAt(i);
    for (let i = from; i < sink.length; i++) {
      this.ids[this.tokenCount] = sink.ids[i] as number;
      this.starts[this.tokenCount] = sink.starts[i] as number;
      this.steps[this.tokenCount] = sink.words[i] as number;
      this.ends[this.tokenCount++] = sink.ends[i] as number;
    }
    this.insert(row);
  }

  private insert(row: number): void {
    const hash = this.rows[row] as number;
    let slot = (hash ^ (hash >>> 16)) & this.mask;
    while (this.slots[slot] !== -1) slot = (slot + 1) & this.mask;
    this.slots[slot] = row;
  }

  private makeRoom(units: number, tokens: number): void {
    if ((this.words + 1) * ROW > this.rows.length) {
      this.rows = grown(this.rows, new Int32Array(this.rows.length * 2));
      this.slots = new Int32Array(this.slots.length * 2).fill(-1);
      this.mask = this.slots.length - 1;
      for (let row = 0; row < this.words * ROW; row += ROW) this.insert(row);
    }
    if (this.unitCount + units > this.units.length)
      this.units = grown(this.units, new Uint16Array(this.units.length * 2));
    if (this.tokenCount + tokens > this.ids.length) {
      const size = this.ids.length * 2;
      this.ids = grown(this.ids, new Int32Array(size));
      this.starts = grown(this.starts, new Uint8Array(size));
      this.ends = grown(this.ends, new Uint8Array(size));
      this.steps = grown(this.steps, new Uint8Array(size));
    }
  }

  private clear(): void {
    this.slots.fill(-1);
    this.words = this.unitCount = this.tokenCount = 0;
  }

  /** How many words a row's stretch of text is cut into. */
  wordsOf(row: number): number {
    return this.rows[row + 5] as number;
  }

  /** Appends a row's tokens, their ranges moved to where the word starts. */
  copy(row: number, sink: TokenSink, at: number): void {
    const from = this.rows[row + 3] as number;
    const count = this.rows[row + 4] as number;
    sink.reserve(count);
    let out = sink.length;
    for (let i = from; i < from + count; i++) {
      sink.ids[out] = this.ids[i] as number;
      sink.starts[out] = at + (this.starts[i] as number);
      sink.ends[out] = at + (this.ends[i] as number);
      sink.words[out++] = sink.word + (this.steps[i] as number);
    }
    sink.length = out;
  }

  /** Appends a row's tokens, their ranges looked up in the tables of where each unit came from. */
  copyMapped(row: number, sink: TokenSink, starts: Int32Array, ends: Int32Array): void {
    const from = this.rows[row + 3] as number;
    const count = this.rows[row + 4] as number;
    sink.reserve(count);
    let out = sink.length;
    for (let i = from; i < from + count; i++) {
      sink.ids[out] = this.ids[i] as number;
      sink.starts[out] = starts[this.starts[i] as number] as number;
      sink.ends[out] = ends[(this.ends[i] as number) - 1] as number;
      sink.words[out++] = sink.word;
    }
    sink.length = out;
  }
}
