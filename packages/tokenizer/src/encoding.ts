// The result of `encode`: plain columns of equal length, and look-ups between characters, words and tokens.
import { inputError } from './options';

/** [start, end) in the original text. */
export type Offset = readonly [start: number, end: number];

/** Columns of an {@link Encoding}. */
export interface EncodingColumns {
  ids: number[];
  tokens: string[];
  typeIds: number[];
  offsets: Offset[];
  wordIds: (number | null)[];
  specialTokensMask: number[];
  attentionMask: number[];
}

const COLUMNS = ['ids', 'tokens', 'typeIds', 'offsets', 'wordIds', 'specialTokensMask', 'attentionMask'] as const;

/** Which part of the columns came from which input sequence. */
interface SequenceRange {
  readonly sequence: number;
  readonly start: number;
  readonly end: number;
}

/**
 * One encoded text or pair. All columns have the same length.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * const tokenizer = await Tokenizer.train(['How are you?', 'Fine.'], { model: 'wordpiece', vocabSize: 100 });
 * const { ids, tokens, offsets } = tokenizer.encode('Fine.');
 * console.log(tokens, ids, offsets);
 * ```
 */
export class Encoding implements EncodingColumns {
  readonly ids: number[];
  readonly tokens: string[];
  /** 0 for the first sequence, 1 for the second, as the post-processor says. */
  readonly typeIds: number[];
  /** Where each token stands in its own input text; [0, 0] for tokens that were added. */
  readonly offsets: Offset[];
  /** Index of the word that each token belongs to; null for tokens that were added. */
  readonly wordIds: (number | null)[];
  /** 1 for tokens that the post-processor or padding added. */
  readonly specialTokensMask: number[];
  /** 0 for padding. */
  readonly attentionMask: number[];
  /** What truncation cut off, as further windows. */
  overflowing: Encoding[] = [];
  private ranges: readonly SequenceRange[] = [];

  constructor(columns: EncodingColumns) {
    this.ids = columns.ids;
    this.tokens = columns.tokens;
    this.typeIds = columns.typeIds;
    this.offsets = columns.offsets;
    this.wordIds = columns.wordIds;
    this.specialTokensMask = columns.specialTokensMask;
    this.attentionMask = columns.attentionMask;
  }

  static empty(): Encoding {
    return Encoding.special([], [], 0);
  }

  /** Tokens that a post-processor adds. */
  static special(ids: readonly number[], tokens: readonly string[], typeId: number): Encoding {
    const n = ids.length;
    return new Encoding({
      ids: [...ids],
      tokens: [...tokens],
      typeIds: new Array(n).fill(typeId),
      offsets: new Array(n).fill([0, 0]),
      wordIds: new Array(n).fill(null),
      specialTokensMask: new Array(n).fill(1),
      attentionMask: new Array(n).fill(1),
    });
  }

  get length(): number {
    return this.ids.length;
  }

  /** Index of the input sequence of each token; null for tokens that were added. */
  get sequenceIds(): (number | null)[] {
    const sequences: (number | null)[] = new Array(this.length).fill(null);
    // The reference goes by how many ranges there are, not by their numbers: nested templates show it.
    for (let sequence = 0; sequence < Math.max(1, this.ranges.length); sequence++) {
      const { start, end } = this.rangeOf(sequence);
      sequences.fill(sequence, start, end);
    }
    return sequences;
  }

  /** Marks all tokens as those of one sequence. */
  setSequence(sequence: number): void {
    this.ranges = [
      ...this.ranges.filter((range) => range.sequence !== sequence),
      { sequence, start: 0, end: this.length },
    ];
  }

  setTypeIds(typeId: number): void {
    this.typeIds.fill(typeId);
  }

  private rangeOf(sequence: number): SequenceRange {
    return this.ranges.find((range) => range.sequence === sequence) ?? { sequence, start: 0, end: this.length };
  }

  /** The token that covers a character of the original text. */
  charToToken(char: number, sequence = 0): number | undefined {
    const { start, end } = this.rangeOf(sequence);
    for (let i = start; i < end; i++) {
      const [from, to] = this.offsets[i] as Offset;
      if (char >= from && char < to) return i;
    }
    return undefined;
  }

  /** The word that covers a character of the original text. */
  charToWord(char: number, sequence = 0): number | undefined {
    const token = this.charToToken(char, sequence);
    return token === undefined ? undefined : (this.wordIds[token] ?? undefined);
  }

  /** Where a token stands in its sequence; undefined for a token that was added. */
  tokenToChar(token: number): Offset | undefined {
    return this.tokenToSequence(token) === undefined ? undefined : this.offsets[token];
  }

  /** The word that a token belongs to. */
  tokenToWord(token: number): number | undefined {
    return this.tokenToSequence(token) === undefined ? undefined : (this.wordIds[token] ?? undefined);
  }

