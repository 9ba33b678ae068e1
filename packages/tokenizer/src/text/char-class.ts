// Which Unicode classes a code point has, as the components ask for them. No text is changed here.
import {
  MARK_GAINED,
  MARK_LOST,
  NONSPACING_MARK_GAINED,
  NONSPACING_MARK_LOST,
  OTHER_LOST,
  PUNCTUATION_GAINED,
  PUNCTUATION_LOST,
} from './class-exceptions';
import { parseRanges } from './ranges';

export const WHITESPACE = 1;
export const PUNCTUATION = 2;
/** Control, format and private use: what BERT's clean-up drops. */
export const OTHER = 4;
export const NONSPACING_MARK = 8;
export const MARK = 16;
export const NUMERIC = 32;
export const LETTER = 64;
/** `\w` of Rust's regex crate. */
export const WORD = 128;
const KNOWN = 1 << 15;

const TESTS: readonly (readonly [number, RegExp])[] = [
  [WHITESPACE, /\p{White_Space}/u],
  [PUNCTUATION, /[\p{P}$+<=>^`|~]/u],
  [OTHER, /[\p{Cc}\p{Cf}\p{Co}]/u],
  [NONSPACING_MARK, /\p{Mn}/u],
  [MARK, /\p{M}/u],
  [NUMERIC, /\p{N}/u],
  [LETTER, /\p{L}/u],
  [WORD, /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u],
];

// Filled on demand: the first look at a code unit costs eight regex tests, every later one an array read.
const bmp = new Uint16Array(0x10000);
const astral = new Map<number, number>();

// Parsed on the first look outside ASCII.
let exceptions:
  | readonly { readonly flag: number; readonly lost: Set<number>; readonly gained: Set<number> }[]
  | undefined;

function readExceptions(): NonNullable<typeof exceptions> {
  return [
    { flag: PUNCTUATION, lost: PUNCTUATION_LOST, gained: PUNCTUATION_GAINED },
    { flag: OTHER, lost: OTHER_LOST, gained: '' },
    { flag: NONSPACING_MARK, lost: NONSPACING_MARK_LOST, gained: NONSPACING_MARK_GAINED },
    { flag: MARK, lost: MARK_LOST, gained: MARK_GAINED },
  ].map(({ flag, lost, gained }) => ({ flag, lost: parseRanges(lost), gained: parseRanges(gained) }));
}

function classify(codePoint: number): number {
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return KNOWN;
  const char = String.fromCodePoint(codePoint);
  let flags = KNOWN;
  for (const [flag, test] of TESTS) if (test.test(char)) flags |= flag;
  if (codePoint < 0x80) return flags;
  exceptions ??= readExceptions();
  for (const { flag, lost, gained } of exceptions) {
    if (lost.has(codePoint)) flags &= ~flag;
    else if (gained.has(codePoint)) flags |= flag;
  }
  return flags;
}

/** The class bits of a code point. */
export function charClass(codePoint: number): number {
  if (codePoint < 0x10000) {
    const known = bmp[codePoint] as number;
    if (known !== 0) return known;
    const flags = classify(codePoint);
    bmp[codePoint] = flags;
    return flags;
  }
  let flags = astral.get(codePoint);
  if (flags === undefined) {
    flags = classify(codePoint);
    astral.set(codePoint, flags);
  }
  return flags;
}

export const isWhitespace = (codePoint: number): boolean => (charClass(codePoint) & WHITESPACE) !== 0;
export const isPunctuation = (codePoint: number): boolean => (charClass(codePoint) & PUNCTUATION) !== 0;
export const isNumeric = (codePoint: number): boolean => (charClass(codePoint) & NUMERIC) !== 0;
export const isWord = (codePoint: number): boolean => (charClass(codePoint) & WORD) !== 0;

/** The blocks that BERT sets apart as single words. */
export function isChinese(codePoint: number): boolean {
  return (
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0x3400 && codePoint <= 0x4dbf) ||
    (codePoint >= 0x20000 && codePoint <= 0x2a6df) ||
    (codePoint >= 0x2a700 && codePoint <= 0x2b73f) ||
    (codePoint >= 0x2b740 && codePoint <= 0x2b81f) ||
    (codePoint >= 0x2b920 && codePoint <= 0x2ceaf) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0x2f800 && codePoint <= 0x2fa1f)
  );
}

/** Units that the code point at `index` takes: 2 for a surrogate pair. */
export function unitsAt(text: string, index: number): 1 | 2 {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit < 0xdc00 && index + 1 < text.length ? 2 : 1;
}
