// The usual patterns of byte-level tokenizers, by hand: each finds where the word that starts at a place ends.
// They say the same as the regular expressions they stand for, which the tests hold them against.
import type { Scanner } from './scanner';

// Letters by their case, of which lower stands for those that have none; marks and the rest.
const LOWER = 1;
const UPPER = 2;
const CASELESS = 4;
const MARK = 8;
const NUMBER = 16;
const SPACE = 32;
const OTHER = 64;

const LETTER = LOWER | UPPER | CASELESS;
/** What is neither white space nor letter nor number. */
const SYMBOL = MARK | OTHER;

/** Class of each code point, found out when it is met; 0 until then. */
const kinds = new Uint8Array(0x110000);
const TESTS: readonly (readonly [number, RegExp])[] = [
  [LOWER, /\p{Ll}/u],
  [CASELESS, /[\p{Lm}\p{Lo}]/u],
  [UPPER, /\p{L}/u],
  [NUMBER, /\p{N}/u],
  [SPACE, /\p{White_Space}/u],
  [MARK, /\p{M}/u],
];

function classify(codePoint: number): number {
  const char = String.fromCodePoint(codePoint);
  const kind = TESTS.find(([, test]) => test.test(char))?.[0] ?? OTHER;
  kinds[codePoint] = kind;
  return kind;
}

/** One operation, which an engine has seen done whatever the text had. */
const isHigh = (unit: number): boolean => (unit & 0xfc00) === 0xd800;

/** Class of the code point at `at`; a pair of surrogates counts as one. */
function kindAt(units: Uint16Array, at: number): number {
  let point = units[at] as number;
  if (isHigh(point)) point = ((point & 0x3ff) << 10) + ((units[at + 1] as number) & 0x3ff) + 0x10000;
  return (kinds[point] as number) || classify(point);
}

function width(units: Uint16Array, at: number): number {
  return isHigh(units[at] as number) ? 2 : 1;
}

/** End of the run of some classes that starts at `at`. */
function runEnd(units: Uint16Array, at: number, end: number, wanted: number): number {
  for (let i = at; ; i++) {
    if (i >= end) return i;
    const unit = units[i] as number;
    const kind = kinds[unit] as number;
    if ((kind & wanted) !== 0) continue;
    // Half of a pair, or met for the first time, or another class.
    if (kind !== 0 || (kindAt(units, i) & wanted) === 0) return i;
    if (isHigh(unit)) i++;
  }
}

/** `\s+(?!\S)|\s+` on a run of white space that starts at `at` and ends at `stop`. */
function spaceEnd(at: number, stop: number, end: number): number {
  return stop === end || stop - at === 1 ? stop : stop - 1;
}

const isLineEnd = (unit: number): boolean => unit === 0x0a || unit === 0x0d;

/** `\s*[\r\n]+|\s+(?!\S)|\s+` */
function spacesEnd(units: Uint16Array, at: number, end: number): number {
  const stop = runEnd(units, at, end, SPACE);
  for (let i = stop - 1; i >= at; i--) if (isLineEnd(units[i] as number)) return i + 1;
  return spaceEnd(at, stop, end);
}

/** Up to so many of `\p{N}`. */
function numbersEnd(units: Uint16Array, at: number, end: number, most: number): number {
  let stop = at;
  for (let n = 0; n < most && stop < end && kindAt(units, stop) === NUMBER; n++) stop += width(units, stop);
  return stop;
}

/**
 * Length of `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe, or 0; in either case U+017F is an s. Few words have one, so an engine
 * leaves this a call: compiled into the scanners, each letter that was not met yet would have them compiled again.
 */
function contraction(units: Uint16Array, at: number, end: number, anyCase: boolean): number {
  const folded = (i: number): number => {
    const unit = i < end ? (units[i] as number) : 0;
    return anyCase && unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
  };
  const first = folded(at + 1);
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 2;
  if (anyCase && first === 0x17f) return 2;
  const second = folded(at + 2);
  if ((first === 0x72 || first === 0x76) && second === 0x65) return 3;
  return first === 0x6c && second === 0x6c ? 3 : 0;
}

const APOSTROPHE = 0x27;

