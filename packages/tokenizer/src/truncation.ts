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

/** Lengths that two sequences keep when the longer gives up tokens first. */
export function longestFirst(first: number, second: number, max: number): [number, number] {
  let shorter = Math.min(first, second);
  let longer = shorter > max ? shorter : Math.max(shorter, max - shorter);
  if (shorter + longer > max) {
    shorter = Math.floor(max / 2);
    longer = shorter + (max % 2);
  }
  return first > second ? [longer, shorter] : [shorter, longer];
}

function uncut(expected: string, got: string): TokenizerError {
  return new TokenizerError({ kind: 'input', where: 'truncation.strategy', expected, got });
}

/** Truncates; `max` counts no special tokens. */
export function truncate(parts: readonly Encoding[], max: number, truncation: Truncation): Encoding[] {
  const { stride = 0, strategy = 'longestFirst', side = 'right' } = truncation;
  const [first, second] = parts as readonly [Encoding, Encoding?];
  const total = first.length + (second?.length ?? 0);
  if (max === 0) return parts.map((part) => part.truncate(0, stride, side));
  if (total <= max) return [...parts];
  if (strategy === 'longestFirst') {
    if (second === undefined) return [first.truncate(max, stride, side)];
    const [a, b] = longestFirst(first.length, second.length, max);
    return [first.truncate(a, stride, side), second.truncate(b, stride, side)];
  }
  const target = strategy === 'onlyFirst' ? first : second;
  const keep = (target?.length ?? 0) - (total - max);
  if (target === undefined || keep <= 0)
    throw uncut(
      target === undefined
        ? 'a pair, for onlySecond'
        : `a ${strategy === 'onlyFirst' ? 'first' : 'second'} sequence long enough to cut`,
      `${target?.length ?? 0} tokens, ${total - max} of them to remove`,
    );
  return parts.map((part) => (part === target ? part.truncate(keep, stride, side) : part));
}

/**
 * Which tokens of two sequences, laid one after the other and parted at `split`, a batch's row keeps where it has no room for all:
 * [start, end) of the first and of the second.
 */
export function keptRanges(split: number, total: number, room: number, truncation: Truncation): readonly number[] {
  let first = split;
  let second = total - split;
  const { strategy = 'longestFirst', side = 'right' } = truncation;
  if (strategy === 'longestFirst' || room === 0) [first, second] = longestFirst(first, second, room);
  else if (strategy === 'onlyFirst') first -= total - room;
  else second -= total - room;
  if (first < 0 || second < 0)
    throw uncut(`sequences that ${strategy} can cut to ${room} tokens`, `${split} and ${total - split}`);
  return side === 'right' ? [0, first, split, split + second] : [split - first, split, total - second, total];
}
