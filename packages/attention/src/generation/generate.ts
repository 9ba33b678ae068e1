// Writing texts with any model that can decode: greedy, drawn, or by beam search; all at once or token by token.
import { ArgumentError, defaultGenerator } from '@heddle/tensor';
import { beamSearch } from './beam-search';
import type { Decoding } from './decoding';
import { type ChoiceOptions, checkChoice, draw, isSampled, likeliest, logSoftmax, penalize } from './logits';

/** Settings of `generate`. Without any, the likeliest token is taken each time. */
export interface GenerateOptions extends ChoiceOptions {
  /** 20 where nothing is said. */
  readonly maxNewTokens?: number | undefined;
  /** Tokens that end a text: the model's own where nothing is said. */
  readonly eosIds?: readonly number[] | undefined;
  /** Continuations that are followed at once (beam search): 1 where nothing is said. */
  readonly beams?: number | undefined;
  /** Texts returned for each prompt: 1 where nothing is said. */
  readonly returnSequences?: number | undefined;
  /** Beam search: scores are divided by length to this power. */
  readonly lengthPenalty?: number | undefined;
  /** Beam search: stop as soon as there are enough texts, where no better one is likely, or where none can come. */
  readonly earlyStopping?: boolean | 'never' | undefined;
  /** Beam search: groups of beams that are pushed apart. */
  readonly beamGroups?: number | undefined;
  readonly diversityPenalty?: number | undefined;
  /** Computes keys and values once. True where nothing is said. */
  readonly useCache?: boolean | undefined;
  /** Ends the work; the promise is rejected with its reason, and the cache is freed. */
  readonly signal?: AbortSignal | undefined;
}

/** A text that was generated. */
export interface Generated {
  /** The prompt and what was generated; of an encoder–decoder, the start token and what was generated. */
  readonly ids: readonly number[];
  /** What was generated, a last eos included. */
  readonly newIds: readonly number[];
  /** Log probability of each new token, after penalties and before filters. Empty for beam search. */
  readonly logProbs: readonly number[];
  /** Sum of them; for beam search, divided by the length penalty's power of the length. */
  readonly score: number;
  /** Whether it ended by itself. */
  readonly ended: boolean;
}

/** What can be generated with. */
export interface Generative {
  readonly eosIds: readonly number[];
  readonly vocabSize: number;
  readonly padId: number;
  startDecoding(
    prompts: readonly (readonly number[])[],
    options?: { readonly useCache?: boolean | undefined },
  ): Decoding;
}

/** One step of all rows: a token each, null for rows that had ended before. */
export type GenerationStep = readonly ({
  readonly id: number;
  readonly logProb: number;
  readonly last: boolean;
} | null)[];

/**
 * Token by token. Leaving the loop frees the cache.
 *
 * @throws {ArgumentError} where a setting or a prompt is wrong.
 */
export async function* generateSteps(
  model: Generative,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions = {},
): AsyncGenerator<GenerationStep> {
  checkChoice(options);
  const { eosIds = model.eosIds, useCache, signal } = options;
  const maxNewTokens = newTokens(options);
  const sampled = isSampled(options);
  const generator = options.generator ?? defaultGenerator();
  signal?.throwIfAborted();
  const decoding = model.startDecoding(prompts, { useCache });
  try {
    const ended = prompts.map(() => false);
    for (let generated = 1; generated <= maxNewTokens && decoding.hasRoom; generated++) {
      const rows = await decoding.next();
      signal?.throwIfAborted();
      const last = generated === maxNewTokens;
      const step = rows.map((logits, i) => {
        if (ended[i]) return null;
        penalize(logits, decoding.rows[i], decoding.prompted[i], options);
        const logProbs = logSoftmax(logits);
        const id = sampled ? draw(logits, options, generator.uniform(1)[0]) : likeliest(logProbs);
        ended[i] = eosIds.includes(id);
        return { id, logProb: logProbs[id], last: ended[i] || last };
      });
      decoding.append(step.map((token) => token?.id ?? model.padId));
      yield step;
      if (ended.every(Boolean)) return;
    }
  } finally {
    decoding.dispose();
  }
}