/** GPT-2's pattern. */
export const scanGpt2: Scanner = (units, at, end) => {
  const length = units[at] === APOSTROPHE ? contraction(units, at, end, false) : 0;
  if (length > 0) return at + length;
  let start = at;
  let kind = kindAt(units, at);
  if (units[at] === 0x20 && at + 1 < end) {
    const next = kindAt(units, at + 1);
    if (next !== SPACE) {
      start = at + 1;
      kind = next;
    }
  }
  if (kind === SPACE) return spaceEnd(at, runEnd(units, start, end, SPACE), end);
  return runEnd(units, start, end, (kind & LETTER) !== 0 ? LETTER : kind === NUMBER ? NUMBER : SYMBOL);
};

/** The pattern of cl100k and Llama 3 (`maxDigits` 3), and of Qwen 2 (1). */
export function scanCl100k(maxDigits: number): Scanner {
  return (units, at, end) => {
    const length = units[at] === APOSTROPHE ? contraction(units, at, end, true) : 0;
    if (length > 0) return at + length;
    const kind = kindAt(units, at);
    if ((kind & LETTER) !== 0) return runEnd(units, at, end, LETTER);
    if (kind === NUMBER) return numbersEnd(units, at, end, maxDigits);
    const unit = units[at] as number;
    const next = at + width(units, at);
    const after = next < end ? kindAt(units, next) : 0;
    // One character of any kind but line ends may lead a run of letters.
    if ((after & LETTER) !== 0 && !isLineEnd(unit)) return runEnd(units, next, end, LETTER);
    if ((kind & SYMBOL) === 0 && !(unit === 0x20 && (after & SYMBOL) !== 0)) return spacesEnd(units, at, end);
    let stop = runEnd(units, next, end, SYMBOL);
    while (stop < end && isLineEnd(units[stop] as number)) stop++;
    return stop;
  };
}

/**
 * `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`, else the first part alone with `+` where capitals may
 * stand alone; `at` where it matches nothing.
 */
function casedEnd(units: Uint16Array, at: number, end: number, capitalsAlone: boolean): number {
  let stop = at;
  let caseless = at; // where the last character ends that may stand for a small letter
  for (; stop < end; stop += width(units, stop)) {
    const kind = kindAt(units, stop);
    if ((kind & (UPPER | CASELESS | MARK)) === 0) break;
    if (kind !== UPPER) caseless = stop + width(units, stop);
  }
  if (stop < end && kindAt(units, stop) === LOWER) return runEnd(units, stop, end, LOWER | CASELESS | MARK);
  return caseless > at || !capitalsAlone ? caseless : stop;
}

/** The pattern of o200k. */
export const scanO200k: Scanner = (units, at, end) => {
  const kind = kindAt(units, at);
  if (kind === NUMBER) return numbersEnd(units, at, end, 3);
  const unit = units[at] as number;
  const next = at + width(units, at);
  // One character of any kind but line ends may lead a word. A mark does so unless capitals alone follow.
  const first = (kind & LETTER) !== 0 || isLineEnd(unit) ? at : next;
  const word = casedEnd(units, first, end, kind !== MARK);
  if (word > first || kind === MARK)
    return word < end && units[word] === APOSTROPHE ? word + contraction(units, word, end, true) : word;
  let stop = runEnd(units, unit === 0x20 ? next : at, end, SYMBOL);
  if (stop === at || (stop === next && unit === 0x20)) return spacesEnd(units, at, end);
  while (stop < end && (isLineEnd(units[stop] as number) || units[stop] === 0x2f)) stop++;
  return stop;
};

const CL100K = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const UPPERS = '\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}';
const LOWERS = '\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}';
const TAIL = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";

/** The patterns of tiktoken's newer encodings and of Qwen 2, in Oniguruma's dialect. */
export const CL100K_PATTERN: string = CL100K('\\p{N}{1,3}');
export const QWEN2_PATTERN: string = CL100K('\\p{N}');
export const O200K_PATTERN: string = `[^\\r\\n\\p{L}\\p{N}]?[${UPPERS}]*[${LOWERS}]+${TAIL}|[^\\r\\n\\p{L}\\p{N}]?[${UPPERS}]+[${LOWERS}]*${TAIL}|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** The scanner that says the same as a pattern, if there is one. */
export function scannerOf(pattern: string): Scanner | undefined {
  if (pattern === CL100K_PATTERN) return scanCl100k(3);
  if (pattern === QWEN2_PATTERN) return scanCl100k(1);
  if (pattern === O200K_PATTERN) return scanO200k;
  return undefined;
}
