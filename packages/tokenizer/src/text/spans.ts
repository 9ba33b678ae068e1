// Where a pattern or a test of characters holds in a text, as Oniguruma walks its matches.
import type { Searcher } from './linear-regex';
import type { Span } from './normalized-string';

/** All matches and the gaps between them, in order, covering `text`. */
export function findSpans(regex: Searcher, text: string, invert = false): Span[] {
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
