// What was written so far, and what is allowed, change a row of logits in place. No token is chosen here.
import { ArgumentError, IndexError } from '@heddle/tensor';
import type { ChoiceOptions } from './choice';

/**
 * Changes a row of logits, or of log probabilities, by what was written so far.
 *
 * @param tokens prompt and generated tokens
 * @param prompted how many of them are the prompt
 * @throws {ArgumentError} where `allowed` allows nothing.
 * @throws {IndexError} where it allows what is outside the vocabulary.
 */
export function penalize(
  logits: Float32Array,
  tokens: readonly number[],
  prompted: number,
  options: ChoiceOptions,
): void {
  const { repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0, noRepeatNgram, allowed } = options;
  if (repetitionPenalty !== 1) {
    for (const id of new Set(tokens)) logits[id] *= logits[id] < 0 ? repetitionPenalty : 1 / repetitionPenalty;
  }
  if (presencePenalty !== 0 || frequencyPenalty !== 0) {
    const generated = tokens.slice(prompted);
    for (const id of new Set(generated)) logits[id] -= presencePenalty;
    for (const id of generated) logits[id] -= frequencyPenalty;
  }
  if (noRepeatNgram !== undefined)
    for (const id of repeating(tokens, noRepeatNgram)) logits[id] = Number.NEGATIVE_INFINITY;
  const only = allowed?.(tokens.slice(prompted)) ?? null;
  if (only !== null) keepOnly(logits, only);
}

/** Tokens that would end a group that was there before. */
function repeating(tokens: readonly number[], n: number): number[] {
  const start = tokens.length - n + 1;
  const found: number[] = [];
  for (let i = 0; i + n <= tokens.length; i++) {
    let k = 0;
    while (k < n - 1 && tokens[i + k] === tokens[start + k]) k++;
    if (k === n - 1) found.push(tokens[i + n - 1]);
  }
  return found;
}

function keepOnly(logits: Float32Array, allowed: Iterable<number>): void {
  if (typeof allowed !== 'object' || !(Symbol.iterator in allowed))
    throw new ArgumentError('generate', 'allowed', 'a function that gives a list of tokens, or null', String(allowed));
  const kept = new Map<number, number>();
  for (const id of allowed) {
    if (!(Number.isInteger(id) && id >= 0 && id < logits.length))
      throw new IndexError('generate', 'allowed', `ids in [0, ${logits.length})`, String(id));
    kept.set(id, logits[id]);
  }
  if (kept.size === 0) throw new ArgumentError('generate', 'allowed', 'at least one token', 'none');
  logits.fill(Number.NEGATIVE_INFINITY);
  for (const [id, value] of kept) logits[id] = value;
}
