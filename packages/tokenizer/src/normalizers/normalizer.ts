// What a normaliser is. Each kind has its own file.
import type { JsonObject } from '../json';
import type { NormalizedString } from '../text/normalized-string';

/** Changes a text before it is cut into words, keeping the alignment with the original. */
export interface Normalizer {
  /** What `tokenizer.json` holds for it. */
  readonly config: JsonObject;
  /** True where no character changes by what stands beyond white space, nor white space but to white space. */
  readonly isLocal?: boolean;
  apply(text: NormalizedString): void;
  /** True where it is known to leave a text as it is; who cannot tell quickly does not have this. */
  leaves?(text: string): boolean;
}
