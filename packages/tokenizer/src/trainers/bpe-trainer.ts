// Learns merges from word counts, as huggingface/tokenizers does, down to its rule for ties: of pairs that are equally
// frequent the one with the smaller ids wins, and ids go by special tokens, then the alphabet in code-point order, then
// characters with a prefix or suffix as the words bring them (there a hash map shuffles the words, not their letters).
import { PairCounts, PairQueue, Places } from './pair-queue';
import type { Training } from './progress';

/** What BPE training can be told. */
export interface BpeTrainerOptions {
  readonly vocabSize: number;
  readonly minFrequency: number;
  readonly specialTokens: readonly string[];
  /** Most characters to start from; the rarest go. */
  readonly limitAlphabet: number | undefined;
  /** Characters that are in the vocabulary whether seen or not. */
  readonly initialAlphabet: readonly string[];
  readonly continuingSubwordPrefix: string;
  readonly endOfWordSuffix: string;
  /** Most characters that a merged token may have. */
  readonly maxTokenLength: number;
}

/** A learnt vocabulary and its merges, in order. */
export interface BpeTraining {
  readonly tokens: string[];
  readonly merges: [string, string][];
}

/** Tokens numbered in the order of their arrival. */
class Symbols {
  readonly tokens: string[] = [];
  private readonly ids = new Map<string, number>();

  get size(): number {
    return this.tokens.length;
  }

  idOf(token: string): number | undefined {
    return this.ids.get(token);
  }

  add(token: string): number {
    const known = this.ids.get(token);
    if (known !== undefined) return known;
    this.ids.set(token, this.tokens.length);
    return this.tokens.push(token) - 1;
  }
}

const byCodePoint = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);

/** The characters to start from, in code-point order. */
function alphabet(words: ReadonlyMap<string, number>, options: BpeTrainerOptions): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words) for (const char of word) counts.set(char, (counts.get(char) ?? 0) + count);
  // Of a longer string only the first character counts, as there.
  for (const [char] of options.initialAlphabet) if (char !== undefined) counts.set(char, Number.POSITIVE_INFINITY);
  let kept = [...counts.keys()];
  const { limitAlphabet } = options;
  if (limitAlphabet !== undefined && kept.length > limitAlphabet) {
    // Most frequent first; among equals the smaller code point stays.
    kept.sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || byCodePoint(a, b));
    kept = kept.slice(0, limitAlphabet);
  }
  return kept.sort(byCodePoint);
}

/** All words as runs of symbol ids in one column; a merge shortens its words in place. */
class WordColumns {
  readonly symbols: Int32Array;
  /** Characters in each symbol. */
  readonly sizes: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly counts: Float64Array;

  constructor(words: ReadonlyMap<string, number>, table: Symbols, options: BpeTrainerOptions) {
    let total = 0;
    for (const word of words.keys()) total += word.length;
    this.symbols = new Int32Array(total);
    this.sizes = new Int32Array(total).fill(1);
    this.starts = new Int32Array(words.size);
    this.lengths = new Int32Array(words.size);
    this.counts = new Float64Array(words.size);
    const { continuingSubwordPrefix: prefix, endOfWordSuffix: suffix } = options;
    let at = 0;
    let index = 0;
    for (const [word, count] of words) {
      this.starts[index] = at;
      this.counts[index] = count;
      for (let i = 0; i < word.length; ) {
        const char = String.fromCodePoint(word.codePointAt(i) as number);
        const next = i + char.length;
        if (table.idOf(char) !== undefined) {
          const symbol = (i > 0 ? prefix : '') + char + (next === word.length ? suffix : '');
          this.symbols[at++] = table.add(symbol);
        }
        i = next;
      }
      this.lengths[index] = at - (this.starts[index] as number);
      index++;
    }
  }
}

