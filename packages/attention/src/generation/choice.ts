// How the next token is chosen: the settings, and their check at the door. The arithmetic stands beside, in penalties and
// distribution.
import { ArgumentError, type Generator } from '@heddle/tensor';

/** What shapes the choice of each token. Filters apply in the order in which they stand here, as in transformers. */
export interface ChoiceOptions {
  /** Above 1 makes tokens that were there already less likely (Keskar et al. 2019). */
  readonly repetitionPenalty?: number | undefined;
  /** Taken off the logit of each token that was generated. */
  readonly presencePenalty?: number | undefined;
  /** Taken off for each time that a token was generated. */
  readonly frequencyPenalty?: number | undefined;
  /** No group of this many tokens occurs twice. */
  readonly noRepeatNgram?: number | undefined;
  /** Which tokens may come next; null for all. Constrains what is generated. */
  readonly allowed?: ((generated: readonly number[]) => Iterable<number> | null) | undefined;
  /** Draws tokens instead of taking the likeliest. True where one of the settings below is given. */
  readonly sample?: boolean | undefined;
  /** Below 1 sharpens, above 1 flattens. */
  readonly temperature?: number | undefined;
  /** Only the likeliest so many. */
  readonly topK?: number | undefined;
  /** The likeliest that together reach this probability (Holtzman et al. 2020). */
  readonly topP?: number | undefined;
  /** Those at least so likely as this share of the likeliest. */
  readonly minP?: number | undefined;
  /** Those of a likelihood near the expected one, up to this probability (Meister et al. 2023). */
  readonly typicalP?: number | undefined;
  /** Where random numbers come from. Without one, and without a seed, each call takes a stream of its own from the default generator. */
  readonly generator?: Generator | undefined;
  /** Seed of a generator of the call's own. */
  readonly seed?: number | undefined;
}

/**
 * Checks the settings once.
 *
 * @throws {ArgumentError} naming the setting that is wrong.
 */
export function checkChoice(options: ChoiceOptions): void {
  const check = (name: keyof ChoiceOptions, expected: string, right: (value: number) => boolean): void => {
    const value = options[name];
    if (value !== undefined && !(typeof value === 'number' && right(value)))
      throw new ArgumentError('generate', name, expected, String(value));
  };
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  for (const name of ['temperature', 'repetitionPenalty'] as const)
    check(name, 'a number above 0', (value) => value > 0 && Number.isFinite(value));
  for (const name of ['topP', 'minP', 'typicalP'] as const)
    check(name, 'a share in (0, 1]', (value) => value > 0 && value <= 1);
  for (const name of ['topK', 'noRepeatNgram'] as const) check(name, 'a whole number of at least 1', whole);
  for (const name of ['presencePenalty', 'frequencyPenalty'] as const) check(name, 'a number', Number.isFinite);
  check('seed', 'a whole number of at least 0', (value) => Number.isSafeInteger(value) && value >= 0);
  if (options.seed !== undefined && options.generator !== undefined)
    throw new ArgumentError('generate', 'seed', 'either a seed or a generator', 'both');
}

/** Whether tokens are drawn. */
export function isSampled({ sample, temperature, topK, topP, minP, typicalP }: ChoiceOptions): boolean {
  return sample ?? [temperature, topK, topP, minP, typicalP].some((setting) => setting !== undefined);
}
