// What a post-processor is. Each kind has its own file.
import type { Encoding } from '../encoding';
import type { JsonObject } from '../json';

/** Adds special tokens and type ids once the text is cut to size. */
export interface PostProcessor {
  /** What `tokenizer.json` holds for it. */
  readonly config: JsonObject;
  /** How many tokens it adds to one sequence or to a pair. */
  added(isPair: boolean): number;
  /** Gives the parts that, joined, make the result. */
  process(parts: Encoding[], addSpecialTokens: boolean): Encoding[];
}

/** Applies `change` to an encoding and to each of its overflowing windows, which are one level deep here. */
export function mapWindows(encoding: Encoding, change: (window: Encoding) => Encoding): Encoding {
  const result = change(encoding);
  result.overflowing = encoding.overflowing.map(change);
  return result;
}
