// Turns Oniguruma patterns into JavaScript's. Who needs no pattern loads nothing of this.
import { inputError } from '../options';
import '../core';
import { TokenizerError } from '../errors';
import type { Scanner } from '../fast/scanner';
import { scannerOf } from '../fast/scanners';
import { LinearRegex, type Searcher } from './linear-regex';
import { OnigParser, type PatternNode } from './onig-parser';
import { hasLoop, isKnownLinear, mayBacktrackForever } from './regex-analysis';

/** A pattern in JavaScript's dialect, for the `v` flag; groups are captured where `named`. */
export function print(node: PatternNode, named: boolean, atomics: { count: number } = { count: 0 }): string {
  const inner = (item: PatternNode): string => print(item, named, atomics);
  const atomic = (source: string): string => {
    const name = `a${atomics.count++}`;
    return `(?=(?<${name}>${source}))\\k<${name}>`;
  };
  switch (node.type) {
    case 'alternatives':
      return `(?:${node.items.map(inner).join('|')})`;
    case 'sequence':
      return node.items.map(inner).join('');
    case 'set':
    case 'assert':
      return node.source;
    case 'capture':
      return named ? `(?<g${node.index}>${inner(node.item)})` : `(?:${inner(node.item)})`;
    case 'look':
      return `(?${node.behind ? '<' : ''}${node.negated ? '!' : '='}${inner(node.item)})`;
    case 'atomic':
      // JavaScript has no atomic groups, but a lookahead never gives back what it took.
      return `(?:${atomic(inner(node.item))})`;
    case 'backreference':
      return `\\k<g${node.index}>`;
    case 'repeat': {
      const { item, min, max, mode } = node;
      const body = item.type === 'set' ? item.source : `(?:${inner(item)})`;
      const count =
        max === Number.POSITIVE_INFINITY
          ? min === 0
            ? '*'
            : min === 1
              ? '+'
              : `{${min},}`
          : min === 0 && max === 1
            ? '?'
            : `{${min},${max}}`;
      if (mode === 'possessive') return `(?:${atomic(body + count)})`;
      return body + count + (mode === 'lazy' ? '?' : '');
    }
    default:
      return node satisfies never;
  }
}

/**
 * Compiles an Oniguruma pattern, or says why JavaScript cannot run it. A pattern that the engine may take more than linear
 * time for is run by a {@link LinearRegex}.
 */
export function compileOniguruma(pattern: string, where: string): Searcher {
  const parser = new OnigParser(pattern, where);
  const tree = parser.parse();
  const refuse = (expected: string): TokenizerError =>
    new TokenizerError({ kind: 'limit', where, expected, got: JSON.stringify(pattern) });
  if (mayBacktrackForever(tree))
    throw refuse('a pattern without an unbounded repeat inside another, which could backtrack for ever');
  const source = (node: PatternNode): string => print(node, parser.hasBackreferences);
  try {
    const regex = new RegExp(source(tree), 'gv');
    const isLinear = isKnownLinear(tree) && !(parser.hasBackreferences && hasLoop(tree));
    return isLinear ? regex : new LinearRegex(tree, source, refuse);
  } catch (cause) {
    if (cause instanceof TokenizerError) throw cause;
    throw new TokenizerError({
      kind: 'unsupported',
      where,
      expected: 'a pattern that JavaScript can run',
      got: JSON.stringify(pattern),
      cause,
    });
  }
}

/**
 * A regular expression in Oniguruma's dialect, which is what `tokenizer.json` is written in; a plain string stands for
 * itself wherever one of these is taken.
 *
 * @example
 * ```ts
 * import { Regex, Split } from '@heddle/tokenizer/components';
 * const digits = new Split(new Regex('\\p{N}{1,3}'), 'Isolated');
 * console.log(digits.config);
 * ```
 */
export class Regex {
  /** What finds its matches. */
  readonly compiled: Searcher;

  /** `where` is the place that errors name. */
  constructor(
    readonly source: string,
    where = 'Regex',
  ) {
    if (typeof source !== 'string') throw inputError(where, 'a pattern', source);
    this.compiled = compileOniguruma(source, where);
  }

  /** The same cuts by hand, for the patterns that large models use. */
  get scan(): Scanner | undefined {
    return scannerOf(this.source);
  }
}
