// Puts a fixed text before any text that is not empty.
import type { Fields } from '../json';
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

/**
 * Prepends a text.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Prepend, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new Prepend('▁'), model: new WordLevel(['▁hello']) });
 * console.log(tokenizer.encode('hello').tokens); // ['▁hello']
 * ```
 */
export class Prepend implements Normalizer {
  readonly config: { readonly type: string; readonly prepend: string };

  constructor(readonly prepend: string) {
    this.config = { type: 'Prepend', prepend };
  }

  static read(fields: Fields): Prepend {
    return new Prepend(fields.string('prepend'));
  }

  apply(text: NormalizedString): void {
    text.prepend(this.prepend);
  }
}
