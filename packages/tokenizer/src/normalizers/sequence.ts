// Normalisers one after another.
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

/** Applies normalisers in order. */
export class NormalizerSequence implements Normalizer {
  constructor(readonly items: readonly Normalizer[]) {}

  get config(): Normalizer['config'] {
    return { type: 'Sequence', normalizers: this.items.map((item) => item.config) };
  }

  apply(text: NormalizedString): void {
    for (const item of this.items) item.apply(text);
  }
}
