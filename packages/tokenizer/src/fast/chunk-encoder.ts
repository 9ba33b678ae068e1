// Tokenizers that cut at white space first, whatever comes then: each stretch between white space is encoded once, the
// exact way, and remembered. Declines where something could reach across white space.
import { AddedTokens } from '../added-tokens';
import { TokenSink } from '../models/token-sink';
import { type Components, encodeExactly } from '../pipeline';
import { charClass, MARK, OTHER } from '../text/char-class';
import { UnitBuffer } from '../text/unit-buffer';
import type { FastEncoder } from './fast-encoder';
import { hashUnit, MAX_WORD_LENGTH, WordCache } from './word-cache';

/** The white space that {@link fastEncoderOf} has checked to stay white space under the normaliser. */
const isSpace = (unit: number): boolean => unit === 0x20 || unit === 0x0a || unit === 0x09;

/** A combining or invisible character next to white space would join it. */
function joins(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit < 0x300) return unit < 0x20 || (unit >= 0x7f && unit < 0xa0) || unit === 0xad;
  // Skin tones are the only joining characters beyond the BMP that stand in running text.
  if (unit === 0xd83c && text.charCodeAt(at + 1) >= 0xdffb) return true;
  if (unit >= 0xdc00 && unit < 0xe000) return false;
  return (charClass(text.codePointAt(at) as number) & (MARK | OTHER)) !== 0;
}

/** Encodes stretches between white space. */
export class ChunkEncoder implements FastEncoder {
  private readonly cache = new WordCache();
  private readonly buffer = new UnitBuffer();
  private readonly scratch = new TokenSink();
  private readonly none = new AddedTokens([], (text) => text);

  constructor(private readonly parts: Components) {}

  accepts(): boolean {
    return true;
  }

  encode(text: string, from: number, to: number, sink: TokenSink): boolean {
    const units = this.buffer.load(text, from, to);
    for (let start = from; start < to; ) {
      if (isSpace(units[start] as number)) {
        start++;
        continue;
      }
      let hash = 0;
      let end = start;
      for (; end < to; end++) {
        const unit = units[end] as number;
        if (isSpace(unit)) break;
        hash = hashUnit(hash, unit);
      }
      if (joins(text, start) || joins(text, end - 1)) return false;
      this.chunk(text, units, start, end, hash, sink);
      start = end;
    }
    return true;
  }

  private chunk(text: string, units: Uint16Array, start: number, end: number, hash: number, sink: TokenSink): void {
    const { cache, scratch } = this;
    const record = end - start <= MAX_WORD_LENGTH ? cache.find(units, start, end, hash) : 0;
    if (record > 0) {
      cache.copy(record, sink, start);
      sink.word += cache.wordsOf(record);
      return;
    }
    const chunk = text.slice(start, end);
    scratch.clear();
    encodeExactly(chunk, this.parts, this.none, scratch);
    // Tokens that are spelt as the text has them are not worth remembering.
    if (scratch.spellings.size === 0) cache.add(units, start, end, hash, scratch);
    if (sink.worded) for (const [i, spelling] of scratch.spellings) sink.spellings.set(sink.length + i, spelling);
    sink.append(scratch, start);
    sink.word += scratch.word;
  }
}
