// Ranges of code points as ranges of bytes: what an automaton over UTF-8 reads.
import type { CodeRange } from './pattern';

/** One range a byte. */
export type ByteSequence = readonly (readonly [lo: number, hi: number])[];

const LENGTH_ENDS = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/** Sequences that together encode exactly the code points of a range. Surrogates have no encoding and are left out. */
export function utf8Sequences([lo, hi]: CodeRange): ByteSequence[] {
  if (lo > hi) return [];
  if (lo <= 0xdfff && hi >= 0xd800) return [...utf8Sequences([lo, 0xd7ff]), ...utf8Sequences([0xe000, hi])];
  for (const end of LENGTH_ENDS)
    if (lo <= end && hi > end) return [...utf8Sequences([lo, end]), ...utf8Sequences([end + 1, hi])];
  if (hi <= 0x7f) return [[[lo, hi]]];
  // All bytes but the first have to run freely where an earlier one varies: cut off what sticks out at either end.
  const length = LENGTH_ENDS.findIndex((end) => hi <= end) + 1;
  for (let i = 1; i < length; i++) {
    const mask = (1 << (6 * i)) - 1;
    if ((lo & ~mask) === (hi & ~mask)) continue;
    if ((lo & mask) !== 0) return [...utf8Sequences([lo, lo | mask]), ...utf8Sequences([(lo | mask) + 1, hi])];
    if ((hi & mask) !== mask) return [...utf8Sequences([lo, (hi & ~mask) - 1]), ...utf8Sequences([hi & ~mask, hi])];
  }
  const [a, b] = [encode(lo), encode(hi)];
  return [a.map((byte, i) => [byte, b[i]] as const)];
}

function encode(point: number): readonly number[] {
  return Array.from(new TextEncoder().encode(String.fromCodePoint(point)));
}