/**
 * Continues prompts, or answers them.
 *
 * @throws {ArgumentError} where a setting or a prompt is wrong.
 */
export async function generate(
  model: Generative,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions = {},
): Promise<Generated[]> {
  const { beams = 1, returnSequences = 1 } = options;
  for (const [name, value] of [
    ['beams', beams],
    ['returnSequences', returnSequences],
  ] as const)
    if (!Number.isInteger(value) || value < 1)
      throw new ArgumentError('generate', name, 'a whole number of at least 1', String(value));
  if (beams > 1) return withBeams(model, prompts, options, beams, returnSequences);
  if (returnSequences > 1 && !isSampled(options))
    throw new ArgumentError('generate', 'returnSequences', '1, beams, or sample: true', String(returnSequences));
  const repeated = prompts.flatMap((prompt) => Array.from({ length: returnSequences }, () => prompt));
  const found = repeated.map(() => ({ newIds: [] as number[], logProbs: [] as number[] }));
  for await (const step of generateSteps(model, repeated, options)) {
    step.forEach((token, i) => {
      if (token === null) return;
      found[i].newIds.push(token.id);
      found[i].logProbs.push(token.logProb);
    });
  }
  const { eosIds = model.eosIds } = options;
  const starts = startsOf(model, repeated);
  return found.map(({ newIds, logProbs }, i) => ({
    ids: [...starts[i], ...newIds],
    newIds,
    logProbs,
    score: logProbs.reduce((a, b) => a + b, 0),
    ended: newIds.length > 0 && eosIds.includes(newIds[newIds.length - 1]),
  }));
}

/** What the rows of a decoding begin with. */
function startsOf(model: Generative, prompts: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return 'startId' in model && typeof model.startId === 'number'
    ? prompts.map(() => [model.startId as number])
    : prompts;
}

async function withBeams(
  model: Generative,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
  beams: number,
  returnSequences: number,
): Promise<Generated[]> {
  checkChoice(options);
  const { eosIds = model.eosIds, lengthPenalty = 1, earlyStopping = false, beamGroups: groups = 1, signal } = options;
  const diversityPenalty = options.diversityPenalty ?? 0;
  if (beams * 2 > model.vocabSize)
    throw new ArgumentError('generate', 'beams', `at most half of the vocabulary's ${model.vocabSize}`, String(beams));
  if (returnSequences > beams)
    throw new ArgumentError('generate', 'returnSequences', `at most beams = ${beams}`, String(returnSequences));
  if (!Number.isInteger(groups) || groups < 1 || beams % groups !== 0)
    throw new ArgumentError('generate', 'beamGroups', `a divisor of beams = ${beams}`, String(groups));
  if (isSampled(options)) throw new ArgumentError('generate', 'beams', '1 where tokens are drawn', String(beams));
  const decoding = model.startDecoding(prompts, { useCache: options.useCache });
  try {
    const prompted = decoding.prompted.slice();
    const settings = { beams, eosIds, lengthPenalty, earlyStopping, groups, diversityPenalty, signal };
    const found = await beamSearch(decoding, { ...options, ...settings, maxNewTokens: newTokens(options) });
    return found.flatMap((hypotheses, i) =>
      [...hypotheses]
        .sort((a, b) => b.score - a.score)
        .slice(0, returnSequences)
        .map(({ tokens, score, ended }) => ({
          ids: tokens,
          newIds: tokens.slice(prompted[i]),
          logProbs: [],
          score,
          ended,
        })),
    );
  } finally {
    decoding.dispose();
  }
}

function newTokens({ maxNewTokens = 20 }: GenerateOptions): number {
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1)
    throw new ArgumentError('generate', 'maxNewTokens', 'a whole number of at least 1', String(maxNewTokens));
  return maxNewTokens;
}
