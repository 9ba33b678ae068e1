// White space off either end.

import type { Fields } from '../json';
import { checkObject } from '../options';
import { isWhitespace } from '../text/char-class';
import type { Change, NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

/**
 * Drops white space at the left, the right or both ends.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Strip, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new Strip({ right: false }), model: new WordLevel(['a ']) });
 * console.log(tokenizer.encode('  a ').tokens); // ['a ']
 * ```
 */
export class Strip implements Normalizer {
  readonly config: { readonly type: string; readonly strip_left: boolean; readonly strip_right: boolean };

  private readonly left: boolean;
  private readonly right: boolean;

  constructor(options: { readonly left?: boolean; readonly right?: boolean } = {}) {
    checkObject('Strip: options', options);
    const { left = true, right = true } = options;
    this.left = left;
    this.right = right;
    this.config = { type: 'Strip', strip_left: left, strip_right: right };
  }

  static read(fields: Fields): Strip {
    return new Strip({ left: fields.boolean('strip_left'), right: fields.boolean('strip_right') });
  }

  apply(text: NormalizedString): void {
    const chars = [...text.text];
    const space = (char: string | undefined): boolean =>
      char !== undefined && isWhitespace(char.codePointAt(0) as number);
    let leading = 0;
    if (this.left) while (space(chars[leading])) leading++;
    let end = chars.length;
    if (this.right) while (end > 0 && space(chars[end - 1])) end--;
    if (leading === 0 && end === chars.length) return;
    const kept: Change[] = chars.slice(leading, end).map((char) => ({ char, change: 0 }));
    text.transform(kept, leading);
  }
}
