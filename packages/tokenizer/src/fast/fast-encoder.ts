// What a quick path is. Each must give what `pipeline.ts` gives, or decline; components offer the ones they know.
import type { TokenSink } from '../models/token-sink';
import type { Components } from '../pipeline';

/** A quick path from text to tokens. */
export interface FastEncoder {
  /** False where a text needs the exact path from the start. */
  accepts(text: string): boolean;
  /**
   * Appends the tokens of text[from, to), with ranges in `text`, counting words up from `sink.word`.
   * False where something turned up that needs the exact path; what was appended is then to be dropped.
   */
  encode(text: string, from: number, to: number, sink: TokenSink): boolean;
  /** {@link encode} of UTF-16 units, where it needs no string. */
  encodeUnits?(units: Uint16Array, from: number, to: number, sink: TokenSink): boolean;
}

/** The quick path of a tokenizer, if it has one. */
export function fastEncoderOf(parts: Components): FastEncoder | undefined {
  return parts.model.fastEncoder?.(parts) ?? parts.preTokenizer?.fastEncoder?.(parts);
}
