// Patterns that an engine could take for ever: which those are, and that they are searched in linear time and as ever.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CL100K_PATTERN, O200K_PATTERN, QWEN2_PATTERN } from '../src/fast/scanners';
import { TokenizerError } from '../src/index';
import { GPT2_PATTERN } from '../src/pre-tokenizers/byte-level';
import { LinearRegex } from '../src/text/linear-regex';
import { OnigParser, type PatternNode } from '../src/text/onig-parser';
import { print, Regex } from '../src/text/regex';
import { isNullable } from '../src/text/regex-analysis';
import { findSpans } from '../src/text/spans';

const refuse = (expected: string): TokenizerError => new TokenizerError({ kind: 'limit', where: 'test', expected });
const linear = (pattern: string): LinearRegex =>
  new LinearRegex(new OnigParser(pattern, 'test').parse(), (node) => print(node, false), refuse);

const HOSTILE: readonly (readonly [pattern: string, text: string])[] = [
  ['(a|a)*b', 'a'],
  ['(?:a|ab|b)*c', 'ab'],
  ['.*,.*,.*,', 'a'],
  ['.*,.*,.*,;', 'a,'],
  ['\\s+$', ' '],
  ['\\s+$', ' \t'],
  ['\\S+?\\b', '!'],
  ['[ab]*[bc]*[cd]*!', 'bc'],
  ['(?=.*x)a', 'a'],
  ['(?=.*x)a', 'ax'],
  ['(?!.*x)a', 'ax'],
  ['(?>a+)b', 'a'],
  ['a++b|a', 'a'],
  ['(?:a?b?)+c', 'ab'],
  ['\\w+@\\w+', 'a'],
  ['a{2,}b|.{20,}c', 'a'],
  ['x|\\p{L}+!|\\p{L}', '😀é漢'],
];

describe('which patterns the engine searches itself', () => {
  it.each([
    GPT2_PATTERN,
    CL100K_PATTERN,
    QWEN2_PATTERN,
    O200K_PATTERN,
    '[!-.][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
    ' ?[^(\\s|[.,!?…。，、।۔،])]+',
    '[0-9][0-9][0-9]',
    ' {2,}',
    '\\w++',
    '(a|b)\\1',
  ])('%s: known to be linear', (pattern) => {
    expect(new Regex(pattern).compiled).toBeInstanceOf(RegExp);
  });
  it.each(HOSTILE.map(([pattern]) => pattern))('%s: not known to be', (pattern) => {
    expect(new Regex(pattern).compiled).toBeInstanceOf(LinearRegex);
  });
  it.each([
    ['(a+)+b', 'an unbounded repeat inside another'],
    ['(\\w+) \\1', 'back-reference'],
    ['(?<=a+b)c', 'look-behind of bounded length'],
    ['(?:ab){1,4000}c', 'at most 5000 steps'],
  ])('%s is refused', (pattern, expected) => {
    expect(() => new Regex(pattern, 'here')).toThrow(expected);
    expect(() => new Regex(pattern, 'here')).toThrow(TokenizerError);
  });
});

describe('the linear search', () => {
  it.each(HOSTILE)('%s goes over a text of %j in steps in proportion to its length', (pattern, text) => {
    const stepsOf = (length: number): number => {
      const regex = linear(pattern);
      findSpans(regex, text.repeat(length / text.length));
      return regex.steps;
    };
    expect(stepsOf(200_000) / stepsOf(20_000)).toBeLessThan(15);
  });

  it('refuses a text whose choices it could not remember', () => {
    const regex = linear('a{1,2000}c');
    const exec = (): unknown => regex.exec('a'.repeat(1_100_000));
    expect(exec).toThrow(TokenizerError);
    expect(exec).toThrow(/a text of at most \d+ characters for this pattern/);
    expect(regex.exec('baac')?.[0]).toBe('aac');
  });

  // Patterns over few characters, so that they match now and then. No negated sets: V8 of Node 20 loses matches of
  // `(?:(?:[^a]|a)a)+?` under the flag `v`.
  const patterns = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('a', 'b', '[ab]', '\\p{L}', '(?m:.)', '\\b', '^', '$', ' ', '\\s', '😀'),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}${b}`),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
      fc
        .tuple(tie('node'), fc.constantFrom('*', '+', '?', '*?', '+?', '??', '++', '{2}', '{1,2}', '{2,}?'))
        .map(([a, q]) => `(?:${a})${q}`),
      tie('node').map((a) => `(?=${a})`),
      tie('node').map((a) => `(?!${a})`),
      tie('node').map((a) => `(?>${a})`),
      tie('node').map((a) => `(${a})`),
    ),
  })).node as fc.Arbitrary<string>;
  const texts = fc.array(fc.constantFrom('a', 'b', 'ab', ' ', '\n', '😀', 'é'), { maxLength: 9 });

  const repeatsNothing = (node: PatternNode): boolean => {
    if ('items' in node) return node.items.some(repeatsNothing);
    if (!('item' in node)) return false;
    return (node.type === 'repeat' && isNullable(node.item)) || repeatsNothing(node.item);
  };

  it('finds what the engine finds', () => {
    let compared = 0;
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 4, maxLength: 4 }), (pattern, lines) => {
        // JavaScript alone has it that a repeat of nothing does not count.
        if (repeatsNothing(new OnigParser(pattern, 'test').parse())) return;
        let ours: LinearRegex;
        try {
          ours = linear(pattern);
        } catch (error) {
          expect(error).toBeInstanceOf(TokenizerError);
          return;
        }
        compared++;
        const theirs = new RegExp(print(new OnigParser(pattern, 'test').parse(), false), 'gv');
        for (const line of lines) {
          const text = line.join('');
          expect(findSpans(ours, text)).toEqual(findSpans(theirs, text));
        }
      }),
      { seed: 5, numRuns: 6000 },
    );
    expect(compared).toBeGreaterThan(3000);
  });
});
