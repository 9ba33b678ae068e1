// Drops combining marks; a decomposing normaliser must have set them free before.
import { charClass, MARK } from '../text/char-class';
import type { NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

/** Drops every combining mark. */
export class StripAccents implements Normalizer {
  readonly config = { type: 'StripAccents' };

  apply(text: NormalizedString): void {
    text.filter((codePoint) => (charClass(codePoint) & MARK) === 0);
  }
}
