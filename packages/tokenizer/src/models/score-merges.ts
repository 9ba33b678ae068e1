// Merges from scores: SentencePiece and tiktoken join any two neighbours whose union is a token, the best union first.
import { hashOfUnits, idOfUnits } from './id-of-units';
import { PairTable, UNRANKED } from './pair-table';
import { RankMerger } from './rank-merger';
import { areSame, HASH_START, hashNext, type Vocab } from './vocab';

/** Tokens longer than this (UTF-16 units) are a mistake. */
const MAX_UNITS = 2048;

/** Pairs that are kept: 6 MB. Texts that have more start afresh. */
const MAX_PAIRS = 2 ** 18;

/**
 * The rank of each token, {@link UNRANKED} where no merge makes it; undefined where ranks are ids. Of equal ranks the
 * leftmost pair wins.
 */
type Ranks = Int32Array | undefined;

/** Pairs whose ranks are those of their unions: each is looked up when a word first has it, none while loading. */
export class RankedPairs extends PairTable {
  constructor(
    private readonly vocab: Vocab,
    private readonly ranks: Ranks,
  ) {
    super(0);
    if (ranks === undefined) this.inWord = new RankMerger(vocab, Math.min(vocab.longest, MAX_UNITS));
  }

  /** Adds the pair, whether it merges or not. */
  protected override missing(first: number, second: number): number {
    if (this.size === MAX_PAIRS) this.size = 0;
    // Growing up to there costs more than the memory.
    if (this.size === 0) this.reserve(MAX_PAIRS / 4);
    const { vocab, ranks } = this;
    const merged = vocab.lengthOf(first) + vocab.lengthOf(second) > MAX_UNITS ? -1 : idOfPair(vocab, first, second);
    const rank = merged < 0 ? UNRANKED : ranks === undefined ? merged : (ranks[merged] as number);
    return this.set(first, second, rank, merged);
  }

  override byRank(): { first: number; second: number }[] {
    return everyMerge(this.vocab, this.ranks).byRank();
  }
}

/** Joins any two neighbours whose union is a token of some rank. */
export function mergesByRank(vocab: Vocab, ranks?: Ranks): PairTable {
  // Of tokens that are the same text, one may have a rank and another none.
  return vocab.hasDoubles ? everyMerge(vocab, ranks) : new RankedPairs(vocab, ranks);
}

/** Every way to make a token of two others, with the token's rank. */
export function everyMerge(vocab: Vocab, ranks: Ranks): PairTable {
  const table = new PairTable(vocab.length);
  const { units, starts } = vocab.columns;
  for (let id = 0; id < vocab.length; id++) {
    const start = starts[id] as number;
    const end = vocab.endOf(id);
    const rank = ranks === undefined ? id : (ranks[id] as number);
    if (start < 0 || end - start < 2 || end - start > MAX_UNITS || rank === UNRANKED) continue;
    let hash = HASH_START;
    for (let cut = start + 1; cut < end; cut++) {
      hash = hashNext(hash, units[cut - 1] as number);
      const first = idOfUnits(vocab, units, start, cut, hash);
      if (first < 0) continue;
      const second = idOfUnits(vocab, units, cut, end, hashOfUnits(units, cut, end));
      if (second >= 0) table.set(first, second, rank, id);
    }
  }
  return table;
}

/** The id of the token that two tokens are when put together, or −1. */
function idOfPair(vocab: Vocab, first: number, second: number): number {
  const { index } = vocab;
  const { units, starts } = vocab.columns;
  const a = starts[first] as number;
  const aEnd = vocab.endOf(first);
  const b = starts[second] as number;
  const bEnd = vocab.endOf(second);
  const middle = aEnd - a;
  const length = middle + bEnd - b;
  let hash = hashOfUnits(units, a, aEnd);
  for (let i = b; i < bEnd; i++) hash = hashNext(hash, units[i] as number);
  for (let slot = -1; ; ) {
    slot = index.seek(hash, slot);
    const id = index.at(slot);
    if (id < 0) return -1;
    const from = starts[id] as number;
    if (vocab.lengthOf(id) !== length) continue;
    if (areSame(units, from, units, a, aEnd) && areSame(units, from + middle, units, b, bEnd)) return id;
  }
}

/** Ranks of scores: 0 for the highest, the same for equal ones. */
export function ranksOfScores(scores: ArrayLike<number>): Int32Array {
  const order = Array.from({ length: scores.length }, (_, id) => id);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  const ranks = new Int32Array(scores.length);
  let rank = 0;
  for (const [i, id] of order.entries()) {
    if (i > 0 && scores[id] !== scores[order[i - 1] as number]) rank = i;
    ranks[id] = rank;
  }
  return ranks;
}
