// Merges as programs and files give them, and the table that they make.
import { describe, TokenizerError } from '../errors';
import type { BpeOptions } from './bpe';
import { PairTable } from './pair-table';
import type { Vocab } from './vocab';

/** Makes the error for the merge at an index. */
type Refusal = (index: number, expected: string, got: unknown) => TokenizerError;

const ofMerges: Refusal = (index, expected, got) =>
  new TokenizerError({ kind: 'file', where: `merges[${index}]`, expected, got: describe(got) });

/** Builds the table of merges, `"a b"` or `["a", "b"]`, in their order. */
export function readMerges(
  vocab: Vocab,
  merges: readonly unknown[],
  options: BpeOptions,
  refuse: Refusal = ofMerges,
): PairTable {
  const table = new PairTable(merges.length);
  const skipped = options.continuingSubwordPrefix?.length ?? 0;
  let rank = 0;
  for (let i = 0; i < merges.length; i++) {
    const merge = merges[i];
    let pair: readonly unknown[];
    if (typeof merge === 'string') {
      if (merge.startsWith('#version')) continue;
      pair = merge.split(' ');
      if (pair.length !== 2) throw refuse(i, 'two tokens with a space between', merge);
    } else pair = Array.isArray(merge) ? merge : [];
    const [a, b] = pair;
    if (pair.length !== 2 || typeof a !== 'string' || typeof b !== 'string') throw refuse(i, 'a pair of tokens', merge);
    const first = vocab.idOf(a);
    const second = vocab.idOf(b);
    if (first === undefined || second === undefined)
      throw refuse(i, 'tokens of the vocabulary', first === undefined ? a : b);
    const merged = vocab.idOf(a + b.slice(skipped));
    if (merged === undefined) throw refuse(i, 'a merge whose result is in the vocabulary', `${a} ${b}`);
    table.set(first, second, rank++, merged);
  }
  return table;
}
