// Normalisers one after another.
import type { Fields } from '../json';
import type { Readers } from '../reading/readers';
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

/**
 * Applies normalisers in order.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Lowercase, NormalizerSequence, Strip, WordLevel } from '@heddle/tokenizer/components';
 * const normalizer = new NormalizerSequence([new Strip(), new Lowercase()]);
 * console.log(new Tokenizer({ normalizer, model: new WordLevel(['hello']) }).encode(' Hello ').offsets); // [[1, 6]]
 * ```
 */
export class NormalizerSequence implements Normalizer {
  constructor(readonly items: readonly Normalizer[]) {}

  static read(fields: Fields, readers: Readers): NormalizerSequence {
    return new NormalizerSequence(fields.children('normalizers').map((child) => readers.read('normalizer', child)));
  }

  get isLocal(): boolean {
    return this.items.every((item) => item.isLocal === true);
  }

  get config(): Normalizer['config'] {
    return { type: 'Sequence', normalizers: this.items.map((item) => item.config) };
  }

  apply(text: NormalizedString): void {
    for (const item of this.items) item.apply(text);
  }
}
