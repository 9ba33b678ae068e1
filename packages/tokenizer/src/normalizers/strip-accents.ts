// Drops combining marks; a decomposing normaliser must have set them free before.
import { charClass, MARK } from '../text/char-class';
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

/**
 * Drops every combining mark.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { NormalizerSequence, UnicodeNormalizer, StripAccents, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new NormalizerSequence([new UnicodeNormalizer('NFD'), new StripAccents()]), model: new WordLevel(['cafe']) });
 * console.log(tokenizer.encode('café').tokens); // ['cafe']
 * ```
 */
export class StripAccents implements Normalizer {
  readonly config = { type: 'StripAccents' };
  readonly isLocal = true;

  apply(text: NormalizedString): void {
    text.filter((codePoint) => (charClass(codePoint) & MARK) === 0);
  }
}
