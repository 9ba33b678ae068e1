// Merges from scores: SentencePiece and tiktoken join any two neighbours whose union is a token, the best union first.
import { hashOfUnits, idOfUnits } from './id-of-units';
import { PairTable } from './pair-table';
import { HASH_START, hashNext, type Vocab } from './vocab';

/** Tokens longer than this (UTF-16 units) would make a table of their splits too large to be a mistake. */
const MAX_UNITS = 2048;

/**
 * Every way to make a token of two others, with the token's rank. `rankOf` gives undefined for tokens that no merge
 * makes, and may give equal ranks, of which the leftmost pair wins.
 */
export function mergesByRank(vocab: Vocab, rankOf: (id: number) => number | undefined): PairTable {
  const firsts: number[] = [];
  const seconds: number[] = [];
  const merged: number[] = [];
  const { units, starts, ends } = vocab.columns;
  for (let id = 0; id < vocab.length; id++) {
    const start = starts[id] as number;
    const end = ends[id] as number;
    if (end - start < 2 || end - start > MAX_UNITS || rankOf(id) === undefined) continue;
    let hash = HASH_START;
    for (let cut = start + 1; cut < end; cut++) {
      hash = hashNext(hash, units[cut - 1] as number);
      const first = idOfUnits(vocab, units, start, cut, hash);
      if (first < 0) continue;
      const second = idOfUnits(vocab, units, cut, end, hashOfUnits(units, cut, end));
      if (second < 0) continue;
      firsts.push(first);
      seconds.push(second);
      merged.push(id);
    }
  }
  const table = new PairTable(merged.length);
  for (let i = 0; i < merged.length; i++) {
    const id = merged[i] as number;
    table.set(firsts[i] as number, seconds[i] as number, rankOf(id) as number, id);
  }
  return table;
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
