// Unigram: of all ways to cut the word into tokens, the one with the best sum of log-probabilities.

import type { Fields, JsonObject } from '../json';
import { checkObject, inputError } from '../options';
import { unitsAt } from '../text/char-class';
import { type Model, missingUnknown } from './model';
import { NativeScores, nativeScore } from './native-score';
import { PrefixFilter } from './prefix-filter';
import { ScoredVocab } from './scored-vocab';
import type { TokenSink } from './token-sink';
import { HASH_START, hashNext, Vocab, type VocabSource } from './vocab';

const UNKNOWN_PENALTY = 10;
/** Units that are compared sooner than it is found out which of them are known to be the same. */
const SHORT = 16;
const encoder = new TextEncoder();

/** The options of {@link Unigram}. */
export interface UnigramOptions {
  readonly unkId?: number | undefined;
  readonly byteFallback?: boolean;
  /**
   * SentencePiece's own reading: pieces that no text gives, the lowest score of the others, and sums in single
   * precision, which decide ties.
   */
  readonly sentencePiece?: { readonly hidden: ReadonlySet<number>; readonly lowest: number };
}

/**
 * SentencePiece's unigram language model.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Unigram } from '@heddle/tokenizer/components';
 * const model = new Unigram(['<unk>', 'a', 'b', 'ab'], [0, -2, -2, -1], { unkId: 0 });
 * console.log(new Tokenizer({ model }).encode('aba').tokens); // ['ab', 'a']
 * ```
 */
export class Unigram implements Model {
  readonly deterministic = true;
  readonly unknownSpelling: number | undefined;
  private readonly prefixes: PrefixFilter;
  /** Tokens that no text gives. */
  private readonly hidden: ReadonlySet<number> | undefined;
  /** What texts are cut into. */
  private readonly shown: Vocab;
  /** Of each long token that was met, the longest other that it begins with, or −1. */
  private readonly priors = new Map<number, number>();
  private readonly unknownScore: number;
  private readonly single: boolean;
  private readonly native: NativeScores | null;
  // Best path to each position of the word, reused from word to word.
  private best = new Float64Array(64);
  private from = new Int32Array(64);
  private via = new Int32Array(64);
  private cuts = new Int32Array(64);
  operations = 0;

  readonly vocab: Vocab;
  readonly scores: Float64Array;
  readonly unkId: number | undefined;
  readonly byteFallback: boolean;

  /** `scores[id]` is the log-probability of a token. */
  constructor(source: VocabSource, scores: ArrayLike<number>, options: UnigramOptions = {}) {
    checkObject('Unigram: options', options);
    if (!Number.isInteger(scores?.length)) throw inputError('Unigram: scores', 'an array of numbers', scores);
    const { unkId, byteFallback = false, sentencePiece: shown } = options;
    const vocab = Vocab.from(source);
    this.vocab = vocab;
    this.scores = Float64Array.from(scores);
    this.unkId = unkId;
    this.byteFallback = byteFallback;
    this.unknownSpelling = unkId;
    this.prefixes = new PrefixFilter(vocab);
    this.hidden = shown?.hidden;
    // A token that is hidden must not stand before another of the same text.
    this.shown = shown !== undefined && vocab.hasDoubles ? without(vocab, shown.hidden) : vocab;
    let lowest = shown?.lowest ?? Number.POSITIVE_INFINITY;
    if (shown === undefined) for (const score of this.scores) if (score < lowest) lowest = score;
    this.single = shown !== undefined;
    this.native = this.single ? null : new NativeScores(this.scores);
    this.unknownScore = (this.single ? lowest : nativeScore(lowest)) - UNKNOWN_PENALTY;
  }

  static read(fields: Fields): Unigram {
    const { vocab, scores } = readScored(fields);
    const unkId = fields.raw('unk_id') == null ? undefined : fields.integer('unk_id');
    if (unkId !== undefined && unkId >= scores.length)
      throw fields.error('unk_id', `an id below ${scores.length}`, unkId);
    return new Unigram(vocab, scores, { unkId, byteFallback: fields.boolean('byte_fallback', false) });
  }

  toJSON(): JsonObject {
    return {
      type: 'Unigram',
      unk_id: this.unkId ?? null,
      vocab: this.vocab.toArray().map((token, id) => [token ?? '', this.scores[id] as number]),
      byte_fallback: this.byteFallback,
    };
  }

  tokenize(word: string, out: TokenSink): void {
    const count = this.cut(word);
    const { cuts, via, unkId } = this;
    // Cuts come from the end; neighbouring unknown pieces count as one.
    for (let i = count; i > 0; ) {
      const start = cuts[i] as number;
      let end = cuts[--i] as number;
      const id = via[end] as number;
      if (id === unkId) {
        while (i > 0 && via[cuts[i - 1] as number] === unkId) end = cuts[--i] as number;
        this.unknown(word, start, end, out);
      } else out.push(id, start, end);
    }
  }