  /** The sequence that a token belongs to; undefined for a token that was added. */
  tokenToSequence(token: number): number | undefined {
    if (!(token >= 0 && token < this.length)) return undefined;
    if (this.ranges.length === 0) return 0;
    return this.ranges.find(({ start, end }) => token >= start && token < end)?.sequence;
  }

  /** The tokens of a word, as a range. */
  wordToTokens(word: number, sequence = 0): Offset | undefined {
    const { start, end } = this.rangeOf(sequence);
    const first = this.wordIds.indexOf(word, start);
    if (first < 0 || first >= end) return undefined;
    let last = first;
    for (let i = first; i < end; i++) if (this.wordIds[i] === word) last = i;
    return [first, last + 1];
  }

  /** Where a word stands in the original text. */
  wordToChars(word: number, sequence = 0): Offset | undefined {
    const tokens = this.wordToTokens(word, sequence);
    if (tokens === undefined) return undefined;
    return [(this.offsets[tokens[0]] as Offset)[0], (this.offsets[tokens[1] - 1] as Offset)[1]];
  }

  /** The tokens [start, end) as an encoding of its own. */
  slice(start: number, end: number): Encoding {
    return new Encoding({
      ids: this.ids.slice(start, end),
      tokens: this.tokens.slice(start, end),
      typeIds: this.typeIds.slice(start, end),
      offsets: this.offsets.slice(start, end),
      wordIds: this.wordIds.slice(start, end),
      specialTokensMask: this.specialTokensMask.slice(start, end),
      attentionMask: this.attentionMask.slice(start, end),
    });
  }

  private copy(): Encoding {
    const copy = this.slice(0, this.length);
    copy.ranges = this.ranges;
    copy.overflowing = this.overflowing;
    return copy;
  }

  /** The first window of at most `maxLength` tokens; the others, `stride` tokens apart, are its overflow. */
  truncate(maxLength: number, stride: number, side: 'left' | 'right'): Encoding {
    const n = this.length;
    if (maxLength >= n) return this;
    if (maxLength === 0) {
      const none = Encoding.empty();
      none.overflowing = [this];
      return none;
    }
    if (stride >= maxLength)
      throw inputError(
        'truncation.stride',
        `less than the ${maxLength} tokens that fit beside the special ones`,
        stride,
      );
    const step = maxLength - stride;
    const windows = Array.from({ length: Math.ceil((n - maxLength) / step) + 1 }, (_, i) => {
      const end = n - i * step;
      return side === 'right'
        ? this.slice(i * step, i * step + maxLength)
        : this.slice(Math.max(0, end - maxLength), end);
    });
    const [first, ...rest] = windows as [Encoding, ...Encoding[]];
    first.overflowing = rest;
    return first;
  }

  /** This encoding followed by another; every window of one is joined with every window of the other. */
  append(other: Encoding): void {
    const overflowing: Encoding[] = [];
    const joined = (a: Encoding, b: Encoding): Encoding => {
      const copy = a.copy();
      copy.append(b);
      return copy;
    };
    for (const window of this.overflowing) {
      overflowing.push(joined(window, other));
      for (const theirs of other.overflowing) overflowing.push(joined(window, theirs));
    }
    for (const theirs of other.overflowing) overflowing.push(joined(this, theirs));
    const shift = this.length;
    const theirs = other.ranges.map(({ sequence, start, end }) => ({
      sequence,
      start: start + shift,
      end: end + shift,
    }));
    this.ranges = [...this.ranges.filter((a) => !theirs.some((b) => b.sequence === a.sequence)), ...theirs];
    const extend = <T>(mine: T[], more: readonly T[]): void => {
      for (const item of more) mine.push(item);
    };
    for (const name of COLUMNS) extend<unknown>(this[name], other[name]);
    this.overflowing = overflowing;
  }

  /** Fills up to `length` tokens, windows included. */
  pad(length: number, pad: { id: number; typeId: number; token: string; side: 'left' | 'right' }): void {
    for (const window of this.overflowing) window.pad(length, pad);
    const missing = length - this.length;
    if (missing <= 0) return;
    const fill = <T>(column: T[], value: T): void => {
      for (let i = 0; i < missing; i++) column.push(value);
      if (pad.side === 'left') column.copyWithin(missing, 0, column.length - missing).fill(value, 0, missing);
    };
    const shift = pad.side === 'left' ? missing : 0;
    this.ranges = this.ranges.map(({ sequence, start, end }) => ({ sequence, start: start + shift, end: end + shift }));
    fill(this.ids, pad.id);
    fill(this.tokens, pad.token);
    fill(this.typeIds, pad.typeId);
    fill<Offset>(this.offsets, [0, 0]);
    fill<number | null>(this.wordIds, null);
    fill(this.specialTokensMask, 1);
    fill(this.attentionMask, 0);
  }
}
