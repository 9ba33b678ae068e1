// The pre-tokenisers that look at one character at a time.
import type { Fields } from '../json';
import { isNumeric, isPunctuation, isWhitespace } from '../text/char-class';
import type { NormalizedString, SplitBehavior } from '../text/normalized-string';
import { charSpans } from '../text/regex';
import type { PreTokenizer } from './pre-tokenizer';

export const BEHAVIORS: readonly SplitBehavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

/** Cuts at white space, then sets each punctuation mark apart. */
export class BertPreTokenizer implements PreTokenizer {
  readonly config = { type: 'BertPreTokenizer' };

  apply(piece: NormalizedString): NormalizedString[] {
    return piece
      .split(charSpans(piece.text, isWhitespace), 'Removed')
      .flatMap((word) => word.split(charSpans(word.text, isPunctuation), 'Isolated'));
  }
}

/** Cuts at white space. */
export class WhitespaceSplit implements PreTokenizer {
  readonly config = { type: 'WhitespaceSplit' };

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(charSpans(piece.text, isWhitespace), 'Removed');
  }
}

/** Cuts at punctuation. */
export class Punctuation implements PreTokenizer {
  readonly config: { readonly type: string; readonly behavior: SplitBehavior };

  constructor(private readonly behavior: SplitBehavior) {
    this.config = { type: 'Punctuation', behavior };
  }

  static read(fields: Fields): Punctuation {
    return new Punctuation(fields.oneOf('behavior', BEHAVIORS, 'Isolated'));
  }

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(charSpans(piece.text, isPunctuation), this.behavior);
  }
}

/** Sets numbers apart, whole or digit by digit. */
export class Digits implements PreTokenizer {
  readonly config: { readonly type: string; readonly individual_digits: boolean };

  constructor(private readonly individual: boolean) {
    this.config = { type: 'Digits', individual_digits: individual };
  }

  static read(fields: Fields): Digits {
    return new Digits(fields.boolean('individual_digits'));
  }

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(charSpans(piece.text, isNumeric), this.individual ? 'Isolated' : 'Contiguous');
  }
}

/** Cuts at one character, which disappears. */
export class CharDelimiterSplit implements PreTokenizer {
  readonly config: { readonly type: string; readonly delimiter: string };

  constructor(private readonly delimiter: string) {
    this.config = { type: 'CharDelimiterSplit', delimiter };
  }

  static read(fields: Fields): CharDelimiterSplit {
    return new CharDelimiterSplit(fields.char('delimiter'));
  }

  apply(piece: NormalizedString): NormalizedString[] {
    const wanted = this.delimiter.codePointAt(0);
    return piece.split(
      charSpans(piece.text, (codePoint) => codePoint === wanted),
      'Removed',
    );
  }
}

/** Cuts into pieces of a fixed number of characters. */
export class FixedLength implements PreTokenizer {
  readonly config: { readonly type: string; readonly length: number };

  constructor(private readonly length: number) {
    this.config = { type: 'FixedLength', length };
  }

  static read(fields: Fields): FixedLength {
    return new FixedLength(fields.integer('length', 5, 1));
  }

  apply(piece: NormalizedString): NormalizedString[] {
    const pieces: NormalizedString[] = [];
    let start = 0;
    let at = 0;
    let count = 0;
    for (const char of piece.text) {
      at += char.length;
      if (++count % this.length === 0) {
        pieces.push(piece.slice(start, at));
        start = at;
      }
    }
    if (start < at) pieces.push(piece.slice(start, at));
    return pieces;
  }
}
