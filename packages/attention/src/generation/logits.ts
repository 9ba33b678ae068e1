// From logits to a token, on the host: penalties, filters, drawing. Pure functions over one row; no model here.
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
  /** Where random numbers come from; a stream of its own keeps calls apart. */
  readonly generator?: Generator | undefined;
}

/** Checks the settings once. */
export function checkChoice(options: ChoiceOptions): void {
  const above = (name: keyof ChoiceOptions, value: number | undefined): void => {
    if (value !== undefined && !(value > 0 && Number.isFinite(value)))
      throw new ArgumentError('generate', name, 'a number above 0', String(value));
  };
  const share = (name: keyof ChoiceOptions, value: number | undefined): void => {
    if (value !== undefined && !(value > 0 && value <= 1))
      throw new ArgumentError('generate', name, 'a share in (0, 1]', String(value));
  };
  const whole = (name: keyof ChoiceOptions, value: number | undefined): void => {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw new ArgumentError('generate', name, 'a whole number of at least 1', String(value));
  };
  above('temperature', options.temperature);
  above('repetitionPenalty', options.repetitionPenalty);
  share('topP', options.topP);
  share('minP', options.minP);
  share('typicalP', options.typicalP);
  whole('topK', options.topK);
  whole('noRepeatNgram', options.noRepeatNgram);
}

/** Whether tokens are drawn. */
export function isSampled({ sample, temperature, topK, topP, minP, typicalP }: ChoiceOptions): boolean {
  return sample ?? [temperature, topK, topP, minP, typicalP].some((setting) => setting !== undefined);
}

/**
 * Changes a row of logits by what was written so far.
 *
 * @param tokens prompt and generated tokens
 * @param prompted how many of them are the prompt
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
  if (only !== null) keepOnly(logits, new Set(only));
}

/** Tokens that would end a group that was there before. */
function repeating(tokens: readonly number[], n: number): number[] {
  const start = tokens.slice(tokens.length - n + 1);
  const found: number[] = [];
  for (let i = 0; i + n <= tokens.length; i++)
    if (start.every((id, k) => tokens[i + k] === id)) found.push(tokens[i + n - 1]);
  return found;
}

function keepOnly(logits: Float32Array, allowed: ReadonlySet<number>): void {
  for (let id = 0; id < logits.length; id++) if (!allowed.has(id)) logits[id] = Number.NEGATIVE_INFINITY;
}

/** log softmax, in float64. */
export function logSoftmax(logits: Float32Array): Float64Array {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (const x of logits) total += Math.exp(x - top);
  const shift = top + Math.log(total);
  return Float64Array.from(logits, (x) => x - shift);
}

/** The likeliest token. */
export function likeliest(logProbs: Float64Array): number {
  let best = 0;
  for (let id = 1; id < logProbs.length; id++) if (logProbs[id] > logProbs[best]) best = id;
  return best;
}

/** A token drawn from what the filters leave. */
export function draw(logits: Float32Array, options: ChoiceOptions, uniform: number): number {
  const { temperature = 1, topK, topP, minP, typicalP } = options;
  const logProbs = logSoftmax(temperature === 1 ? logits : logits.map((x) => x / temperature));
  let order = Array.from(logProbs.keys()).filter((id) => logProbs[id] > Number.NEGATIVE_INFINITY);
  order.sort((a, b) => logProbs[b] - logProbs[a] || a - b);
  if (topK !== undefined) order = order.slice(0, topK);
  if (topP !== undefined) order = reaching(order, logProbs, topP);
  if (minP !== undefined) {
    const floor = logProbs[order[0]] + Math.log(minP);
    order = order.filter((id) => logProbs[id] >= floor);
  }
  if (typicalP !== undefined) order = reaching(byTypicality(order, logProbs), logProbs, typicalP);
  return pick(order, logProbs, uniform);
}

/** The first of `order` that together reach a share of what all of them have. */
function reaching(order: readonly number[], logProbs: Float64Array, share: number): number[] {
  const total = order.reduce((sum, id) => sum + Math.exp(logProbs[id]), 0);
  const kept: number[] = [];
  let reached = 0;
  for (const id of order) {
    kept.push(id);
    reached += Math.exp(logProbs[id]) / total;
    if (reached >= share) break;
  }
  return kept;
}

/** Tokens by how near their surprise is to the expected one. */
function byTypicality(order: readonly number[], logProbs: Float64Array): number[] {
  const entropy = -order.reduce((sum, id) => sum + Math.exp(logProbs[id]) * logProbs[id], 0);
  const away = (id: number): number => Math.abs(-logProbs[id] - entropy);
  return [...order].sort((a, b) => away(a) - away(b) || a - b);
}

/** The token at a place of the cumulated probabilities. */
function pick(order: readonly number[], logProbs: Float64Array, uniform: number): number {
  let left = uniform * order.reduce((sum, id) => sum + Math.exp(logProbs[id]), 0);
  for (const id of order) {
    left -= Math.exp(logProbs[id]);
    if (left < 0) return id;
  }
  return order[order.length - 1];
}
