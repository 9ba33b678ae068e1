// Sets of characters in an Oniguruma pattern: escapes, properties and brackets, printed for JavaScript's `v` flag.
import { MAX_DEPTH, OnigReader } from './onig-reader';

const SPACE = '\\t-\\r\\u{20}\\u{85}\\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}';
const SET_WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
// Outside brackets Oniguruma counts the superscripts and fractions of Latin-1 as word characters, too.
export const WORD = `${SET_WORD}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}`;
const PUNCT = '\\p{P}\\p{S}';
const SHORTHANDS: Readonly<Record<string, string>> = { s: SPACE, w: SET_WORD, d: '\\p{Nd}', h: '0-9A-Fa-f' };
const POSIX = new Map(
  Object.entries({
    alnum: '\\p{Alphabetic}\\p{Nd}',
    alpha: '\\p{Alphabetic}',
    ascii: '\\u{0}-\\u{7f}',
    blank: '\\t\\p{Zs}',
    cntrl: '\\p{Cc}',
    digit: '\\p{Nd}',
    graph: `[[^${SPACE}]--[\\p{Cc}\\p{Cn}\\p{Cs}]]`,
    lower: '\\p{Lowercase}',
    print: '[^\\p{Cc}\\p{Cn}\\p{Cs}\\u{2028}\\u{2029}]',
    punct: PUNCT,
    space: SPACE,
    upper: '\\p{Uppercase}',
    word: SET_WORD,
    xdigit: '0-9A-Fa-f',
  }),
);
/** `\\p{…}` differs from `[:…:]` for these two. */
const PROPERTIES = new Map([...POSIX, ['punct', '\\p{P}'], ['word', WORD]]);
const CONTROL: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, v: 11, a: 7, e: 27 };

export const escapeCodePoint = (codePoint: number): string => `\\u{${codePoint.toString(16)}}`;

/** Characters that fold together although neither mapping leads from one to the other. */
const FOLDED = ['sS\u017f', 'kK\u212a', 'åÅ\u212b', 'σΣς', 'ßẞ', 'Ǆǅǆ', 'Ǉǈǉ', 'Ǌǋǌ', 'Ǳǲǳ', 'µμΜ', 'ωΩ\u2126', 'θΘϑϴ'];

/** Every character that a case-insensitive match takes for `char`, by simple folding. */
export function caseVariants(char: string): string[] {
  const variants = new Set([char, char.toLowerCase(), char.toUpperCase()]);
  for (const others of FOLDED) if (others.includes(char)) for (const other of others) variants.add(other);
  return [...variants].filter((variant) => [...variant].length === 1);
}

/** What options in a pattern, such as `(?i)`, have set. */
export interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
}

/** Reads what matches one character. */
export class OnigSetReader extends OnigReader {
  /** Reads what follows a backslash, in or out of a set: a code point, or the printed members of a class. */
  protected setEscape(): number | string {
    const char = this.peek() as string;
    this.at++;
    const shorthand = SHORTHANDS[char.toLowerCase()];
    if (shorthand !== undefined) return char === char.toLowerCase() ? shorthand : `[^${shorthand}]`;
    const control = CONTROL[char];
    if (control !== undefined) return control;
    if (char === 'p' || char === 'P') return this.property(char === 'P');
    if (char === 'x' && this.take('{')) return this.hex(this.until('}'));
    if (char === 'x') return this.hex(this.digits(2));
    if (char === 'u') return this.hex(this.digits(4));
    if (char === '0') return 0;
    if (/[A-Za-z0-9]/.test(char)) this.fail(`an escape that is known here, not \\${char},`);
    return char.codePointAt(0) as number;
  }

  private property(negatedByCase: boolean): string {
    const braces = this.take('{');
    let name = braces ? this.until('}') : (this.peek() ?? '');
    if (!braces) this.at++;
    let negated = negatedByCase;
    if (name.startsWith('^')) {
      negated = !negated;
      name = name.slice(1);
    }
    if (!/^[A-Za-z0-9_= -]+$/.test(name)) this.fail('the name of a property');
    const posix = PROPERTIES.get(name.toLowerCase());
    const members = posix ?? this.unicodeProperty(name);
    return negated ? `[^${members}]` : `[${members}]`;
  }

  private unicodeProperty(name: string): string {
    // Case, spaces and hyphens do not count there: `uppercase letter` is `Uppercase_Letter`.
    const title = name
      .split(/[ _-]+/)
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
      .join('_');
    for (const candidate of [name, title, `Script=${title}`]) {
      try {
        new RegExp(`\\p{${candidate}}`, 'u');
        return `\\p{${candidate}}`;
      } catch {
        // Not this spelling.
      }
    }
    return this.fail(`a property that JavaScript has, not ${name},`);
  }

  /** Reads a bracket class after its `[`; nested classes and `&&` map onto the `v` flag's. */
  protected set(flags: Flags): string {
    if (++this.depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} nested classes`);
    const negated = this.take('^');
    const operands: string[] = [];
    let members = '';
    let first = true;
    while (first || this.peek() !== ']') {
      if (this.peek() === undefined) this.fail('a closing ]');
      if (this.take('&&')) {
        operands.push(`[${members}]`);
        members = '';
      } else if (this.take('[:')) {
        members += this.posixClass();
      } else if (this.take('[')) {
        members += this.set(flags);
      } else {
        members += this.range(flags);
      }
      first = false;
    }
    this.at++;
    this.depth--;
    const inner = operands.length === 0 ? members : [...operands, `[${members}]`].join('&&');
    return `[${negated ? '^' : ''}${inner}]`;
  }

  private posixClass(): string {
    const negated = this.take('^');
    const name = this.until(':');
    const members = POSIX.get(name);
    if (members === undefined || !this.take(']')) this.fail('a POSIX class');
    return negated ? `[^${members}]` : members;
  }

  private member(): number | string {
    if (this.take('\\')) {
      if (this.peek() === undefined) this.fail('a character after \\');
      if (this.take('b')) return 8;
      return this.setEscape();
    }
    const char = this.peek() as string;
    this.at++;
    return char.codePointAt(0) as number;
  }

  private range(flags: Flags): string {
    const from = this.member();
    if (typeof from === 'string') return from;
    const next = this.peek(1);
    if (this.peek() === '-' && next !== undefined && next !== ']') {
      const mark = this.at++;
      if (this.peek() !== '[') {
        const to = this.member();
        if (typeof to === 'number') {
          if (to < from) this.fail('a range that goes up');
          return this.expandCase(from, to, flags);
        }
      }
      this.at = mark;
    }
    return this.expandCase(from, from, flags);
  }

  private expandCase(from: number, to: number, flags: Flags): string {
    let members = from === to ? escapeCodePoint(from) : `${escapeCodePoint(from)}-${escapeCodePoint(to)}`;
    if (!flags.ignoreCase || to - from > 4096) return members;
    for (let code = from; code <= to; code++)
      for (const variant of caseVariants(String.fromCodePoint(code))) {
        const other = variant.codePointAt(0) as number;
        if (other < from || other > to) members += escapeCodePoint(other);
      }
    return members;
  }
}
