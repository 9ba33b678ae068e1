// Whole numbers between two bounds, digit by digit.
import { choice, literal, oneOf, type Pattern, repeat, sequence } from './pattern';

const ZERO = 0x30;
/** Digits of the largest whole numbers that float64 holds apart. */
const MOST_DIGITS = 15;

/** Whole numbers from `least` to `most`, both included; infinite bounds leave an end open. */
export function integerPattern(least: number, most: number): Pattern {
  if (least > most) return choice();
  const edge = 10 ** MOST_DIGITS - 1;
  const [lo, hi] = [Math.max(least, -edge), Math.min(most, edge)];
  const options: Pattern[] = [];
  if (lo < 0) options.push(sequence(literal('-'), between(Math.max(1, -hi), -lo)));
  if (hi >= 0) options.push(between(Math.max(0, lo), hi));
  return choice(...options);
}

/** From `lo` to `hi`, neither below zero: length by length. */
function between(lo: number, hi: number): Pattern {
  const options: Pattern[] = [];
  for (let digits = String(lo).length; digits <= String(hi).length; digits++) {
    const first = digits === 1 ? 0 : 10 ** (digits - 1);
    const from = Math.max(lo, first);
    const to = Math.min(hi, 10 ** digits - 1);
    if (from <= to) options.push(sameLength(String(from), String(to)));
  }
  return choice(...options);
}

function sameLength(lo: string, hi: string): Pattern {
  if (lo === '') return sequence();
  const [a, b] = [Number(lo[0]), Number(hi[0])];
  const rest = lo.length - 1;
  const [zeros, nines] = ['0'.repeat(rest), '9'.repeat(rest)];
  if (a === b) return sequence(digit(a, a), sameLength(lo.slice(1), hi.slice(1)));
  // The border digits hold what follows; those between leave it free.
  const from = lo.slice(1) === zeros ? a : a + 1;
  const to = hi.slice(1) === nines ? b : b - 1;
  return choice(
    ...(from === a ? [] : [sequence(digit(a, a), sameLength(lo.slice(1), nines))]),
    ...(from > to ? [] : [sequence(digit(from, to), repeat(digit(0, 9), rest, rest))]),
    ...(to === b ? [] : [sequence(digit(b, b), sameLength(zeros, hi.slice(1)))]),
  );
}

function digit(from: number, to: number): Pattern {
  return oneOf([ZERO + from, ZERO + to]);
}
