// Merges from scores: SentencePiece and tiktoken join any two neighbours whose union is a token, the best union first.
import { areSame, hashOfUnits, idOfUnits } from './id-of-units';
import { PairTable, UNRANKED } from './pair-table';
import { HASH_START, hashNext, type Vocab } from './vocab';

/** Tokens longer than this (UTF-16 units) are a mistake. */
const MAX_UNITS = 2048;

/** Pairs that are kept: 8 MB. Texts that have more start afresh. */
const MAX_PAIRS = 2 ** 18;

/** The rank of a token, or undefined where no merge makes it. Of equal ranks the leftmost pair wins. */
type RankOf = (id: number) => number | undefined;

/** Pairs whose ranks are those of their unions: each is looked up when a word first has it, none while loading. */
export class RankedPairs extends PairTable {
  constructor(
    private readonly vocab: Vocab,
    private readonly unionRank: RankOf,
  ) {
    super(MAX_PAIRS / 4);
  }

  /** Adds the pair, whether it merges or not. */
  protected override missing(first: number, second: number): number {
    if (this.size === MAX_PAIRS) this.clear();
    const { vocab } = this;
    const merged = this.lengthOf(first) + this.lengthOf(second) > MAX_UNITS ? -1 : idOfPair(vocab, first, second);
    const rank = merged < 0 ? undefined : this.unionRank(merged);
    return this.set(first, second, rank ?? UNRANKED, merged);
  }

  private lengthOf(id: number): number {
    const { starts, ends } = this.vocab.columns;
    return (ends[id] as number) - (starts[id] as number);
  }

  override byRank(): { first: number; second: number }[] {
    return everyMerge(this.vocab, this.unionRank).byRank();
  }
}

/** Joins any two neighbours whose union is a token of some rank. */
export function mergesByRank(vocab: Vocab, rankOf: RankOf): PairTable {
  // Of tokens that are the same text, one may have a rank and another none.
  return vocab.hasDoubles ? everyMerge(vocab, rankOf) : new RankedPairs(vocab, rankOf);
}

/** Every way to make a token of two others, with the token's rank. */
export function everyMerge(vocab: Vocab, rankOf: RankOf): PairTable {
  const table = new PairTable(vocab.length);
  const { units, starts, ends } = vocab.columns;
  for (let id = 0; id < vocab.length; id++) {
    const start = starts[id] as number;
    const end = ends[id] as number;
    const rank = rankOf(id);
    if (end - start < 2 || end - start > MAX_UNITS || rank === undefined) continue;
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
  const { slots, mask } = vocab;
  const { units, starts, ends, hashes } = vocab.columns;
  const a = starts[first] as number;
  const aEnd = ends[first] as number;
  const b = starts[second] as number;
  const bEnd = ends[second] as number;
  const middle = aEnd - a;
  const length = middle + bEnd - b;
  let hash = hashes[first] as number;
  for (let i = b; i < bEnd; i++) hash = hashNext(hash, units[i] as number);
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const id = slots[slot] as number;
    if (id === -1) return -1;
    if (hashes[id] !== hash) continue;
    const from = starts[id] as number;
    if ((ends[id] as number) - from !== length) continue;
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
