// The pre-tokenisers that cut at white space.
import { isWhitespace } from '../text/char-class';
import type { NormalizedString } from '../text/normalized-string';
import { charSpans, findSpans } from '../text/spans';
import type { PreTokenizer } from './pre-tokenizer';

/**
 * Cuts at white space.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { WhitespaceSplit, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new WhitespaceSplit(), model });
 * console.log(tokenizer.encode('Hello, you!').offsets);
 * ```
 */
export class WhitespaceSplit implements PreTokenizer {
  readonly config = { type: 'WhitespaceSplit' };

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(charSpans(piece.text, isWhitespace), 'Removed');
  }
}

/**
 * Runs of word characters, and runs of anything else that is not white space.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Whitespace, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new Whitespace(), model });
 * console.log(tokenizer.encode('Hello, you!').offsets);
 * ```
 */
export class Whitespace implements PreTokenizer {
  readonly config = { type: 'Whitespace' };
  private readonly regex =
    /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(findSpans(this.regex, piece.text, true), 'Removed');
  }
}
