// How added tokens are found: the leftmost, of those the longest, and in linear time whatever they are.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type AddedToken, TokenMatcher } from '../src/added-tokens';
import { tokenizerFromJSON } from '../src/sync';

const tokenOf = (content: string, id: number): AddedToken => {
  return { id, content, singleWord: false, lstrip: false, rstrip: false, normalized: false, special: id % 2 === 1 };
};
const matcherOf = (tokens: readonly AddedToken[]): TokenMatcher =>
  new TokenMatcher(tokens.map((token) => ({ text: token.content, token })));

describe('added tokens', () => {
  it('are found at the leftmost place, the longest there first, by definition', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 });
    const contents = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 }), {
      minLength: 1,
    });
    let found = 0;
    fc.assert(
      fc.property(text, contents, fc.boolean(), (given, names, leaves) => {
        const tokens = names.map(tokenOf);
        const skip = leaves ? (token: AddedToken): boolean => token.special : undefined;
        const expected: { start: number; end: number; id: number | undefined }[] = [];
        const plain = (start: number, end: number): void => {
          if (start < end) expected.push({ start, end, id: undefined });
        };
        let covered = 0;
        for (let at = 0; at < given.length; ) {
          const here = tokens.filter(({ content }) => given.startsWith(content, at));
          const token = here.sort((a, b) => b.content.length - a.content.length)[0];
          const end = at + (token?.content.length ?? 1);
          if (token !== undefined && skip?.(token) !== true) {
            plain(covered, at);
            expected.push({ start: at, end, id: token.id });
            covered = end;
            found++;
          }
          at = end;
        }
        plain(covered, given.length);
        const segments = matcherOf(tokens).split(given, skip);
        expect(segments.map(({ start, end, token }) => ({ start, end, id: token?.id }))).toEqual(expected);
      }),
      { seed: 21, numRuns: 3000 },
    );
    expect(found).toBeGreaterThan(1000);
  });
  const a = 'a'.repeat(2000);
  it.each([
    ['that end in another letter', [`${a}b`]],
    ['that begin with another letter', [`b${a}`]],
    ['that are beginnings of one another', ['a', 'aa', a, `${a}b`, `b${a}`]],
    ['by the thousand', Array.from({ length: 1000 }, (_, i) => `${'a'.repeat(i + 1)}b`)],
  ])('%s take steps in proportion to the text', (_, contents) => {
    const matcher = matcherOf(contents.map(tokenOf));
    const steps = (length: number): number => {
      const text = `b${'a'.repeat(length)}b`;
      let reads = 0;
      const counted = Object.assign(new String(text), {
        charCodeAt: (at: number): number => {
          reads++;
          return text.charCodeAt(at);
        },
      });
      const lookUps = vi.spyOn(Map.prototype, 'get');
      try {
        expect(matcher.split(counted as unknown as string).at(-1)?.end).toBe(text.length);
        return reads + lookUps.mock.calls.length;
      } finally {
        lookUps.mockRestore();
      }
    };
    expect(steps(20_000)).toBeLessThan(20_000 * 8);
    expect(steps(200_000) / steps(20_000)).toBeLessThan(15);
  });
  it('are put in order once, also where calls leave some of them as text', () => {
    const tokenizer = tokenizerFromJSON({
      model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] },
      added_tokens: Array.from({ length: 500 }, (_, i) => ({
        ...{ id: i + 2, content: `<${i}>`, single_word: false, lstrip: false, rstrip: false },
        ...{ normalized: false, special: true },
      })),
    });
    expect(tokenizer.encode('a<7>b', { allowedSpecial: ['<7>'] }).ids).toEqual([0, 9, 1]);
    const entries = vi.spyOn(Map.prototype, 'set');
    expect(tokenizer.encode('a<7>b', { allowedSpecial: 'none' }).ids).toEqual([0, 1]);
    expect(entries.mock.calls.length).toBeLessThan(50);
    entries.mockRestore();
  });
});
