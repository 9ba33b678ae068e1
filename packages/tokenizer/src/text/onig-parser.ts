// Reads an Oniguruma pattern (the dialect of `tokenizer.json`) into a tree. Printing it is `regex.ts`'s work.
import { TokenizerError } from '../errors';

/** A parsed pattern. Sets are already printed for JavaScript's `v` flag: they match one code point. */
export type PatternNode =
  | { readonly type: 'alternatives'; readonly items: readonly PatternNode[] }
  | { readonly type: 'sequence'; readonly items: readonly PatternNode[] }
  | {
      readonly type: 'repeat';
      readonly item: PatternNode;
      readonly min: number;
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    }
  | { readonly type: 'capture'; readonly item: PatternNode; readonly index: number }
  | { readonly type: 'look'; readonly item: PatternNode; readonly behind: boolean; readonly negated: boolean }
  | { readonly type: 'atomic'; readonly item: PatternNode }
  | { readonly type: 'set'; readonly source: string }
  | { readonly type: 'assert'; readonly source: string }
  | { readonly type: 'backreference'; readonly index: number };

const SPACE = '\\t-\\r\\u{20}\\u{85}\\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}';
const SET_WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
// Outside brackets Oniguruma counts the superscripts and fractions of Latin-1 as word characters, too.
const WORD = `${SET_WORD}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}`;
const PUNCT = '\\p{P}\\p{S}';
const SHORTHANDS: Readonly<Record<string, string>> = { s: SPACE, w: SET_WORD, d: '\\p{Nd}', h: '0-9A-Fa-f' };
const POSIX: Readonly<Record<string, string>> = {
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
};
/** `\\p{…}` differs from `[:…:]` for these two. */
const PROPERTIES: Readonly<Record<string, string>> = { ...POSIX, punct: '\\p{P}', word: WORD };
const CONTROL: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, v: 11, a: 7, e: 27 };
// Without the `m` flag these are the ends of the text; V8 finds `(?<![\s\S])` inside surrogate pairs, too.
const START = '^';
const END = '$';
const MAX_DEPTH = 200;

const escapeCodePoint = (codePoint: number): string => `\\u{${codePoint.toString(16)}}`;

/** Characters that fold together although neither mapping leads from one to the other. */
const FOLDED = ['sS\u017f', 'kK\u212a', 'åÅ\u212b', 'σΣς', 'ßẞ', 'Ǆǅǆ', 'Ǉǈǉ', 'Ǌǋǌ', 'Ǳǲǳ', 'µμΜ', 'ωΩ\u2126', 'θΘϑϴ'];

/** Every character that a case-insensitive match takes for `char`, by simple folding. */
function caseVariants(char: string): string[] {
  const variants = new Set([char, char.toLowerCase(), char.toUpperCase()]);
  for (const others of FOLDED) if (others.includes(char)) for (const other of others) variants.add(other);
  return [...variants].filter((variant) => [...variant].length === 1);
}

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
}

/** One pass of recursive descent over a pattern's code points. */
export class OnigParser {
  private readonly chars: readonly string[];
  private at = 0;
  private depth = 0;
  private captures = 0;
  private readonly names = new Map<string, number>();
  hasBackreferences = false;

  constructor(
    private readonly pattern: string,
    private readonly where: string,
  ) {
    this.chars = [...pattern];
  }

  parse(): PatternNode {
    const tree = this.alternatives({ ignoreCase: false, dotAll: false, extended: false });
    if (this.at < this.chars.length) this.fail('no unmatched )');
    return tree;
  }

  private fail(expected: string): never {
    throw new TokenizerError({
      kind: 'unsupported',
      where: this.where,
      expected: `${expected} at ${this.at} of the pattern`,
      got: JSON.stringify(this.pattern),
    });
  }

  private peek(ahead = 0): string | undefined {
    return this.chars[this.at + ahead];
  }

  private take(text: string): boolean {
    const wanted = [...text];
    if (wanted.some((char, i) => this.peek(i) !== char)) return false;
    this.at += wanted.length;
    return true;
  }

