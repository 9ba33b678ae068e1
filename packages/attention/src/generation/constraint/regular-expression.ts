// Reads JavaScript's regular expressions, as far as they are regular: no lookaround, no back references. The whole text
// has to match, as if the expression stood between ^ and $.
import { ArgumentError } from '@heddle/tensor';
import {
  type CodeRange,
  choice,
  inverted,
  LAST_CODE_POINT,
  oneOf,
  optional,
  type Pattern,
  repeat,
  sequence,
} from './pattern';

const DIGIT: readonly CodeRange[] = [[0x30, 0x39]];
const WORD: readonly CodeRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACE: readonly CodeRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_ENDS: readonly CodeRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, 0: 0x00 };
const ANY: readonly CodeRange[] = [[0, LAST_CODE_POINT]];

/** More copies than this make automata that nobody waits for. */
const MOST_REPEATS = 10_000;

/**
 * The language of a regular expression.
 *
 * @param source a RegExp, whose flags i and s count, or the text of one
 * @throws {ArgumentError} at the place that isn't regular, or isn't an expression.
 */
export function parseRegularExpression(source: RegExp | string, argument = 'pattern'): Pattern {
  const [text, flags] = typeof source === 'string' ? [source, 'u'] : [source.source, source.flags];
  return new Parser(text, flags, argument).parse();
}

