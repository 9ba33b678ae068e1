// The usual patterns of byte-level tokenizers, by hand: each finds where the word that starts at a place ends.
// They say the same as the regular expressions they stand for, which the tests hold them against.
import type { Scanner } from './scanner';

const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;
const OTHER = 4;

const units = new Uint8Array(0x10000);
const TESTS: readonly (readonly [number, RegExp])[] = [
  [LETTER, /\p{L}/u],
  [NUMBER, /\p{N}/u],
  [SPACE, /\p{White_Space}/u],
];

function classify(codePoint: number): number {
  const char = String.fromCodePoint(codePoint);
  for (const [kind, test] of TESTS) if (test.test(char)) return kind;
  return OTHER;
}

/** Class of the code point at `at`; below `end` a pair of surrogates counts as one. */
function kindAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit >= 0xd800 && unit < 0xdc00) return classify(text.codePointAt(at) as number);
  const known = units[unit] as number;
  if (known !== 0) return known;
  const kind = classify(unit);
  units[unit] = kind;
  return kind;
}

/** End of the run of one class that starts at `at`. */
function runEnd(text: string, at: number, end: number, kind: number): number {
  let i = at;
  while (i < end) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) {
      if (kindAt(text, i) !== kind) return i;
      i += 2;
      continue;
    }
    let found = units[unit] as number;
    if (found === 0) found = kindAt(text, i);
    if (found !== kind) return i;
    i++;
  }
  return i;
}

/** `\s+(?!\S)|\s+` on a run of white space that starts at `at` and ends at `stop`. */
function spaceEnd(at: number, stop: number, end: number): number {
  return stop === end || stop - at === 1 ? stop : stop - 1;
}

/** GPT-2's pattern. */
export const scanGpt2: Scanner = (text, at, end) => {
  const unit = text.charCodeAt(at);
  if (unit === 0x27) {
    const length = contraction(text, at, end);
    if (length > 0) return at + length;
  }
  let start = at;
  let kind = kindAt(text, at);
  if (unit === 0x20 && at + 1 < end) {
    const next = kindAt(text, at + 1);
    if (next !== SPACE) {
      start = at + 1;
      kind = next;
    }
  }
  const stop = runEnd(text, start, end, kind);
  return kind === SPACE ? spaceEnd(at, stop, end) : stop;
};

/** Length of `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe, or 0. */
function contraction(text: string, at: number, end: number): number {
  if (at + 1 >= end) return 0;
  const first = text.charCodeAt(at + 1);
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 2;
  if (at + 2 >= end) return 0;
  const second = text.charCodeAt(at + 2);
  if ((first === 0x72 || first === 0x76) && second === 0x65) return 3;
  return first === 0x6c && second === 0x6c ? 3 : 0;
}

/** The same in either case; U+017F is an s there. */
function contractionAnyCase(text: string, at: number, end: number): number {
  if (at + 1 >= end) return 0;
  const raw = text.charCodeAt(at + 1);
  if (raw === 0x17f) return 2;
  const first = raw | 0x20;
  if (raw > 0x7f) return 0;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 2;
  if (at + 2 >= end) return 0;
  const next = text.charCodeAt(at + 2);
  if (next > 0x7f) return 0;
  const second = next | 0x20;
  if ((first === 0x72 || first === 0x76) && second === 0x65) return 3;
  return first === 0x6c && second === 0x6c ? 3 : 0;
}

/** The pattern of cl100k and Llama 3 (`maxDigits` 3), and of Qwen 2 (1). */
export function scanCl100k(maxDigits: number): Scanner {
  return (text, at, end) => {
    const unit = text.charCodeAt(at);
    if (unit === 0x27) {
      const length = contractionAnyCase(text, at, end);
      if (length > 0) return at + length;
    }
    const kind = kindAt(text, at);
    if (kind === LETTER) return runEnd(text, at, end, LETTER);
    if (kind === NUMBER) {
      let stop = at;
      for (let n = 0; n < maxDigits && stop < end && kindAt(text, stop) === NUMBER; n++) stop += width(text, stop);
      return stop;
    }
    const next = at + width(text, at);
    const after = next < end ? kindAt(text, next) : 0;
    // One character of any kind but line ends may lead a run of letters.
    if (after === LETTER && unit !== 0x0d && unit !== 0x0a) return runEnd(text, next, end, LETTER);
    if (kind === OTHER || (unit === 0x20 && after === OTHER))
      return lineEnds(text, runEnd(text, kind === OTHER ? at : next, end, OTHER), end);
    const stop = runEnd(text, at, end, SPACE);
    for (let i = stop - 1; i >= at; i--) {
      const space = text.charCodeAt(i);
      if (space === 0x0a || space === 0x0d) return i + 1;
    }
    return spaceEnd(at, stop, end);
  };
}

function lineEnds(text: string, at: number, end: number): number {
  let stop = at;
  while (stop < end && (text.charCodeAt(stop) === 0x0a || text.charCodeAt(stop) === 0x0d)) stop++;
  return stop;
}

function width(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00 ? 2 : 1;
}

const CL100K = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** The scanner that says the same as a pattern, if there is one. */
export function scannerOf(pattern: string): Scanner | undefined {
  if (pattern === CL100K('\\p{N}{1,3}')) return scanCl100k(3);
  if (pattern === CL100K('\\p{N}')) return scanCl100k(1);
  return undefined;
}
