// The pre-tokenisers that look at one character at a time.

import type { Fields } from '../json';
import { checkObject } from '../options';
import { isNumeric, isPunctuation } from '../text/char-class';
import type { NormalizedString, SplitBehavior } from '../text/normalized-string';
import { charSpans } from '../text/spans';
import { BEHAVIORS } from './behaviors';
import type { PreTokenizer } from './pre-tokenizer';

/**
 * Cuts at punctuation.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Punctuation, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new Punctuation('Removed'), model });
 * console.log(tokenizer.encode('a,b').offsets);
 * ```
 */
export class Punctuation implements PreTokenizer {
  readonly config: { readonly type: string; readonly behavior: SplitBehavior };

  constructor(private readonly behavior: SplitBehavior = 'Isolated') {
    this.config = { type: 'Punctuation', behavior };
  }

  static read(fields: Fields): Punctuation {
    return new Punctuation(fields.oneOf('behavior', BEHAVIORS, 'Isolated'));
  }

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(charSpans(piece.text, isPunctuation), this.behavior);
  }
}

/**
 * Sets numbers apart, whole or digit by digit.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Digits, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new Digits({ individual: true }), model });
 * console.log(tokenizer.encode('room 12').offsets);
 * ```
 */
export class Digits implements PreTokenizer {
  readonly config: { readonly type: string; readonly individual_digits: boolean };

  private readonly individual: boolean;

  constructor(options: { readonly individual?: boolean } = {}) {
    checkObject('Digits: options', options);
    const { individual = false } = options;
    this.individual = individual;
    this.config = { type: 'Digits', individual_digits: individual };
  }

  static read(fields: Fields): Digits {
    return new Digits({ individual: fields.boolean('individual_digits') });
  }

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(charSpans(piece.text, isNumeric), this.individual ? 'Isolated' : 'Contiguous');
  }
}

/**
 * Cuts at one character, which disappears.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { CharDelimiterSplit, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new CharDelimiterSplit('-'), model });
 * console.log(tokenizer.encode('a-b').offsets);
 * ```
 */
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

/**
 * Cuts into pieces of a fixed number of characters.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { FixedLength, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new FixedLength(3), model });
 * console.log(tokenizer.encode('abcdefg').offsets);
 * ```
 */
export class FixedLength implements PreTokenizer {
  readonly config: { readonly type: string; readonly length: number };

  constructor(private readonly length = 5) {
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
