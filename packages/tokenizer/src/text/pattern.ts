// The two forms of pattern that components take: plain text, and a regular expression that was compiled already.
import type { Fields } from '../json';
import { inputError } from '../options';
import type { Readers } from '../reading/readers';
import type { Searcher } from './linear-regex';
import type { Regex } from './regex';

/** Plain text, or a regular expression. */
export type Pattern = string | Regex;

const escapeLiteral = (text: string): string =>
  [...text].map((char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`).join('');

/** What finds a pattern. An empty text matches between any two characters. */
export function compilePattern(pattern: Pattern): Searcher {
  if (typeof pattern === 'string') return new RegExp(escapeLiteral(pattern), 'gv');
  if (pattern?.compiled === undefined) throw inputError('pattern', 'a text or a Regex', pattern);
  return pattern.compiled;
}

/** What `tokenizer.json` holds for a pattern. */
export function patternConfig(pattern: Pattern): { readonly [form: string]: string } {
  return typeof pattern === 'string' ? { String: pattern } : { Regex: pattern.source };
}

/** Reads `{ String }`, `{ Regex }`, or a bare string. */
export function readPattern(fields: Fields, name: string, readers: Readers): Pattern {
  const value = fields.raw(name);
  if (typeof value === 'string') return value;
  const pattern = fields.child(name);
  if (!pattern.has('Regex')) return pattern.string('String');
  return readers.regex(pattern.string('Regex'), pattern.path);
}
