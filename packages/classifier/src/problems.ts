// Checking settings: everything that is wrong is listed at once. What came out of a file is trusted in nothing.
import { ArgumentError, FormatError } from '@heddle/tensor';

/** What a field must be: says what was expected where it is not. */
export type Rule = (value: unknown) => string | null;

/** A whole number in a range. */
export const whole =
  (least: number, most = 1e9): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? null
      : `a whole number from ${least} to ${most}`;

/** A probability below one. */
export const probability: Rule = (value) =>
  typeof value === 'number' && value >= 0 && value < 1 ? null : 'a probability in [0, 1)';

/** True or false. */
export const flag: Rule = (value) => (typeof value === 'boolean' ? null : 'true or false');

/** One of some words. */
export const oneOf =
  (...words: readonly string[]): Rule =>
  (value) =>
    typeof value === 'string' && words.includes(value) ? null : `one of ${words.join(', ')}`;

/** At least two different texts. */
export const labelList: Rule = (value) =>
  Array.isArray(value) &&
  value.length >= 2 &&
  value.every((label) => typeof label === 'string') &&
  new Set(value).size === value.length
    ? null
    : 'a list of at least two different labels';

/** A rule a field; fields without one are unknown. */
export type Rules<T> = { readonly [K in keyof Required<T>]: Rule };

/** Every problem of some settings, one text each. */
export function problemsOf<T extends object>(settings: object, rules: Rules<T>): readonly string[] {
  const known = new Map<string, Rule>(Object.entries<Rule>(rules));
  const found: string[] = [];
  for (const [name, rule] of known) {
    const value: unknown = Reflect.get(settings, name);
    const expected = rule(value);
    if (expected !== null) found.push(`${name}: expected ${expected}, got ${JSON.stringify(value) ?? 'nothing'}`);
  }
  for (const name of Object.keys(settings)) if (!known.has(name)) found.push(`${name}: unknown setting`);
  return found;
}

/** Throws unless `value` is a whole number of at least `least`. */
export function requireWhole(owner: string, name: string, value: number, least = 1): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ArgumentError(owner, name, `a whole number of at least ${least}`, String(value));
}

/** Throws unless `value` is a list. */
export function requireList(owner: string, name: string, value: unknown, of: string): void {
  if (!Array.isArray(value)) throw new ArgumentError(owner, name, `a list of ${of}`, JSON.stringify(value) ?? 'none');
}

/** Throws unless `value` is a text. */
export function requireText(owner: string, name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new ArgumentError(owner, name, 'a text', JSON.stringify(value) ?? 'none');
}

/** Throws unless `config` is an object. */
export function requireConfig(owner: string, config: unknown): void {
  if (typeof config !== 'object' || config === null)
    throw new ArgumentError(owner, 'config', 'an object of settings', String(config));
}

/** Throws an `ArgumentError` for settings that a program made. */
export function requireSettings<T extends object>(owner: string, settings: T, rules: Rules<T>): void {
  const problems = problemsOf(settings, rules);
  if (problems.length > 0) throw new ArgumentError(owner, 'config', 'valid settings', problems.join('; '));
}

/** Throws a `FormatError` for settings that a file holds. */
export function requireFileSettings<T extends object>(
  file: string,
  settings: object,
  rules: Rules<T>,
): asserts settings is T {
  const problems = problemsOf(settings, rules);
  if (problems.length > 0) throw new FormatError(file, problems.join('; '));
}
