// Turns Oniguruma patterns into JavaScript's. Who needs no pattern loads nothing of this.
import '../core';
import { TokenizerError } from '../errors';
import type { Scanner } from '../fast/scanner';
import { scannerOf } from '../fast/scanners';
import { OnigParser, type PatternNode } from './onig-parser';

function print(node: PatternNode, named: boolean, atomics: { count: number }): string {
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
 * True where a loop inside a loop could split one text in exponentially many ways, such as `(a+)+`.
 * A loop whose body must start with something that its inner loop cannot eat is still reported: the price of a
 * simple rule is that such a pattern is refused rather than risked.
 */
export function mayBacktrackForever(node: PatternNode, insideLoop = false): boolean {
  switch (node.type) {
    case 'set':
    case 'assert':
    case 'backreference':
      return false;
    case 'alternatives':
    case 'sequence':
      return node.items.some((item) => mayBacktrackForever(item, insideLoop));
    case 'atomic':
    case 'look':
      return mayBacktrackForever(node.item, false);
    case 'capture':
      return mayBacktrackForever(node.item, insideLoop);
    case 'repeat': {
      const loops = node.max > 1 && node.mode !== 'possessive';
      const unbounded = node.max > 1000 && node.mode !== 'possessive';
      if (unbounded && insideLoop) return true;
      return mayBacktrackForever(node.item, node.mode === 'possessive' ? false : insideLoop || (loops && unbounded));
    }
    default:
      return node satisfies never;
  }
}

/** Compiles an Oniguruma pattern, or says why JavaScript cannot run it. */
export function compileOniguruma(pattern: string, where: string): RegExp {
  const parser = new OnigParser(pattern, where);
  const tree = parser.parse();
  if (mayBacktrackForever(tree))
    throw new TokenizerError({
      kind: 'limit',
      where,
      expected: 'a pattern without an unbounded repeat inside another, which could backtrack for ever',
      got: JSON.stringify(pattern),
    });
  try {
    return new RegExp(print(tree, parser.hasBackreferences, { count: 0 }), 'gv');
  } catch (cause) {
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
  readonly compiled: RegExp;

  /** `where` is the place that errors name. */
  constructor(
    readonly source: string,
    where = 'Regex',
  ) {
    this.compiled = compileOniguruma(source, where);
  }

  /** The same cuts by hand, for the patterns that large models use. */
  get scan(): Scanner | undefined {
    return scannerOf(this.source);
  }
}