class Parser {
  private readonly chars: readonly string[];
  private readonly ignoreCase: boolean;
  private readonly dotAll: boolean;
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    flags: string,
    private readonly argument: string,
  ) {
    this.chars = Array.from(text);
    this.ignoreCase = flags.includes('i');
    this.dotAll = flags.includes('s');
  }

  parse(): Pattern {
    const found = this.alternatives();
    if (this.at < this.chars.length) this.fail('a group that was opened', ')');
    return found;
  }

  private alternatives(): Pattern {
    const options = [this.parts()];
    while (this.take('|')) options.push(this.parts());
    return choice(...options);
  }

  private parts(): Pattern {
    const found: Pattern[] = [];
    if (this.depth === 0) this.take('^');
    for (let c = this.peek(); c !== undefined && c !== '|' && c !== ')'; c = this.peek()) {
      if (c === '$' && this.depth === 0 && (this.chars[this.at + 1] ?? '|') === '|') {
        this.at++;
        break;
      }
      found.push(this.repeated(this.atom()));
    }
    return sequence(...found);
  }

  private repeated(of: Pattern): Pattern {
    let found = of;
    for (;;) {
      const counted = this.quantifier();
      if (counted === null) return found;
      this.take('?'); // lazy or greedy: the language is the same
      found = counted[0] === 0 && counted[1] === 1 ? optional(found) : repeat(found, ...counted);
    }
  }

  private quantifier(): readonly [least: number, most: number] | null {
    if (this.take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.take('?')) return [0, 1];
    const counts = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.chars.slice(this.at, this.at + 24).join(''));
    if (counts === null) return null;
    this.at += counts[0].length;
    const least = Number(counts[1]);
    const most = counts[2] === undefined ? least : counts[3] === '' ? Number.POSITIVE_INFINITY : Number(counts[3]);
    if (most < least) this.fail('a count that does not fall', counts[0]);
    if (least > MOST_REPEATS || (most > MOST_REPEATS && most !== Number.POSITIVE_INFINITY))
      this.fail(`counts of at most ${MOST_REPEATS}`, counts[0]);
    return [least, most];
  }

  private atom(): Pattern {
    const c = this.next();
    switch (c) {
      case '(':
        return this.group();
      case '[':
        return this.folded(this.classRanges());
      case '.':
        return oneOf(...(this.dotAll ? ANY : inverted(LINE_ENDS)));
      case '\\':
        return this.folded(this.escape(false));
      case '^':
      case '$':
        return this.fail('^ at the start and $ at the end alone: the whole text has to match anyway', c);
      case '*':
      case '+':
      case '?':
        return this.fail('something to repeat', c);
      default:
        return this.folded([pointOf(c)]);
    }
  }

  private group(): Pattern {
    if (this.take('?') && !this.take(':')) {
      const name = /^<[A-Za-z_$][\w$]*>/.exec(this.chars.slice(this.at, this.at + 99).join(''));
      if (name === null) this.fail('no lookaround: it is not regular', `(?${this.peek() ?? ''}`);
      else this.at += name[0].length;
    }
    this.depth++;
    const inside = this.alternatives();
    this.depth--;
    if (!this.take(')')) this.fail('a ) for each (', 'the end');
    return inside;
  }

  private classRanges(): readonly CodeRange[] {
    const negated = this.take('^');
    const ranges: CodeRange[] = [];
    while (!this.take(']')) {
      const from = this.classMember();
      const isRange = this.peek() === '-' && (this.chars[this.at + 1] ?? ']') !== ']';
      if (!isRange) {
        ranges.push(...from);
        continue;
      }
      this.at++;
      const to = this.classMember();
      if (!isPoint(from) || !isPoint(to) || to[0][0] < from[0][0])
        this.fail('ranges between two characters, rising', '-');
      ranges.push([from[0][0], to[0][0]]);
    }
    // Folding before the negation: [^a] with the flag i has neither a nor A.
    return negated ? inverted(this.withCases(ranges)) : ranges;
  }

  private classMember(): readonly CodeRange[] {
    const c = this.next();
    return c === '\\' ? this.escape(true) : [pointOf(c)];
  }

  private escape(inClass: boolean): readonly CodeRange[] {
    const c = this.next();
    switch (c) {
      case 'd':
        return DIGIT;
      case 'D':
        return inverted(DIGIT);
      case 'w':
        return WORD;
      case 'W':
        return inverted(WORD);
      case 's':
        return SPACE;
      case 'S':
        return inverted(SPACE);
      case 'p':
      case 'P':
        return this.property(c);
      case 'x':
        return [this.hexadecimal(/^[0-9a-fA-F]{2}/)];
      case 'u':
        return [this.unicode()];
      case 'c':
        return [pointOf(String.fromCharCode((this.next().codePointAt(0) ?? 0) % 32))];
      case 'b':
        if (inClass) return [[8, 8]];
    }
    if (Object.hasOwn(CONTROLS, c) && !/[0-9]/.test(c === '0' ? (this.peek() ?? '') : ''))
      return [[CONTROLS[c], CONTROLS[c]]];
    if (/[0-9]/.test(c)) this.fail('no back references: they are not regular', `\\${c}`);
    if (/[A-Za-z]/.test(c)) this.fail('an escape that is known', `\\${c}`);
    return [pointOf(c)];
  }

  private unicode(): CodeRange {
    if (this.take('{')) {
      const point = this.hexadecimal(/^[0-9a-fA-F]{1,6}(?=\})/);
      this.at++;
      if (point[0] > LAST_CODE_POINT) this.fail('a code point', point[0].toString(16));
      return point;
    }
    const first = this.hexadecimal(/^[0-9a-fA-F]{4}/);
    const rest = /^\\u(d[c-f][0-9a-f]{2})/i.exec(this.ahead(6));
    if (first[0] < 0xd800 || first[0] > 0xdbff || rest === null) return first;
    this.at += 6;
    return pointOf(String.fromCharCode(first[0], Number.parseInt(rest[1], 16)));
  }

  private hexadecimal(form: RegExp): CodeRange {
    const found = form.exec(this.ahead(8));
    if (found === null) return this.fail('hexadecimal digits', this.ahead(4));
    this.at += found[0].length;
    const point = Number.parseInt(found[0], 16);
    return [point, point];
  }

  /** Asks the engine about every code point, once an expression. */
  private property(letter: string): readonly CodeRange[] {
    const name = /^\{[\w=]+\}/.exec(this.ahead(60))?.[0] ?? this.fail('a property in braces', this.ahead(1));
    this.at += name.length;
    let test: RegExp;
    try {
      test = new RegExp(`\\${letter}${name}`, 'u');
    } catch {
      return this.fail('a property that is known', `\\${letter}${name}`);
    }
    const ranges: [number, number][] = [];
    for (let point = 0; point <= LAST_CODE_POINT; point++) {
      if (!test.test(String.fromCodePoint(point))) continue;
      const last = ranges[ranges.length - 1];
      if (last !== undefined && last[1] === point - 1) last[1] = point;
      else ranges.push([point, point]);
    }
    return ranges;
  }

  private folded(ranges: readonly CodeRange[]): Pattern {
    return oneOf(...this.withCases(ranges));
  }

  private withCases(ranges: readonly CodeRange[]): readonly CodeRange[] {
    if (!this.ignoreCase) return ranges;
    const out = [...ranges];
    for (const [lo, hi] of ranges) {
      // Beyond the letters that have cases nothing is added.
      for (let point = lo; point <= Math.min(hi, 0x1e943); point++) {
        const c = String.fromCodePoint(point);
        for (const other of [c.toLowerCase(), c.toUpperCase()])
          if (other !== c && Array.from(other).length === 1) out.push(pointOf(other));
      }
    }
    return out;
  }

  private ahead(count: number): string {
    return this.chars.slice(this.at, this.at + count).join('');
  }

  private peek(): string | undefined {
    return this.chars[this.at];
  }

  private next(): string {
    return this.chars[this.at++] ?? this.fail('more', 'the end');
  }

  private take(c: string): boolean {
    if (this.chars[this.at] !== c) return false;
    this.at++;
    return true;
  }

  private fail(expected: string, got: string): never {
    throw new ArgumentError('generate', this.argument, `${expected} (at ${this.at} of /${this.text}/)`, got);
  }
}

function pointOf(c: string): CodeRange {
  const point = c.codePointAt(0) ?? 0;
  return [point, point];
}

function isPoint(ranges: readonly CodeRange[]): boolean {
  return ranges.length === 1 && ranges[0][0] === ranges[0][1];
}