  private until(end: string): string {
    const from = this.at;
    while (this.peek() !== end) {
      if (this.peek() === undefined) this.fail(JSON.stringify(end));
      this.at++;
    }
    return this.chars.slice(from, this.at++).join('');
  }

  private alternatives(flags: Flags): PatternNode {
    if (++this.depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} nested groups`);
    const items = [this.sequence(flags)];
    while (this.take('|')) items.push(this.sequence(flags));
    this.depth--;
    return items.length === 1 ? (items[0] as PatternNode) : { type: 'alternatives', items };
  }

  private sequence(flags: Flags): PatternNode {
    const items: PatternNode[] = [];
    for (;;) {
      const char = this.peek();
      if (char === undefined || char === '|' || char === ')') break;
      if (flags.extended && /\s/.test(char)) {
        this.at++;
        continue;
      }
      if (flags.extended && char === '#') {
        while (this.peek() !== undefined && this.peek() !== '\n') this.at++;
        continue;
      }
      const atom = this.atom(flags);
      if (atom !== undefined) items.push(this.quantified(atom));
    }
    return items.length === 1 ? (items[0] as PatternNode) : { type: 'sequence', items };
  }

  private quantified(atom: PatternNode): PatternNode {
    let item = atom;
    for (;;) {
      const bounds = this.bounds();
      if (bounds === undefined) return item;
      const mode = this.take('?') ? 'lazy' : bounds.interval || !this.take('+') ? 'greedy' : 'possessive';
      item = { type: 'repeat', item, min: bounds.min, max: bounds.max, mode };
    }
  }

  private bounds(): { min: number; max: number; interval: boolean } | undefined {
    if (this.take('*')) return { min: 0, max: Number.POSITIVE_INFINITY, interval: false };
    if (this.take('+')) return { min: 1, max: Number.POSITIVE_INFINITY, interval: false };
    if (this.take('?')) return { min: 0, max: 1, interval: false };
    if (this.peek() !== '{') return undefined;
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(this.chars.slice(this.at, this.at + 24).join(''));
    if (match === null || (match[1] === '' && match[3] === '')) return undefined;
    this.at += match[0].length;
    const min = match[1] === '' ? 0 : Number(match[1]);
    const max = match[2] === '' ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > 100_000 || (max !== Number.POSITIVE_INFINITY && max > 100_000)) this.fail('repeats of at most 100000');
    return { min, max, interval: true };
  }

  private atom(flags: Flags): PatternNode | undefined {
    const char = this.peek() as string;
    if (char === '(') return this.group(flags);
    this.at++;
    switch (char) {
      case '[':
        return { type: 'set', source: this.set(flags) };
      case '.':
        return { type: 'set', source: flags.dotAll ? '[\\s\\S]' : '[^\\n]' };
      case '^':
        return { type: 'assert', source: `(?:${START}|(?<=\\n)(?=[\\s\\S]))` };
      case '$':
        return { type: 'assert', source: `(?=\\n|${END})` };
      case '\\':
        return this.escape(flags);
      default:
        return this.literal(char, flags);
    }
  }

  private literal(char: string, flags: Flags): PatternNode {
    const codes = (flags.ignoreCase ? caseVariants(char) : [char]).map((c) => escapeCodePoint(c.codePointAt(0) ?? 0));
    return { type: 'set', source: codes.length === 1 ? (codes[0] as string) : `[${codes.join('')}]` };
  }

  private group(flags: Flags): PatternNode | undefined {
    this.at++;
    if (!this.take('?')) return this.capture(flags, undefined);
    if (this.take('#')) {
      this.until(')');
      return undefined;
    }
    const close = (item: PatternNode): PatternNode => {
      if (!this.take(')')) this.fail('a closing )');
      return item;
    };
    if (this.take(':')) return close(this.alternatives(flags));
    if (this.take('>')) return { type: 'atomic', item: close(this.alternatives(flags)) };
    for (const [text, behind, negated] of [
      ['=', false, false],
      ['!', false, true],
      ['<=', true, false],
      ['<!', true, true],
    ] as const)
      if (this.take(text)) return { type: 'look', item: close(this.alternatives(flags)), behind, negated };
    if (this.take('<')) return this.capture(flags, this.until('>'));
    return this.flagGroup(flags);
  }

  private capture(flags: Flags, name: string | undefined): PatternNode {
    const index = ++this.captures;
    if (name !== undefined) this.names.set(name, index);
    const item = this.alternatives(flags);
    if (!this.take(')')) this.fail('a closing )');
    return { type: 'capture', item, index };
  }

  private flagGroup(flags: Flags): PatternNode {
    let { ignoreCase, dotAll, extended } = flags;
    let on = true;
    for (;;) {
      if (this.take('-')) on = false;
      else if (this.take('i')) ignoreCase = on;
      else if (this.take('m')) dotAll = on;
      else if (this.take('x')) extended = on;
      else break;
    }
    const next = { ignoreCase, dotAll, extended };
    const bounded = this.take(':');
    // `a(?i)b|c` is `a(?i:b|c)` in Oniguruma: the flags hold to the end of the enclosing group.
    if (!bounded && !this.take(')')) this.fail('a group that JavaScript or Oniguruma has');
    const item = this.alternatives(next);
    if (bounded && !this.take(')')) this.fail('a closing )');
    return item;
  }

  private escape(flags: Flags): PatternNode {
    const char = this.peek();
    if (char === undefined) this.fail('a character after \\');
    const word = `[${WORD}]`;
    const asserts: Readonly<Record<string, string>> = {
      A: START,
      z: END,
      Z: `(?=\\n?${END})`,
      b: `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`,
      B: `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`,
    };
    const assert = asserts[char];
    if (assert !== undefined) {
      this.at++;
      return { type: 'assert', source: assert };
    }
    if (char === 'R') {
      this.at++;
      const crlf: PatternNode = {
        type: 'sequence',
        items: [
          { type: 'set', source: '\\r' },
          { type: 'set', source: '\\n' },
        ],
      };
      const one: PatternNode = { type: 'set', source: '[\\n-\\r\\u{85}\\u{2028}\\u{2029}]' };
      return { type: 'atomic', item: { type: 'alternatives', items: [crlf, one] } };
    }
    if (char === 'w' || char === 'W') {
      this.at++;
      return { type: 'set', source: `[${char === 'W' ? '^' : ''}${WORD}]` };
    }
    if (char === 'N' || char === 'O') {
      this.at++;
      return { type: 'set', source: char === 'N' ? '[^\\n]' : '[\\s\\S]' };
    }
    if (/[1-9]/.test(char)) {
      this.at++;
      this.hasBackreferences = true;
      return { type: 'backreference', index: Number(char) };
    }
    if (char === 'k' && this.peek(1) === '<') {
      this.at += 2;
      const name = this.until('>');
      const index = this.names.get(name) ?? Number(name);
      if (!Number.isInteger(index)) this.fail('a group name that was defined before');
      this.hasBackreferences = true;
      return { type: 'backreference', index };
    }
    const source = this.setEscape();
    if (typeof source === 'string') return { type: 'set', source: `[${source}]` };
    return this.literal(String.fromCodePoint(source), flags);
  }

  /** Reads what follows a backslash, in or out of a set: a code point, or the printed members of a class. */
  private setEscape(): number | string {
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

  private digits(count: number): string {
    const digits = this.chars.slice(this.at, this.at + count).join('');
    const hex = /^[0-9A-Fa-f]*/.exec(digits)?.[0] ?? '';
    this.at += hex.length;
    return hex;
  }

  private hex(digits: string): number {
    const value = Number.parseInt(digits, 16);
    if (!(value <= 0x10ffff)) this.fail('a hexadecimal code point');
    return value;
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
    const posix = PROPERTIES[name.toLowerCase()];
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
  private set(flags: Flags): string {
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
    const members = POSIX[name];
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
