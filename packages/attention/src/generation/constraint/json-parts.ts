// What JSON texts are put together from: values that are known, lists of members, properties in their order.
import { stringLiteral } from './json-string';
import { choice, literal, optional, type Pattern, repeat, sequence } from './pattern';
import { asObject } from './schema-object';

/** Between members. */
export const COMMA: Pattern = sequence(literal(','), optional(literal(' ')));

/** Behind the name of a property. */
export const COLON: Pattern = sequence(literal(':'), optional(literal(' ')));

/** This very value. */
export function jsonLiteral(value: unknown): Pattern {
  if (typeof value === 'string') return stringLiteral(value);
  if (Array.isArray(value)) {
    const items = value.map(jsonLiteral);
    return sequence(literal('['), members(items, null, items.length, items.length), literal(']'));
  }
  const object = asObject(value);
  if (object === null) return literal(JSON.stringify(value));
  const entries = Object.entries(object).map(([key, inner]) => ({
    pattern: sequence(stringLiteral(key), COLON, jsonLiteral(inner)),
    needed: true,
  }));
  return sequence(literal('{'), ordered(entries), literal('}'));
}

/** Between `least` and `most` members: the first have patterns of their own, the others share one. */
export function members(prefix: readonly Pattern[], rest: Pattern | null, least: number, most: number): Pattern {
  // From the end: what follows i members, each behind a comma but the first.
  const behind = (before: number): Pattern => (before === 0 ? sequence() : COMMA);
  let tail: Pattern = sequence();
  if (rest !== null && most > prefix.length) {
    const next = sequence(COMMA, rest);
    const [fewest, mostMore] = [Math.max(least - prefix.length, 0), most - prefix.length];
    if (prefix.length > 0) tail = repeat(next, fewest, mostMore);
    else {
      const some = sequence(rest, repeat(next, Math.max(fewest - 1, 0), mostMore - 1));
      tail = fewest === 0 ? optional(some) : some;
    }
  }
  for (let i = Math.min(prefix.length, most) - 1; i >= 0; i--) {
    const one = sequence(behind(i), prefix[i], tail);
    tail = i < least ? one : optional(one);
  }
  return tail;
}

/** Properties in their order, those that aren't needed left out or not. */
export function ordered(properties: readonly { readonly pattern: Pattern; readonly needed: boolean }[]): Pattern {
  // What may follow once there is something before, built from the end; and what may come first.
  let behind: Pattern = sequence();
  let first: Pattern = sequence();
  for (let i = properties.length - 1; i >= 0; i--) {
    const { pattern, needed } = properties[i];
    const begun = sequence(pattern, behind);
    first = needed ? begun : choice(begun, first);
    const next = sequence(COMMA, pattern);
    behind = sequence(needed ? next : optional(next), behind);
  }
  return first;
}
