// Remembers the tokens of words that were seen. Open addressing over typed arrays: a hit allocates nothing, and all that
// it reads lies together. Bounded: when it is full it starts afresh, so that no input can make it grow without end.
import type { TokenSink } from '../models/token-sink';
import { longer } from '../text/column';

const MAX_WORDS = 1 << 17;
/** Integers that the records of all words may take: 16 MB. */
const MAX_SIZE = 1 << 22;
/** Longer words are rare, and would push many others out. */
export const MAX_WORD_LENGTH = 128;
const MAX_TOKENS = 1024;
/** Words that a record's integer has bits for. */
const MAX_WORDS_CUT = 4095;

// A record: hash; length, number of tokens and of the words that it is cut into, in one integer; then its units, two to an
// integer; then the tokens' ids; then of each where it starts and ends and which word it belongs to, a byte each. Small, since
// looking rarer words up costs what reaching their memory costs.
const HEAD = 2;
const LENGTH = 0xff;
const COUNT_SHIFT = 8;
const COUNT = 0x7ff;
const WORDS_SHIFT = 19;

/** The hash of a word's UTF-16 units, one unit at a time: start with 0. */
export function hashUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x9e3779b1);
}

/** A cache from words to their tokens. */
export class WordCache {
  // Small at first: growing early, before the engine has compiled what reads them, spares it from doing so twice.
  /** Where the record of each word starts; 0 for none. */
  private slots = new Int32Array(16);
  private records = new Int32Array(64);
  /** The same memory unit by unit. */
  private units = new Uint16Array(this.records.buffer);
  private used = 1;
  private words = 0;
  /** Words looked up and not found: what the tests of linearity count. */
  misses = 0;

  /** The record of the word units[start, end), or 0. */
  find(word: Uint16Array, start: number, end: number, hash: number): number {
    const { slots, records, units } = this;
    const mask = slots.length - 1;
    const length = end - start;
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const record = slots[slot] as number;
      if (record === 0) return 0;
      if (records[record] !== hash || ((records[record + 1] as number) & LENGTH) !== length) continue;
      const shift = 2 * (record + HEAD) - start;
      let i = start;
      while (i < end && units[shift + i] === word[i]) i++;
      if (i === end) return record;
    }
  }

  /** Remembers the tokens of a sink, whose ranges count from the start of the word units[start, end). */
  add(word: Uint16Array, start: number, end: number, hash: number, sink: TokenSink): void {
    this.misses++;
    const count = sink.length;
    const length = end - start;
    if (length > MAX_WORD_LENGTH || count > MAX_TOKENS || sink.word > MAX_WORDS_CUT) return;
    const size = HEAD + ((length + 1) >> 1) + 2 * count;
    if (2 * this.words >= this.slots.length || this.used + size > this.records.length) this.makeRoom(size);
    const { records, units, used: record } = this;
    records[record] = hash;
    records[record + 1] = length | (count << COUNT_SHIFT) | (sink.word << WORDS_SHIFT);
    const shift = 2 * (record + HEAD) - start;
    for (let i = start; i < end; i++) units[shift + i] = word[i] as number;
    const ids = this.idsOf(record);
    for (let i = 0; i < count; i++) {
      records[ids + i] = sink.ids[i] as number;
      records[ids + count + i] =
        (sink.ranges[2 * i] as number) | ((sink.ranges[2 * i + 1] as number) << 8) | ((sink.words[i] as number) << 16);
    }
    this.used = record + size;
    this.words++;
    this.insert(record);
  }

  private insert(record: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    const hash = this.records[record] as number;
    let slot = (hash ^ (hash >>> 16)) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = record;
  }

  private makeRoom(size: number): void {
    if (this.words >= MAX_WORDS || this.used + size > MAX_SIZE) {
      this.slots.fill(0);
      this.words = 0;
      this.used = 1;
    }
    if (2 * this.words >= this.slots.length) {
      const { slots } = this;
      this.slots = new Int32Array(4 * slots.length);
      for (const record of slots) if (record > 0) this.insert(record);
    }
    if (this.used + size > this.records.length) {
      this.records = longer(this.records, Math.max(2 * this.records.length, this.used + size));
      this.units = new Uint16Array(this.records.buffer);
    }
  }

  /** Where the ids of a record start. */
  private idsOf(record: number): number {
    return record + HEAD + ((((this.records[record + 1] as number) & LENGTH) + 1) >> 1);
  }

  private countOf(record: number): number {
    return ((this.records[record + 1] as number) >> COUNT_SHIFT) & COUNT;
  }

  /** How many words a record's stretch of text is cut into. */
  wordsOf(record: number): number {
    return (this.records[record + 1] as number) >> WORDS_SHIFT;
  }

  /** Appends a record's tokens, their ranges moved to where the word starts. */
  copy(record: number, sink: TokenSink, at: number): void {
    const { records } = this;
    const count = this.countOf(record);
    sink.reserve(count);
    const { ids, ranges, words, word, worded, length } = sink;
    const end = length + count;
    let from = this.idsOf(record);
    for (let out = length; out < end; out++) ids[out] = records[from++] as number;
    sink.length = end;
    if (!sink.ranged) return;
    for (let out = 2 * length; out < 2 * end; ) {
      const place = records[from++] as number;
      ranges[out++] = at + (place & 0xff);
      ranges[out++] = at + ((place >> 8) & 0xff);
    }
    if (!worded) return;
    from -= count;
    for (let out = length; out < end; out++) words[out] = word + ((records[from++] as number) >> 16);
  }
}
