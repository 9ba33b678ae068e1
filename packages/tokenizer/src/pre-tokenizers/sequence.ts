// Pre-tokenisers one after another, each on every piece that the one before left.
import type { NormalizedString } from '../text/normalized-string';
import type { PreTokenizer } from './pre-tokenizer';

/** Applies pre-tokenisers in order. */
export class PreTokenizerSequence implements PreTokenizer {
  constructor(readonly items: readonly PreTokenizer[]) {}

  get config(): PreTokenizer['config'] {
    return { type: 'Sequence', pretokenizers: this.items.map((item) => item.config) };
  }

  apply(piece: NormalizedString): NormalizedString[] {
    let pieces = [piece];
    for (const item of this.items) pieces = pieces.flatMap((part) => item.apply(part));
    return pieces;
  }
}
