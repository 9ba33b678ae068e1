// Text from UTF-16 units.

/** What fits into one call. */
const CHUNK = 4096;

/** The text of units[start, end). */
export function textOfUnits(units: Uint16Array, start: number, end: number): string {
  if (end - start <= CHUNK) return String.fromCharCode.apply(null, units.subarray(start, end) as unknown as number[]);
  let text = '';
  for (let at = start; at < end; at += CHUNK) text += textOfUnits(units, at, Math.min(end, at + CHUNK));
  return text;
}
