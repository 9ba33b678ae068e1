// Reads the two long sections of a `tokenizer.json` straight into tables: a vocabulary of 100,000 tokens and as many
// merges would be half a million strings on the way otherwise. Everything else, and every file that is unusual in any
// way, is left to JSON.parse, which also finds the words for what is wrong.
import { isObject, MAX_DEPTH, parseJson, tooDeep } from '../json';
import { MergeRows } from '../models/merges';
import { Vocab } from '../models/vocab';
import { VocabBuilder } from '../models/vocab-builder';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

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

/** Thrown where a file is not as expected; never leaves this module. */
class Unusual extends Error {}

/** A place in a JSON text. */
class Cursor {
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
    if (this.peek() !== unit) throw new Unusual();
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

  private scalar(): void {
    while (/[\w.+-]/.test(this.text.charAt(this.at))) this.at++;
  }

  /** A whole number without sign. */
  integer(): number {
    this.peek();
    const start = this.at;
    let value = 0;
    for (;;) {
      const digit = this.text.charCodeAt(this.at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      this.at++;
    }
    const digits = this.at - start;
    if (digits === 0 || digits > 9 || (digits > 1 && this.text.charCodeAt(start) === 0x30)) throw new Unusual();
    return value;
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

/** Copies the string whose content starts at `from` into a vocabulary, and returns where its closing quote is. */
function copyString(text: string, from: number, into: VocabBuilder): number {
  const { units } = into;
  let { used } = into;
  for (let at = from; ; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      into.used = used;
      return at;
    }
    if (unit === BACKSLASH || !(unit >= 0x20)) return copyEscaped(text, from, into);
    units[used++] = unit;
  }
}

function copyEscaped(text: string, from: number, into: VocabBuilder): number {
  const { units } = into;
  for (let at = from; ; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at;
    if (!(unit >= 0x20)) throw new Unusual();
    if (unit !== BACKSLASH) units[into.used++] = unit;
    else if (text[++at] === 'u') {
      const hex = text.slice(at + 1, at + 5);
      if (!/^[\da-fA-F]{4}$/.test(hex)) throw new Unusual();
      units[into.used++] = Number.parseInt(hex, 16);
      at += 4;
    } else {
      const escaped = ESCAPES.get(text.charAt(at));
      if (escaped === undefined) throw new Unusual();
      units[into.used++] = escaped;
    }
  }
}

/** Reads `{ "token": id, … }`. */
function scanVocab(cursor: Cursor): Vocab {
  const { text } = cursor;
  const builder = new VocabBuilder(text.length);
  cursor.take(OPEN);
  if (cursor.peek() === CLOSE) throw new Unusual();
  do {
    cursor.take(QUOTE);
    const start = builder.used;
    cursor.at = copyString(text, cursor.at, builder) + 1;
    cursor.take(COLON);
    const id = cursor.integer();
    if (builder.has(id) || !builder.fits(id)) throw new Unusual();
    builder.add(id, start);
  } while (cursor.more(CLOSE));
  const vocab = new Vocab(builder.finish());
  if (vocab.hasDoubles) throw new Unusual();
  return vocab;
}

/** Reads `["a b", …]` or `[["a", "b"], …]`. */
function scanMerges(cursor: Cursor): MergeRows {
  const { text } = cursor;
  const rows = new MergeRows(text);
  const literal = (start: number, end: number): string => {
    const value: unknown = JSON.parse(text.slice(start - 1, end + 1));
    return typeof value === 'string' ? value : '';
  };
  cursor.take(OPEN_LIST);
  if (cursor.peek() === CLOSE_LIST) {
    cursor.at++;
    return rows;
  }
  do {
    if (cursor.peek() === OPEN_LIST) {
      cursor.at++;
      const a = cursor.string();
      cursor.take(COMMA);
      const b = cursor.string();
      cursor.take(CLOSE_LIST);
      if (a.plain && b.plain) rows.push(a.start, a.end, b.start, b.end);
      else {
        const first = literal(a.start, a.end);
        const both = first + literal(b.start, b.end);
        rows.push(0, first.length, first.length, both.length, both);
      }
      continue;
    }
    const { start, end, plain } = cursor.string();
    const merge = plain ? text : literal(start, end);
    const from = plain ? start : 0;
    const to = plain ? end : merge.length;
    let space = from;
    while (space < to && merge.charCodeAt(space) !== 0x20) space++;
    let second = space + 1;
    while (second < to && merge.charCodeAt(second) !== 0x20) second++;
    if (space >= to || second < to || merge.startsWith('#version', from)) throw new Unusual();
    if (plain) rows.push(from, space, space + 1, to);
    else rows.push(from, space, space + 1, to, merge);
  } while (cursor.more(CLOSE_LIST));
  return rows;
}

/** Finds the sections, and parses the rest without them. */
function scan(text: string, file: string | undefined): unknown {
  const cursor = new Cursor(text);
  let vocab: Vocab | undefined;
  let merges: MergeRows | undefined;
  const names = new Set<string>();
  let rest = '';
  let kept = 0;
  const section = <T>(read: (cursor: Cursor) => T): T => {
    cursor.peek();
    rest += `${text.slice(kept, cursor.at)}null`;
    const result = read(cursor);
    kept = cursor.at;
    return result;
  };
  const once = (name: string): void => {
    if (names.has(name)) throw new Unusual();
    names.add(name);
  };
  cursor.object((name) => {
    if (name !== 'model') return cursor.value(`$.${name}`, file, 1);
    once(name);
    cursor.object((field) => {
      if (field === 'vocab') {
        once(field);
        vocab = section(scanVocab);
      } else if (field === 'merges') {
        once(field);
        merges = section(scanMerges);
      } else cursor.value(`$.model.${field}`, file, 2);
    });
  });
  if (vocab === undefined) throw new Unusual();
  const value: unknown = JSON.parse(rest + text.slice(kept));
  if (!isObject(value) || !isObject(value['model'])) throw new Unusual();
  Object.assign(value['model'], { vocab }, merges === undefined ? {} : { merges });
  return value;
}

/** Parses a `tokenizer.json`. Its vocabulary may come as a {@link Vocab}, its merges as {@link MergeRows}. */
export function parseTokenizerJson(text: string, file: string | undefined): unknown {
  try {
    return scan(text, file);
  } catch (error) {
    if (error instanceof Unusual || error instanceof SyntaxError) return parseJson(text, file);
    throw error;
  }
}
