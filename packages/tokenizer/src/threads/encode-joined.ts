// Texts that lie one after another in memory, encoded where they lie: no string is made of each.
import type { RaggedPart } from '../batch';
import type { FastEncoder } from '../fast/fast-encoder';
import { type BatchOptions, wellFormed } from '../options';
import { encodeInto, type Matchers } from '../pipeline';
import type { Tokenizer } from '../tokenizer';
import { type JoinedTexts, splitTexts } from './protocol';

/** Joined texts and their UTF-16 units. */
export interface JoinedUnits extends JoinedTexts {
  readonly units: Uint16Array;
}

const isLowSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xdc00;

/** Whether nothing is in the texts that needs a look at each: no beginning of an added token, no half characters. */
function arePlain(
  { joined, units, ends }: JoinedUnits,
  fast: FastEncoder,
  { parts }: Tokenizer,
  { raw, normalized }: Matchers,
): boolean {
  return (
    wellFormed(joined) === joined &&
    // Halves of a character in two texts look whole where these are joined.
    !ends.some((end) => end < units.length && isLowSurrogate(units[end] as number)) &&
    fast.accepts(joined) &&
    (normalized.isEmpty || parts.normalizer === undefined) &&
    !raw.mayMatch(joined) &&
    !normalized.mayMatch(joined)
  );
}

/** Rows of the texts, good until the tokenizer's next call. */
export function encodeJoined(tokenizer: Tokenizer, texts: JoinedUnits, options: BatchOptions): RaggedPart {
  const { fast, parts } = tokenizer;
  const matchers = tokenizer.matchers(options);
  if (fast?.encodeUnits === undefined || !arePlain(texts, fast, tokenizer, matchers))
    return tokenizer.encodePart(splitTexts(texts), options);
  const { ends, joined, units } = texts;
  const startOf = (row: number): number => ends[row - 1] ?? 0;
  const sizes = Array.from(ends, (end, row) => end - startOf(row));
  return tokenizer.encodeRows(sizes, options, (sink, row) => {
    const start = startOf(row);
    const end = ends[row] as number;
    const { length } = sink;
    if (fast.encodeUnits?.(units, start, end, sink)) {
      const { ranges } = sink;
      if (sink.ranged) for (let i = 2 * length; i < 2 * sink.length; i++) ranges[i] = (ranges[i] as number) - start;
      return;
    }
    sink.length = length;
    encodeInto(joined.slice(start, end), parts, undefined, matchers, sink);
  });
}
