// A place in a JSON text that moves over values without building them.
import { MAX_DEPTH, tooDeep } from '../json';

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
const ZERO = 0x30;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const LETTER_E = 0x65;

/** What one letter after a backslash stands for. */
const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['"', 0x22],
  ['\\', 0x5c],
  ['/', 0x2f],
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
]);

/** Thrown where a file is not as expected; who parses the whole of it starts again with JSON.parse. */
export class Unusual extends Error {}

/** A place in a JSON text. */
export class JsonCursor {
  at = 0;

  constructor(readonly text: string) {}

  /** The next unit that is no white space, which is not taken. */
  peek(): number {
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return unit;
      this.at++;
    }
  }

  take(unit: number): void {
    if (this.text.charCodeAt(this.at) !== unit && this.peek() !== unit) throw new Unusual();
    this.at++;
  }

  /** Takes a comma, or the end of a list or object: true for the comma. */
  more(end: number): boolean {
    const unit = this.peek();
    if (unit !== COMMA && unit !== end) throw new Unusual();
    this.at++;
    return unit === COMMA;
  }

  /** Passes a string and returns where its content ends; `plain` tells whether it has no escapes. */
  string(): { readonly start: number; readonly end: number; readonly plain: boolean } {
    this.take(QUOTE);
    const { text } = this;
    const start = this.at;
    let plain = true;
    for (let i = start; ; i++) {
      const unit = text.charCodeAt(i);
      if (unit === QUOTE) {
        this.at = i + 1;
        return { start, end: i, plain };
      }
      if (unit === BACKSLASH) {
        plain = false;
        i++;
      } else if (!(unit >= 0x20)) throw new Unusual(); // a control character, or the end of the text
    }
  }

  /** Passes any value, whose form JSON.parse checks: engines whose JSON.parse calls itself are kept from going too deep. */
  value(path: string, file: string | undefined, above: number): void {
    let depth = 0;
    do {
      const unit = this.peek();
      if (unit === QUOTE) this.string();
      else {
        if (Number.isNaN(unit)) throw new Unusual();
        if (unit === OPEN || unit === OPEN_LIST) {
          if (++depth > MAX_DEPTH - above) throw tooDeep(path, file);
        } else if (unit === CLOSE || unit === CLOSE_LIST) depth--;
        else if (depth === 0 && (unit === COMMA || unit === COLON)) throw new Unusual();
        this.at++;
        if (depth === 0 && unit !== CLOSE && unit !== CLOSE_LIST) this.scalar();
      }
    } while (depth > 0);
    if (depth < 0) throw new Unusual();
  }

  /** What the escape whose backslash was just passed stands for. */
  escaped(): number {
    const letter = this.text.charAt(this.at++);
    if (letter === 'u') {
      const hex = this.text.slice(this.at, this.at + 4);
      if (!/^[\da-fA-F]{4}$/.test(hex)) throw new Unusual();
      this.at += 4;
      return Number.parseInt(hex, 16);
    }
    const unit = ESCAPES.get(letter);
    if (unit === undefined) throw new Unusual();
    return unit;
  }

  private scalar(): void {
    while (/[\w.+-]/.test(this.text.charAt(this.at))) this.at++;
  }

  /** A whole number without sign. */
  integer(): number {
    const { text } = this;
    let { at } = this;
    let digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) {
      this.peek();
      at = this.at;
      digit = text.charCodeAt(at) - ZERO;
    }
    const start = at;
    let value = 0;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digit = text.charCodeAt(++at) - ZERO;
    }
    const digits = at - start;
    if (digits === 0 || digits > 9 || (digits > 1 && text.charCodeAt(start) === ZERO)) throw new Unusual();
    this.at = at;
    return value;
  }

  /** Any number. */
  number(): number {
    this.peek();
    const { text } = this;
    const start = this.at;
    if (text.charCodeAt(start) === MINUS) this.at++;
    const first = this.at;
    const digits = this.digits();
    if (digits === 0 || (digits > 1 && text.charCodeAt(first) === ZERO)) throw new Unusual();
    if (text.charCodeAt(this.at) === POINT) {
      this.at++;
      if (this.digits() === 0) throw new Unusual();
    }
    if ((text.charCodeAt(this.at) | 0x20) === LETTER_E) {
      const sign = text.charCodeAt(++this.at);
      if (sign === PLUS || sign === MINUS) this.at++;
      if (this.digits() === 0) throw new Unusual();
    }
    return Number(text.slice(start, this.at));
  }

  /** Passes digits and returns how many. */
  private digits(): number {
    const { text } = this;
    let { at } = this;
    for (;;) {
      const digit = text.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      at++;
    }
    const count = at - this.at;
    this.at = at;
    return count;
  }

  /** The names of an object and where each value is; `visit` passes the value. */
  object(visit: (name: string) => void): void {
    this.take(OPEN);
    if (this.peek() === CLOSE) {
      this.at++;
      return;
    }
    do {
      const { start, end, plain } = this.string();
      if (!plain) throw new Unusual();
      this.take(COLON);
      visit(this.text.slice(start, end));
    } while (this.more(CLOSE));
  }
}
