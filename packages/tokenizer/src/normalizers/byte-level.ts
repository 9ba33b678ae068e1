// Writes the text's bytes in GPT-2's alphabet, before the words are cut.
import { toByteChars } from '../text/byte-alphabet';
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

/**
 * Replaces every character by the characters of its bytes.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { ByteLevelNormalizer, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new ByteLevelNormalizer(), model: new WordLevel(['Ġa']) });
 * console.log(tokenizer.encode(' a').tokens); // ['Ġa']
 * ```
 */
export class ByteLevelNormalizer implements Normalizer {
  readonly config = { type: 'ByteLevel' };

  apply(text: NormalizedString): void {
    text.mapChars(toByteChars);
  }
}
