// Checks that constructors of layers share. Shapes of tensors are checked by the ops themselves.
import { ArgumentError } from '@heddle/tensor';

/** Throws unless `value` is a whole number of at least `least`. */
export function requireWhole(owner: string, name: string, value: number, least = 1): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ArgumentError(owner, name, `a whole number of at least ${least}`, String(value));
}

/** Throws unless `value` is a probability below one. */
export function requireProbability(owner: string, name: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new ArgumentError(owner, name, 'a probability in [0, 1)', String(value));
}
