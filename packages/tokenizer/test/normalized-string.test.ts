// Texts under change: what the short ways to change them do to ranges, and what long texts cost.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Precompiled } from '../src/normalizers/precompiled';
import { UnicodeNormalizer } from '../src/normalizers/unicode-form';
import { type Change, NormalizedString } from '../src/text/normalized-string';

const ranges = (text: NormalizedString): unknown[] => [
  text.text,
  Array.from(text.text, (_, i) => [text.startOf(i), text.endOf(i)]),
];

/** Pieces of a text, as it is and as something has changed it before. */
const pieces = fc
  .tuple(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.nat({ max: 4 }), fc.nat({ max: 9 }), fc.boolean())
  .map(([text, from, length, changed]) => {
    const whole = new NormalizedString(text);
    if (changed) new UnicodeNormalizer('NFKD').apply(whole);
    const chars = [...whole.text];
    const start = chars.slice(0, from).join('').length;
    return (): NormalizedString => whole.slice(start, start + chars.slice(from, from + length).join('').length);
  });

describe('the ranges', () => {
  const changesOf = (text: string, map: (char: string) => string): Change[] =>
    [...text].flatMap((char) => Array.from(map(char), (part, i) => ({ char: part, change: i === 0 ? 0 : 1 })));
  it('of mapped characters are those of a replacement and insertions after it', () => {
    const map = (char: string): string => (char < 'p' ? char : ` ${char}😀`);
    fc.assert(
      fc.property(pieces, (piece) => {
        const [ours, expected] = [piece(), piece()];
        ours.mapChars(map);
        expected.transform(changesOf(expected.text, map));
        expect(ranges(ours)).toEqual(ranges(expected));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
  it('of characters behind half a character are their own', () => {
    const text = new NormalizedString('\ud83dab');
    text.mapChars((char) => char.toUpperCase());
    expect(ranges(text)[1]).toEqual([0, 1, 2].map((at) => [at, at + 1]));
    expect(text.text).toBe('\ud83dAB');
  });
  it('of what is left are those that it had', () => {
    const keep = (codePoint: number): boolean => codePoint % 3 > 0;
    fc.assert(
      fc.property(pieces, (piece) => {
        const ours = piece();
        const [text, before] = ranges(piece()) as [string, unknown[]];
        ours.filter(keep);
        const kept = [...text].map((char) => keep(char.codePointAt(0) as number));
        expect(ranges(ours)).toEqual([
          [...text].filter((_, i) => kept[i]).join(''),
          before.length === text.length ? before.filter((_, i) => kept[i]) : expect.anything(),
        ]);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });
  it('of what is put before a text are that of its first character', () => {
    fc.assert(
      fc.property(pieces, fc.constantFrom('▁', '▁ 😀'), (piece, prefix) => {
        const [ours, expected] = [piece(), piece()];
        const chars = [...prefix, ...expected.text];
        const inserted = (i: number): boolean => i > 0 && i <= [...prefix].length;
        ours.prepend(prefix);
        if (expected.text !== '') expected.transform(chars.map((char, i) => ({ char, change: inserted(i) ? 1 : 0 })));
        expect(ranges(ours)).toEqual(ranges(expected));
      }),
      { seed: 3, numRuns: 1000 },
    );
  });
});

describe('long texts', () => {
  it('are cut into pieces without views of their ranges', () => {
    const text = new NormalizedString('ﷺ'.repeat(1000));
    new UnicodeNormalizer('NFKC').apply(text);
    const views = vi.spyOn(Object.getPrototypeOf(Int32Array.prototype), 'subarray');
    const spans = Array.from({ length: text.text.length }, (_, i) => ({ start: i, end: i + 1, match: true }));
    expect(text.split(spans, 'Isolated')).toHaveLength(18_000);
    expect(views).not.toHaveBeenCalled();
    views.mockRestore();
  });
  it('are looked up in a table once for each of their characters', () => {
    const table = new Precompiled('BAAAAAAAAAA=');
    const searches = vi.spyOn(table, 'replacement');
    table.apply(new NormalizedString('abé'.repeat(1000)));
    expect(searches).toHaveBeenCalledTimes(3);
  });
  it('are decomposed once for each of their characters', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize');
    const decomposed = (length: number): number => {
      normalize.mockClear();
      new UnicodeNormalizer('NFKD').apply(new NormalizedString('ﷺ½'.repeat(length)));
      return normalize.mock.calls.length;
    };
    const few = decomposed(1);
    expect(decomposed(1000)).toBeLessThanOrEqual(few);
    normalize.mockRestore();
  });
});
