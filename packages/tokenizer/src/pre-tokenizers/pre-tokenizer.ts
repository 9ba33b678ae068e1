// What a pre-tokeniser is. Each kind has its own file.
import type { FastEncoder } from '../fast/fast-encoder';
import type { Scanner } from '../fast/scanner';
import type { JsonObject } from '../json';
import type { Components } from '../pipeline';
import type { NormalizedString } from '../text/normalized-string';

/** Cuts pieces of text into words, none of which is empty. */
export interface PreTokenizer {
  /** What `tokenizer.json` holds for it. */
  readonly config: JsonObject;
  apply(piece: NormalizedString): NormalizedString[];
  /** The same cuts on plain text, where something quick makes them. */
  readonly scan?: Scanner | undefined;
  /** True where the words come out in the byte alphabet. */
  readonly spellsBytes?: boolean;
  /** The quick path of a tokenizer that cuts like this, where there is one. */
  fastEncoder?(parts: Components): FastEncoder | undefined;
}
