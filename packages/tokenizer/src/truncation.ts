// Cuts one encoding or a pair to a number of tokens.
import type { Encoding } from './encoding';
import { TokenizerError } from './errors';

/** Which end of a text is cut off, or padded. */
export type Side = 'left' | 'right';

/** Which sequence of a pair gives up tokens. */
export type TruncationStrategy = 'longestFirst' | 'onlyFirst' | 'onlySecond';

/** The strategies by their names in `tokenizer.json`. */
export const STRATEGIES = {
  LongestFirst: 'longestFirst',
  OnlyFirst: 'onlyFirst',
  OnlySecond: 'onlySecond',
} as const satisfies Readonly<Record<string, TruncationStrategy>>;

/** How to cut. */
export interface Truncation {
  /** Most tokens, special ones included. */
  readonly maxLength: number;
  /** Tokens that a window shares with the one before. */
  readonly stride?: number;
  readonly strategy?: TruncationStrategy;
  readonly side?: Side;
}

/** Tokens that a text or two keep of so many each, where there is room for `max` in all: fewer than they have. */
export function keptLengths(
  lengths: readonly number[],
  max: number,
  { strategy = 'longestFirst' }: Truncation,
): readonly number[] {
  const [first = 0, second = 0] = lengths;
  if (strategy === 'longestFirst' || max === 0) {
    let shorter = Math.min(first, second);
    let longer = Math.max(shorter, max - shorter);
    if (shorter + longer > max) {
      shorter = Math.floor(max / 2);
      longer = max - shorter;
    }
    return first > second ? [longer, shorter] : [shorter, longer];
  }
  const cut = strategy === 'onlyFirst' ? 0 : 1;
  const excess = first + second - max;
  if ((lengths[cut] ?? 0) <= excess)
    throw new TokenizerError({
      kind: 'input',
      where: 'truncation.strategy',
      expected: `sequences that ${strategy} can cut to ${max} tokens`,
      got: `${first} and ${second} tokens`,
    });
  return lengths.map((length, i) => (i === cut ? length - excess : length));
}

/** Truncates; `max` counts no special tokens. */
export function truncate(parts: readonly Encoding[], max: number, truncation: Truncation): Encoding[] {
  const { stride = 0, side = 'right' } = truncation;
  const lengths = parts.map(({ length }) => length);
  if (lengths.reduce((sum, length) => sum + length) <= max) return [...parts];
  const kept = keptLengths(lengths, max, truncation);
  return parts.map((part, i) => part.truncate(kept[i] as number, stride, side));
}
