// Replaces every match of a literal or a pattern.
import type { Fields } from '../json';
import type { NormalizedString } from '../text/normalized-string';
import { compilePattern, findSpans, type PatternConfig } from '../text/regex';
import type { Normalizer } from './normalizer';

/** Reads `{ String }` or `{ Regex }`. */
export function readPattern(fields: Fields, name: string): PatternConfig {
  const value = fields.raw(name);
  if (typeof value === 'string') return { String: value };
  const pattern = fields.child(name);
  return pattern.has('Regex') ? { Regex: pattern.string('Regex') } : { String: pattern.string('String') };
}

/** Replaces every match by a fixed text. */
export class Replace implements Normalizer {
  private readonly regex: RegExp;
  readonly config: {
    readonly type: string;
    readonly pattern: PatternConfig & { [k: string]: string };
    readonly content: string;
  };

  constructor(
    readonly pattern: PatternConfig,
    readonly content: string,
    where = 'normalizer.pattern',
  ) {
    this.regex = compilePattern(pattern, where);
    this.config = { type: 'Replace', pattern: { ...pattern }, content };
  }

  static read(fields: Fields): Replace {
    return new Replace(readPattern(fields, 'pattern'), fields.string('content'), `${fields.path}.pattern`);
  }

  apply(text: NormalizedString): void {
    if ('String' in this.pattern && !text.text.includes(this.pattern.String)) return;
    text.replace(findSpans(this.regex, text.text), this.content);
  }

  /** The same on a plain string, as the decoder of this name does. */
  applyTo(text: string): string {
    return findSpans(this.regex, text)
      .map(({ start, end, match }) => (match ? this.content : text.slice(start, end)))
      .join('');
  }
}
