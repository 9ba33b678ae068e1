// Decimal numbers between two bounds, digit by digit, without exponents.
import { integerPattern } from './integer-pattern';
import { choice, literal, oneOf, optional, type Pattern, repeat, sequence } from './pattern';

/** So many digits behind the point as float64 keeps apart near one. */
const MOST_DIGITS = 15;
const ANY_DIGITS = repeat(digits(0, 9), 0, MOST_DIGITS);

/**
 * Numbers from `least` to `most`, both included; infinite bounds leave an end open.
 *
 * @returns null where a bound has no decimal form of at most fifteen digits behind the point
 */
export function numberPattern(least: number, most: number): Pattern | null {
  if (least > most) return choice();
  const above = magnitudes(Math.max(least, 0), most);
  const below = magnitudes(Math.max(-most, 0), -least);
  if (above === null || below === null) return null;
  return choice(...(most >= 0 ? [above] : []), ...(least < 0 ? [sequence(literal('-'), below)] : []));
}

/** From `lo` to `hi`, neither below zero; nothing where `hi` is. */
function magnitudes(lo: number, hi: number): Pattern | null {
  if (hi < lo) return choice();
  const from = decimal(lo);
  const to = hi === Number.POSITIVE_INFINITY ? null : decimal(hi);
  if (from === null || (to === null && hi !== Number.POSITIVE_INFINITY)) return null;
  const fraction = (a: string | null, b: string | null): Pattern => {
    const behind = digitsBetween(a, b);
    const written = sequence(literal('.'), nonEmpty(behind));
    return a === null || /^0*$/.test(a) ? optional(written) : written;
  };
  const [first, last] = [Number(from.whole), to === null ? hi : Number(to.whole)];
  if (to !== null && first === last) return sequence(literal(from.whole), fraction(from.fraction, to.fraction));
  return choice(
    sequence(literal(from.whole), fraction(from.fraction, null)),
    sequence(integerPattern(first + 1, last - 1), fraction(null, null)),
    ...(to === null ? [] : [sequence(literal(to.whole), fraction(null, to.fraction))]),
  );
}

/** A number's digits before and behind the point. */
function decimal(x: number): { readonly whole: string; readonly fraction: string } | null {
  const found = /^(\d+)(?:\.(\d{1,15}))?$/.exec(String(Math.abs(x)));
  return found === null ? null : { whole: found[1], fraction: found[2] ?? '' };
}

/** Digits behind a point from `a` to `b`; null is no bound. What is left out at the end counts as zeros. */
function digitsBetween(a: string | null, b: string | null): Pattern {
  if (a === null && b === null) return ANY_DIGITS;
  if (a !== null && /^0*$/.test(a)) return digitsBetween(null, b);
  if (b === '') return a === null ? repeat(digits(0, 0), 0, MOST_DIGITS) : choice();
  const lo = a === null ? 0 : Number(a[0]);
  const hi = b === null ? 9 : Number(b[0]);
  const rest = (bound: string | null): string | null => bound?.slice(1) ?? null;
  const options: Pattern[] = [];
  if (lo === hi) options.push(sequence(digits(lo, lo), digitsBetween(rest(a), rest(b))));
  else if (lo < hi) {
    options.push(sequence(digits(lo, lo), digitsBetween(rest(a), null)));
    if (lo + 1 < hi) options.push(sequence(digits(lo + 1, hi - 1), ANY_DIGITS));
    options.push(sequence(digits(hi, hi), digitsBetween(null, rest(b))));
  }
  // Ending here is as good as zeros: enough where nothing is asked for any more.
  return a === null ? optional(choice(...options)) : choice(...options);
}

/** Without the empty text, which no point may stand before. */
function nonEmpty(pattern: Pattern): Pattern {
  if (pattern.kind !== 'repeat' || pattern.least > 0) return pattern;
  return repeat(pattern.of, 1, pattern.most);
}

function digits(from: number, to: number): Pattern {
  return oneOf([0x30 + from, 0x30 + to]);
}