/** Learns a vocabulary and merges from word counts. */
export function* trainBpe(words: ReadonlyMap<string, number>, options: BpeTrainerOptions): Training<BpeTraining> {
  const table = new Symbols();
  for (const token of options.specialTokens) table.add(token);
  for (const char of alphabet(words, options)) table.add(char);
  const columns = new WordColumns(words, table, options);
  const pairs = new PairCounts();
  const places = new Places();
  const queue = new PairQueue(pairs);
  // Heads of the lists of words that wait to be queued, by pair; only pairs in `fresh` have one.
  const heads: number[] = [];
  let fresh: number[] = [];
  const note = (pair: number, word: number): void => {
    const head = heads[pair] ?? -1;
    if (head === -1) fresh.push(pair);
    heads[pair] = places.add(head, word);
  };
  const enqueue = (): void => {
    for (const pair of fresh) {
      const count = pairs.counts[pair] as number;
      if (count > 0) queue.push({ pair, count, places: heads[pair] as number });
      heads[pair] = -1;
    }
    fresh = [];
  };

  const { symbols, sizes, starts, lengths, counts } = columns;
  for (let word = 0; word < starts.length; word++) {
    const from = starts[word] as number;
    const to = from + (lengths[word] as number) - 1;
    for (let i = from; i < to; i++) {
      const pair = pairs.indexOf(symbols[i] as number, symbols[i + 1] as number);
      pairs.counts[pair] = (pairs.counts[pair] as number) + (counts[word] as number);
      note(pair, word);
    }
    if (word % 10_000 === 0) yield { stage: 'pairs', done: word, total: starts.length };
  }
  enqueue();

  const merges: [string, string][] = [];
  const change = (first: number, second: number, word: number, sign: 1 | -1): void => {
    const pair = pairs.indexOf(first, second);
    pairs.counts[pair] = (pairs.counts[pair] as number) + sign * (counts[word] as number);
    if (sign > 0) note(pair, word);
  };
  /** Replaces the pair in one word and tells its neighbours. */
  const mergeInWord = (word: number, first: number, second: number, merged: number): void => {
    const from = starts[word] as number;
    let length = lengths[word] as number;
    let out = from;
    const end = from + length;
    for (let i = from; i < end; ) {
      if (symbols[i] !== first || i + 1 >= end || symbols[i + 1] !== second) {
        symbols[out] = symbols[i] as number;
        sizes[out++] = sizes[i++] as number;
        continue;
      }
      const size = (sizes[i] as number) + (sizes[i + 1] as number);
      if (out > from) {
        const before = symbols[out - 1] as number;
        change(before, first, word, -1);
        if ((sizes[out - 1] as number) + size < options.maxTokenLength) change(before, merged, word, 1);
      }
      if (i + 2 < end) {
        const after = symbols[i + 2] as number;
        change(second, after, word, -1);
        if ((sizes[i + 2] as number) + size < options.maxTokenLength) change(merged, after, word, 1);
      }
      symbols[out] = merged;
      sizes[out++] = size;
      i += 2;
      length--;
    }
    lengths[word] = length;
  };

  const prefix = options.continuingSubwordPrefix;
  while (table.size < options.vocabSize) {
    const top = queue.pop();
    if (top === undefined) break;
    const count = pairs.counts[top.pair] as number;
    if (top.count !== count) {
      // Out of date: it goes back with the count that it has now.
      top.count = count;
      if (count > 0) queue.push(top);
      continue;
    }
    if (count < 1 || count < options.minFrequency) break;
    const first = pairs.firsts[top.pair] as number;
    const second = pairs.seconds[top.pair] as number;
    const a = table.tokens[first] as string;
    const b = table.tokens[second] as string;
    const merged = table.add(a + (prefix !== '' && b.startsWith(prefix) ? b.slice(prefix.length) : b));
    merges.push([a, b]);
    for (let node = top.places; node >= 0; node = places.nextOf(node))
      mergeInWord(places.wordAt(node), first, second, merged);
    enqueue();
    if (merges.length % 16 === 0) yield { stage: 'merges', done: table.size, total: options.vocabSize };
  }
  return { tokens: table.tokens, merges };
}
