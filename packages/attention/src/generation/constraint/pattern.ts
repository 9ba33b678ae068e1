// What a text may look like, as a tree: the common ground of regular expressions and JSON schemas. Nothing is matched here.

/** Code points from `lo` to `hi`, both included. */
export type CodeRange = readonly [lo: number, hi: number];

/** A regular language over Unicode text. */
export type Pattern =
  | { readonly kind: 'class'; readonly ranges: readonly CodeRange[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly of: Pattern; readonly least: number; readonly most: number };

/** The highest code point. */
export const LAST_CODE_POINT = 0x10ffff;

/** One of some characters. */
export const oneOf = (...ranges: readonly CodeRange[]): Pattern => ({ kind: 'class', ranges: joined(ranges) });

/** One after the other. */
export const sequence = (...parts: readonly Pattern[]): Pattern =>
  parts.length === 1 ? parts[0] : { kind: 'sequence', parts };

/** Any one of these; of none, nothing matches. */
export const choice = (...options: readonly Pattern[]): Pattern =>
  options.length === 1 ? options[0] : { kind: 'choice', options };

/** So many times, without an upper end where nothing is said. */
export const repeat = (of: Pattern, least: number, most = Number.POSITIVE_INFINITY): Pattern => ({
  kind: 'repeat',
  of,
  least,
  most,
});

/** Once, or not at all. */
export const optional = (of: Pattern): Pattern => repeat(of, 0, 1);

/** This very text. */
export const literal = (text: string): Pattern =>
  sequence(
    ...Array.from(text, (c) => {
      const point = c.codePointAt(0) ?? 0;
      return oneOf([point, point]);
    }),
  );

/** Ranges in order, without gaps that are none and without overlaps. */
export function joined(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const out: [number, number][] = [];
  for (const [lo, hi] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = out[out.length - 1];
    if (last !== undefined && lo <= last[1] + 1) last[1] = Math.max(last[1], hi);
    else out.push([lo, hi]);
  }
  return out;
}

/** All code points but these. */
export function inverted(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const out: CodeRange[] = [];
  let next = 0;
  for (const [lo, hi] of joined(ranges)) {
    if (lo > next) out.push([next, lo - 1]);
    next = hi + 1;
  }
  if (next <= LAST_CODE_POINT) out.push([next, LAST_CODE_POINT]);
  return out;
}

/** What both have. */
export function intersected(a: readonly CodeRange[], b: readonly CodeRange[]): readonly CodeRange[] {
  return inverted([...inverted(a), ...inverted(b)]);
}
