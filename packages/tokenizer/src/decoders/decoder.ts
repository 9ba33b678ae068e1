// What a decoder is. Each kind has its own file or a line in one.
import type { JsonObject } from '../json';

/** Turns tokens back into pieces of text, which are joined in the end. */
export interface Decoder {
  /** What `tokenizer.json` holds for it. */
  readonly config: JsonObject;
  decode(tokens: readonly string[]): string[];
}
