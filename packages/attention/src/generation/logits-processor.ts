// Tokens that may not come, and tokens that must, as transformers' logits processors have them. Loaded where one is asked
// for.
import { ArgumentError, IndexError } from '@heddle/tensor';
import type { Settings } from './options';

/** What may not be written, and what has to be. */
export interface ProcessorOptions {
  /** No eos before a text has so many new tokens. */
  readonly minNewTokens?: number | undefined;
  /** The same for all tokens of a text, its prompt among them. Counts where `minNewTokens` isn't said. */
  readonly minLength?: number | undefined;
  /**
   * Sequences of tokens that aren't written. As in transformers, one of eos alone doesn't count, and one of n tokens counts
   * where a row has n of them.
   */
  readonly badWordsIds?: readonly (readonly number[])[] | undefined;
  /** What follows a row's very first token: the language that mBART answers in. */
  readonly forcedBosId?: number | undefined;
  /** Of which one is the last token of a text that didn't end before. */
  readonly forcedEosIds?: readonly number[] | undefined;
  /** Tokens that aren't written. */
  readonly suppressTokens?: readonly number[] | undefined;
  /** Tokens that aren't written first, or behind the forced bos. */
  readonly beginSuppressTokens?: readonly number[] | undefined;
}

/** Changes rows of logits, or of log probabilities. */
export interface LogitsProcessor {
  /** An option that it comes from, for errors. */
  readonly name: string;
  /** Tokens at the end of a text that are settled: 1 with a forced eos. */
  readonly reserved: number;
  /**
   * Changes a row in place: what may not come becomes −∞, what must come 0 beside it.
   *
   * @param tokens prompt and generated tokens
   * @param prompted how many of them are the prompt
   * @param left tokens that may still be written, this one included
   */
  process(logits: Float32Array, tokens: readonly number[], prompted: number, left: number): void;
}

/**
 * All of the options as one. They apply in transformers' order: what is forced comes though it be a bad word, and is
 * suppressed all the same.
 *
 * @throws {ArgumentError} naming the option that is wrong.
 * @throws {IndexError} where an id is outside the vocabulary.
 */
export function logitsProcessor(
  options: ProcessorOptions & Pick<Settings, 'eosIds' | 'maxNewTokens'>,
  vocabSize: number,
): LogitsProcessor {
  check(options, vocabSize);
  const { eosIds, minNewTokens, minLength = 0, badWordsIds = [], forcedBosId, forcedEosIds } = options;
  const { suppressTokens = [], beginSuppressTokens = [] } = options;
  const isEos = (word: readonly number[]): boolean => word.length === 1 && eosIds.includes(word[0]);
  const endings = byPrefix(badWordsIds.filter((word) => !isEos(word)));
  return {
    name: Object.keys(expected).find((name) => options[name as keyof ProcessorOptions] !== undefined) ?? 'options',
    reserved: forcedEosIds === undefined ? 0 : 1,
    process(logits, tokens, prompted, left) {
      const forbid = (ids: readonly number[]): void => {
        for (const id of ids) logits[id] = Number.NEGATIVE_INFINITY;
      };
      const force = (ids: readonly number[]): void => {
        logits.fill(Number.NEGATIVE_INFINITY);
        for (const id of ids) logits[id] = 0;
      };
      for (const word of [...(endings.get(undefined) ?? []), ...(endings.get(tokens[tokens.length - 1]) ?? [])])
        if (completes(word, tokens)) forbid(word.slice(-1));
      const least = minNewTokens === undefined ? minLength : prompted + minNewTokens;
      if (tokens.length < least) forbid(eosIds);
      if (forcedBosId !== undefined && tokens.length === 1) force([forcedBosId]);
      if (forcedEosIds !== undefined && left === 1) force(forcedEosIds);
      forbid(suppressTokens);
      const begin = prompted === 1 && forcedBosId !== undefined ? 2 : prompted;
      if (tokens.length === begin) forbid(beginSuppressTokens);
    },
  };
}

/** Sequences by their last token but one: of thousands, few are looked at. */
function byPrefix(words: readonly (readonly number[])[]): ReadonlyMap<number | undefined, readonly number[][]> {
  const found = new Map<number | undefined, number[][]>();
  for (const word of words) {
    const key = word[word.length - 2];
    const others = found.get(key);
    if (others === undefined) found.set(key, [[...word]]);
    else others.push([...word]);
  }
  return found;
}

/** Whether a sequence's last token would complete it. */
function completes(word: readonly number[], tokens: readonly number[]): boolean {
  const start = tokens.length - word.length + 1;
  // One more token than its beginning takes: that's how transformers counts.
  return word.length <= tokens.length && word.slice(0, -1).every((id, i) => id === tokens[start + i]);
}

/** What each option should be. The order is that in which an option is blamed where no token is left. */
const expected: Readonly<Record<keyof ProcessorOptions, string>> = {
  suppressTokens: 'a list of token ids',
  beginSuppressTokens: 'a list of token ids',
  badWordsIds: 'a list of lists of at least one token id',
  forcedBosId: 'a token id',
  forcedEosIds: 'a list of at least one token id',
  minNewTokens: 'a whole number of at least 0',
  minLength: 'a whole number of at least 0',
};

function check(options: ProcessorOptions & Pick<Settings, 'maxNewTokens'>, vocabSize: number): void {
  const wrong = (name: keyof ProcessorOptions, value: unknown): ArgumentError =>
    new ArgumentError('generate', name, expected[name], JSON.stringify(value) ?? String(value));
  const checkIds = (name: keyof ProcessorOptions, ids: unknown, least: number): void => {
    if (!Array.isArray(ids) || ids.length < least || !ids.every(Number.isInteger)) throw wrong(name, options[name]);
    const strange = ids.find((id) => id < 0 || id >= vocabSize);
    if (strange !== undefined) throw new IndexError('generate', name, `ids in [0, ${vocabSize})`, String(strange));
  };
  const {
    minNewTokens = 0,
    minLength = 0,
    maxNewTokens,
    badWordsIds = [],
    forcedBosId = 0,
    forcedEosIds = [0],
  } = options;
  const { suppressTokens = [], beginSuppressTokens = [] } = options;
  for (const [name, count] of Object.entries({ minNewTokens, minLength }))
    if (!Number.isInteger(count) || count < 0) throw wrong(name as 'minLength', count);
  if (minNewTokens > maxNewTokens)
    throw new ArgumentError('generate', 'minNewTokens', `at most maxNewTokens = ${maxNewTokens}`, String(minNewTokens));
  if (!Array.isArray(badWordsIds)) throw wrong('badWordsIds', badWordsIds);
  for (const word of badWordsIds) checkIds('badWordsIds', word, 1);
  if (!Number.isInteger(forcedBosId)) throw wrong('forcedBosId', forcedBosId);
  checkIds('forcedBosId', [forcedBosId], 1);
  checkIds('forcedEosIds', forcedEosIds, 1);
  checkIds('suppressTokens', suppressTokens, 0);
  checkIds('beginSuppressTokens', beginSuppressTokens, 0);
}
