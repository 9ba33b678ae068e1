// Checks that layers, adapters and models share. Shapes of tensors are checked by the ops themselves.
import { ArgumentError } from '@heddle/tensor';
import { Module } from '@heddle/tensor/nn';

/** Throws unless `value` is a whole number of at least `least`. */
export function requireWhole(owner: string, name: string, value: number, least = 1): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ArgumentError(owner, name, `a whole number of at least ${least}`, String(value));
}

/** Throws unless `value` is a probability below one. */
export function requireProbability(owner: string, name: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new ArgumentError(owner, name, 'a probability in [0, 1)', String(value));
}

/** Throws unless `options` is an object: a number or a text in its place would change nothing without a word. */
export function requireOptions(owner: string, options: unknown, name = 'options'): void {
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError(owner, name, 'an object', shown(options));
}

/** Throws unless `model` is a module. */
export function requireModule(owner: string, model: unknown): void {
  if (!(model instanceof Module)) throw new ArgumentError(owner, 'model', 'a module', shown(model));
}

/** A value as an error shows it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `the text '${value}'`;
  if (Array.isArray(value)) return `[${value.map(String).join(', ')}]`;
  return typeof value === 'object' && value !== null
    ? `an object of ${Object.keys(value).join(', ') || 'nothing'}`
    : String(value);
}
