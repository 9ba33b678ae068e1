// The clean-up of Google's NMT: control characters dropped, odd spaces made plain.
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

const isDropped = (c: number): boolean =>
  (c >= 0x01 && c <= 0x08) || c === 0x0b || (c >= 0x0e && c <= 0x1f) || c === 0x7f || c === 0x8f || c === 0x9f;

const SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/;

/**
 * Drops control characters and turns unusual white space into spaces.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Nmt, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new Nmt(), model: new WordLevel(['a b']) });
 * console.log(tokenizer.encode('a\tb').tokens); // ['a b']
 * ```
 */
export class Nmt implements Normalizer {
  readonly config = { type: 'Nmt' };

  apply(text: NormalizedString): void {
    text.filter((codePoint) => !isDropped(codePoint));
    text.mapChars((char) => (SPACES.test(char) ? ' ' : char));
  }
}