  /** Viterbi over the word. Leaves its borders in `cuts`, from the end to 0, and returns how many pieces. */
  private cut(word: string): number {
    const size = word.length;
    if (size >= this.best.length) this.grow(size + 1);
    const { best, from, via, prefixes, shown, hidden, scores, native } = this;
    from.fill(-1, 0, size + 1);
    best[0] = 0;
    for (let start = 0; start < size; ) {
      const units = unitsAt(word, start);
      const here = best[start] as number;
      let single = false;
      let hash = HASH_START;
      let prior = -1;
      for (let at = start; at < size; ) {
        this.operations++;
        hash = hashNext(hash, word.charCodeAt(at++));
        if (!prefixes.has(hash)) break;
        const isLong = at - start > SHORT;
        const id = isLong ? this.idAfter(hash, prior, word, start, at) : shown.idByHash(hash, '', word, start, at);
        if (id < 0) continue;
        prior = id;
        if (hidden?.has(id)) continue;
        const sum = (native === null ? (scores[id] as number) : native.of(id)) + here;
        const score = this.single ? Math.fround(sum) : sum;
        if (from[at] === -1 || score > (best[at] as number)) {
          best[at] = score;
          from[at] = start;
          via[at] = id;
        }
        if (at - start === units) single = true;
      }
      if (!single) {
        const at = start + units;
        const sum = this.unknownScore + here;
        const score = this.single ? Math.fround(sum) : sum;
        if (from[at] === -1 || score > (best[at] as number)) {
          if (this.unkId === undefined) throw missingUnknown(undefined);
          best[at] = score;
          from[at] = start;
          via[at] = this.unkId;
        }
      }
      start += units;
    }
    let count = 0;
    this.cuts[0] = size;
    for (let at = size; at > 0; ) {
      at = from[at] as number;
      this.cuts[++count] = at;
    }
    return count;
  }

  /**
   * The id of word[start, end), whose hash is given, or −1. `prior` is the longest token of those that begin there and are
   * shorter, or −1: no unit is read again for each of the tokens that begin with it.
   */
  private idAfter(hash: number, prior: number, word: string, start: number, end: number): number {
    const { priors, shown } = this;
    const same = prior < 0 ? 0 : shown.lengthOf(prior);
    for (let slot = -1; ; ) {
      slot = shown.index.seek(hash, slot);
      const id = shown.index.at(slot);
      if (id < 0) return id;
      const known = priors.get(id);
      const from = known === prior ? same : 0;
      if (!shown.ends(id, from, word, start + from, end)) continue;
      priors.set(id, prior);
      return id;
    }
  }

  private grow(size: number): void {
    const capacity = Math.max(size, this.best.length * 2);
    this.best = new Float64Array(capacity);
    this.from = new Int32Array(capacity);
    this.via = new Int32Array(capacity);
    this.cuts = new Int32Array(capacity);
  }

  private unknown(word: string, start: number, end: number, out: TokenSink): void {
    const text = word.slice(start, end);
    // The native library finds even pieces that no text gives, once all their characters are unknown.
    const known = this.single ? undefined : this.vocab.idOf(text);
    if (known !== undefined) {
      out.push(known, start, end);
      return;
    }
    if (this.byteFallback) {
      const ids = Array.from(encoder.encode(text), (byte) =>
        this.vocab.idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
      );
      if (ids.every((id) => id !== undefined)) {
        for (const id of ids) out.push(id as number, start, end);
        return;
      }
    }
    out.push(this.unkId as number, start, end);
  }
}

/** A vocabulary with holes where some tokens are. */
function without(vocab: Vocab, hidden: ReadonlySet<number>): Vocab {
  return new Vocab(vocab.toArray().map((token, id) => (hidden.has(id) ? undefined : token)));
}

/** Reads `[[token, score], …]`, unless it was read already. */
function readScored(fields: Fields): ScoredVocab {
  const value = fields.raw('vocab');
  if (value instanceof ScoredVocab) return value;
  const rows = fields.array('vocab');
  const scores = new Float64Array(rows.length);
  const tokens = rows.map((row, id) => {
    const [token, score] = Array.isArray(row) && row.length === 2 ? row : [];
    if (typeof token !== 'string' || typeof score !== 'number' || Number.isNaN(score))
      throw fields.error(`vocab[${id}]`, 'a token and its score', row);
    scores[id] = score;
    return token;
  });
  return new ScoredVocab(new Vocab(tokens), scores);
}
