// Reads an Oniguruma pattern (the dialect of `tokenizer.json`) into a tree. Printing it is `regex.ts`'s work.
import { MAX_DEPTH } from './onig-reader';
import { caseVariants, escapeCodePoint, type Flags, OnigSetReader, WORD } from './onig-sets';

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

// Without the `m` flag these are the ends of the text; V8 finds `(?<![\s\S])` inside surrogate pairs, too.
const START = '^';
const END = '$';

/** One pass of recursive descent over a pattern's code points. */
export class OnigParser extends OnigSetReader {
  private captures = 0;
  private readonly names = new Map<string, number>();
  hasBackreferences = false;

  parse(): PatternNode {
    const tree = this.alternatives({ ignoreCase: false, dotAll: false, extended: false });
    if (this.at < this.chars.length) this.fail('no unmatched )');
    return tree;
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
}
