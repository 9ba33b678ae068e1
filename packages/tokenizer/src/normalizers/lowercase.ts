// Lower case, character by character: a final sigma stays as the simple mapping gives it.
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

export function lowercase(text: NormalizedString): void {
  text.mapChars((char) => char.toLowerCase());
}

/** Lower-cases the text. */
export class Lowercase implements Normalizer {
  readonly config = { type: 'Lowercase' };

  apply(text: NormalizedString): void {
    lowercase(text);
  }
}
