// Turns Oniguruma patterns into JavaScript's and walks their matches as Oniguruma does.
import { TokenizerError } from '../errors';
import type { Span } from './normalized-string';
import { OnigParser, type PatternNode } from './onig-parser';

/** A pattern of `tokenizer.json`: a literal string, or an Oniguruma regular expression. */
export type PatternConfig = { readonly String: string } | { readonly Regex: string };

const escapeLiteral = (text: string): string =>
  [...text].map((char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`).join('');

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

/** Compiles either form of pattern. An empty literal matches between any two characters. */
export function compilePattern(pattern: PatternConfig, where: string): RegExp {
  if ('Regex' in pattern) return compileOniguruma(pattern.Regex, where);
  return new RegExp(escapeLiteral(pattern.String), 'gv');
}

/** All matches and the gaps between them, in order, covering `text`. */
export function findSpans(regex: RegExp, text: string, invert = false): Span[] {
  const spans: Span[] = [];
  let covered = 0;
  let lastEnd = -1;
  regex.lastIndex = 0;
  for (;;) {
    const match = regex.exec(text);
    if (match === null) break;
    const start = match.index;
    if (isInsidePair(text, start)) {
      // Look-behinds let V8 match between the halves of a character: no such match counts.
      regex.lastIndex = start + 1;
      continue;
    }
    const end = start + match[0].length;
    if (start === end) {
      // An empty match that touches the previous one does not count; either way the search must move on.
      const unit = text.charCodeAt(end);
      regex.lastIndex = end + (unit >= 0xd800 && unit < 0xdc00 ? 2 : 1);
      if (end === lastEnd) continue;
      if (regex.lastIndex > text.length + 1) break;
    }
    if (covered < start) spans.push({ start: covered, end: start, match: invert });
    spans.push({ start, end, match: !invert });
    covered = lastEnd = end;
  }
  if (covered < text.length) spans.push({ start: covered, end: text.length, match: invert });
  return spans;
}

function isInsidePair(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit < 0xe000 && before >= 0xd800 && before < 0xdc00;
}

/** Spans of single code points for which `test` holds. */
export function charSpans(text: string, test: (codePoint: number) => boolean): Span[] {
  const spans: Span[] = [];
  let covered = 0;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) as number;
    const next = i + (codePoint > 0xffff ? 2 : 1);
    if (test(codePoint)) {
      if (covered < i) spans.push({ start: covered, end: i, match: false });
      spans.push({ start: i, end: next, match: true });
      covered = next;
    }
    i = next;
  }
  if (covered < text.length) spans.push({ start: covered, end: text.length, match: false });
  return spans;
}
