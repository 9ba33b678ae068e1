// Merges as files give them, and the table that they make.
import { describe, TokenizerError } from '../errors';
import type { BpeOptions } from './bpe';
import { PairTable } from './pair-table';
import type { Vocab } from './vocab';

/** Makes the error for the merge at an index. */
type Refusal = (index: number, expected: string, got: unknown) => TokenizerError;

/** Pairs of tokens as stretches of texts: a file's own text serves, and no token is cut out of it. */
export class MergeRows {
  /** Start and end of the first token, start and end of the second; −1 where a row says nothing. */
  rows: Int32Array;
  length = 0;
  private readonly texts: string[] = [];

  constructor(
    /** The text that rows without one of their own count in. */
    private readonly text = '',
    capacity = 1024,
  ) {
    this.rows = new Int32Array(4 * capacity);
  }

  push(a: number, aEnd: number, b: number, bEnd: number, text?: string): void {
    const at = 4 * this.length;
    if (at === this.rows.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.rows);
      this.rows = larger;
    }
    this.rows[at] = a;
    this.rows[at + 1] = aEnd;
    this.rows[at + 2] = b;
    this.rows[at + 3] = bEnd;
    if (text !== undefined) this.texts[this.length] = text;
    this.length++;
  }

  textOf(row: number): string {
    return this.texts.length === 0 ? this.text : (this.texts[row] ?? this.text);
  }
}

/** Reads `"a b"` strings and `["a", "b"]` pairs. */
export function rowsOf(merges: readonly unknown[], refuse: Refusal): MergeRows {
  const rows = new MergeRows('', Math.max(1, merges.length));
  for (let i = 0; i < merges.length; i++) {
    const merge = merges[i];
    if (typeof merge === 'string') {
      const space = merge.indexOf(' ');
      if (merge.startsWith('#version')) rows.push(-1, -1, -1, -1);
      else if (space < 0 || merge.indexOf(' ', space + 1) >= 0)
        throw refuse(i, 'two tokens with a space between', merge);
      else rows.push(0, space, space + 1, merge.length, merge);
    } else if (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string')) {
      const [first, second] = merge;
      rows.push(0, first.length, first.length, first.length + second.length, first + second);
    } else throw refuse(i, 'a pair of tokens', merge);
  }
  return rows;
}

/** Builds the table of merges, in their order. */
export function pairsOf(vocab: Vocab, merges: MergeRows, options: BpeOptions, refuse: Refusal): PairTable {
  const table = new PairTable(merges.length);
  const skipped = options.continuingSubwordPrefix?.length ?? 0;
  const { rows } = merges;
  let rank = 0;
  // Trained files give merges ids in their order, so the id after the last one is the first guess.
  let merged = -1;
  for (let i = 0; i < merges.length; i++) {
    const a = rows[4 * i] as number;
    const aEnd = rows[4 * i + 1] as number;
    const b = rows[4 * i + 2] as number;
    const bEnd = rows[4 * i + 3] as number;
    if (a < 0) continue;
    const text = merges.textOf(i);
    const first = vocab.idOfRange(text, a, aEnd);
    const second = vocab.idOfRange(text, b, bEnd);
    if (first < 0 || second < 0)
      throw refuse(i, 'tokens of the vocabulary', first < 0 ? text.slice(a, aEnd) : text.slice(b, bEnd));
    const rest = Math.min(b + skipped, bEnd);
    if (vocab.isSpelt(merged + 1, text, a, aEnd, rest, bEnd)) merged++;
    else merged = vocab.idOfJoin(text, a, aEnd, rest, bEnd);
    if (merged < 0)
      throw refuse(i, 'a merge whose result is in the vocabulary', `${text.slice(a, aEnd)} ${text.slice(b, bEnd)}`);
    table.set(first, second, rank++, merged);
  }
  return table;
}

/** Builds the table of merges that a program has as `"a b"` or `["a", "b"]`. */
export function readMerges(vocab: Vocab, merges: readonly unknown[], options: BpeOptions): PairTable {
  const refuse = (index: number, expected: string, got: unknown): TokenizerError =>
    new TokenizerError({ kind: 'file', where: `merges[${index}]`, expected, got: describe(got) });
  return pairsOf(vocab, rowsOf(merges, refuse), options, refuse);
}
