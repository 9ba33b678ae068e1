// NFC, NFD, NFKC and NFKD with alignments, step for step as Rust's `unicode-normalization-alignments`.
// The engine's own tables do the work: JavaScript does not expose combining classes, so they are compared by probing.
import { charClass, MARK } from '../text/char-class';
import { DECOMPOSITIONS_LOST } from '../text/decomposition-exceptions';
import type { Change, NormalizedString } from '../text/normalized-string';
import { parseRanges } from '../text/ranges';
import type { Normalizer } from './normalizer';

/** One of Unicode's four normal forms. */
export type UnicodeForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** How often two marks were compared: what the tests of linearity count. */
export const ordering = { comparisons: 0 };

const reordered = new Map<string, boolean>();
const MAX_KNOWN = 50_000;

/** True where canonical ordering would put `b` before `a`: 0 < class(b) < class(a). */
function reorders(a: string, b: string): boolean {
  ordering.comparisons++;
  if (a === b) return false;
  const pair = a + b;
  let known = reordered.get(pair);
  if (known === undefined) {
    known = pair.normalize('NFD').startsWith(b) && !a.startsWith(b);
    if (reordered.size >= MAX_KNOWN) reordered.clear();
    reordered.set(pair, known);
  }
  return known;
}

/** The engine orders marks by insertion, in time that grows with the square of their number: it is not asked then. */
const MANY_MARKS = /\p{M}{128}/u;

/** True where a text is known to be in a form already. */
function isInForm(text: string, form: UnicodeForm): boolean {
  return !MANY_MARKS.test(text) && text.normalize(form) === text;
}

// Characters that Unicode 9, which the reference knows, does not decompose.
let whole: Set<number> | undefined;

function isWhole(char: string): boolean {
  whole ??= parseRanges(DECOMPOSITIONS_LOST);
  return whole.has(char.codePointAt(0) as number);
}

const starters = new Map<string, boolean>();

/** Combining class 0. Probed with marks of the lowest (1) and the highest (240) class. */
export function isStarter(char: string): boolean {
  let known = starters.get(char);
  if (known === undefined) {
    const low = '\u0334';
    const high = '\u0345';
    // A mark that is newer than the reference's tables is a letter to it, and nothing but marks is of another class.
    const isMark = /\p{M}/u.test(char) && (charClass(char.codePointAt(0) as number) & MARK) !== 0;
    known = !isMark || (char !== low && char !== high && !reorders(char, low) && !reorders(high, char));
    starters.set(char, known);
  }
  return known;
}

/** The primary composite of two characters, if there is one. */
function compose(a: string, b: string): string | undefined {
  const composed = (a + b).normalize('NFC');
  return [...composed].length === 1 && !isWhole(composed) ? composed : undefined;
}

/** Marks by their combining class. */
const byClass = (a: Change, b: Change): number => Number(reorders(a.char, b.char)) - Number(reorders(b.char, a.char));

const decompositions = { NFD: new Map<string, readonly Change[]>(), NFKD: new Map<string, readonly Change[]>() };

/** What a character decomposes into, shared by all its places: the first part replaces it, the others are insertions. */
function piecesOf(char: string, form: 'NFD' | 'NFKD'): readonly Change[] {
  const known = decompositions[form];
  let pieces = known.get(char);
  if (pieces === undefined) {
    pieces = Array.from(isWhole(char) ? char : char.normalize(form), (part, i) => ({
      char: part,
      change: i === 0 ? 0 : 1,
    }));
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(char, pieces);
  }
  return pieces;
}

/** Decomposes and orders. */
function decompose(text: string, form: 'NFD' | 'NFKD'): Change[] {
  const out: Change[] = [];
  let pending: Change[] = [];
  const flush = (): void => {
    if (pending.length > 1) pending.sort(byClass);
    for (const mark of pending) out.push(mark);
    pending = [];
  };
  for (const char of text)
    for (const piece of piecesOf(char, form)) {
      if (isStarter(piece.char)) {
        if (pending.length > 0) flush();
        out.push(piece);
      } else pending.push(piece);
    }
  flush();
  return out;
}

/** Composes what `decompose` gave, adding up what each composite replaces. */
function recompose(pieces: readonly Change[]): Change[] {
  const out: Change[] = [];
  let composee: Change | undefined;
  let buffer: Change[] = [];
  for (const piece of pieces) {
    const starter = isStarter(piece.char);
    if (composee === undefined) {
      if (starter) composee = piece;
      else out.push(piece);
      continue;
    }
    const last = buffer.at(-1);
    const blocked = last !== undefined && (starter || !reorders(piece.char, last.char));
    const composed = blocked ? undefined : compose(composee.char, piece.char);
    if (composed !== undefined) composee = { char: composed, change: composee.change + piece.change - 1 };
    else if (starter) {
      out.push(composee);
      for (const mark of buffer) out.push(mark);
      buffer = [];
      composee = piece;
    } else buffer.push(piece);
  }
  if (composee !== undefined) out.push(composee);
  for (const mark of buffer) out.push(mark);
  return out;
}

/** Puts a text into a normal form, in place. */
export function toForm(text: NormalizedString, form: UnicodeForm): void {
  if (isInForm(text.text, form)) return;
  const compatible = form === 'NFKC' || form === 'NFKD';
  const pieces: Change[] = decompose(text.text, compatible ? 'NFKD' : 'NFD');
  text.transform(form === 'NFC' || form === 'NFKC' ? recompose(pieces) : pieces);
}

/**
 * Puts the text into one of Unicode's normal forms.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { UnicodeNormalizer, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new UnicodeNormalizer('NFKC'), model: new WordLevel(['fi']) });
 * console.log(tokenizer.encode('\ufb01').tokens); // ['fi']
 * ```
 */
export class UnicodeNormalizer implements Normalizer {
  readonly config: { readonly type: UnicodeForm };
  readonly isLocal = true;

  constructor(readonly form: UnicodeForm) {
    this.config = { type: form };
  }

  leaves(text: string): boolean {
    return isInForm(text, this.form);
  }

  apply(text: NormalizedString): void {
    toForm(text, this.form);
  }
}
