// Lower case, character by character: a final sigma stays as the simple mapping gives it.
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

export function lowercase(text: NormalizedString): void {
  text.mapChars((char) => char.toLowerCase());
}

/**
 * Lower-cases the text.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Lowercase, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new Lowercase(), model: new WordLevel(['hello']) });
 * console.log(tokenizer.encode('Hello').tokens); // ['hello']
 * ```
 */
export class Lowercase implements Normalizer {
  readonly config = { type: 'Lowercase' };
  readonly isLocal = true;

  apply(text: NormalizedString): void {
    lowercase(text);
  }
}
