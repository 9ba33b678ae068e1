// What a pre-tokeniser is. Each kind has its own file.
import type { JsonObject } from '../json';
import type { NormalizedString } from '../text/normalized-string';

/** Cuts pieces of text into words, none of which is empty. */
export interface PreTokenizer {
  /** What `tokenizer.json` holds for it. */
  readonly config: JsonObject;
  apply(piece: NormalizedString): NormalizedString[];
}
