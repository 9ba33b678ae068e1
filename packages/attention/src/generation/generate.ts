// Writing texts with any model that can decode: at once, or token by token. Which way is taken is told by the settings.
import { ArgumentError } from '@heddle/tensor';
import { checkKinds, checkPromptKinds } from './arguments';
import { isSampled } from './choice';
import { codecOf, type GenerateOptions, type Generative, requireCount, type Settings, settle } from './options';
import type { GenerationStep } from './step';
import { stepwise } from './stepwise';
import { StopStrings, textOf } from './stops';

/** A text that was generated. */
export interface Generated {
  /** The prompt and what was generated; of an encoder–decoder, the start token and what was generated. */
  readonly ids: readonly number[];
  /** What was generated, a last eos included. */
  readonly newIds: readonly number[];
  /** What was generated as text, without what stopped it; empty without a tokenizer. */
  readonly text: string;
  /** Log probability of each new token, after penalties and before filters. */
  readonly logProbs: readonly number[];
  /** Sum of them; for beam search, divided by the length penalty's power of the length. */
  readonly score: number;
  /** Whether it ended by itself. */
  readonly ended: boolean;
}

/** Prompts as ids, or as texts where there is a tokenizer. */
export type Prompts = readonly (string | readonly number[])[];

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
  checkKinds(options);
  yield* steps(model, prompts, await settle(model, filled(model, options)));
}

/** With what the model does where nothing is said. */
function filled({ generationConfig }: Generative, options: GenerateOptions): GenerateOptions {
  return generationConfig?.fill(options, isSampled(options)) ?? options;
}

/** What is seldom asked for is loaded then. */
async function* steps(
  model: Generative,
  prompts: readonly (readonly number[])[],
  settings: Settings,
): AsyncGenerator<GenerationStep> {
  const { draft, contrastiveAlpha, topK = 4, useCache, prefix } = settings;
  if (draft !== undefined) {
    if (contrastiveAlpha !== undefined)
      throw new ArgumentError('generate', 'draft', 'none in a contrastive search', 'a model');
    requireCount('draftTokens', settings.draftTokens ?? 1);
    const { speculative } = await import('./speculative');
    yield* speculative(model, prompts, { ...settings, draft });
    return;
  }
  if (contrastiveAlpha !== undefined) {
    const { contrastive } = await import('./contrastive');
    yield* contrastive(model, prompts, { ...settings, contrastiveAlpha, topK });
    return;
  }
  const decoding = model.startDecoding(prompts, { useCache, prefix });
  try {
    yield* stepwise(decoding, settings);
  } finally {
    decoding.dispose();
  }
}

/**
 * Continues prompts, or answers them.
 *
 * @throws {ArgumentError} where a setting or a prompt is wrong.
 */
export async function generate(model: Generative, prompts: Prompts, given: GenerateOptions = {}): Promise<Generated[]> {
  checkKinds(given);
  checkPromptKinds(prompts);
  const options = filled(model, given);
  const { beams = 1, returnSequences = 1, contrastiveAlpha } = options;
  requireCount('beams', beams);
  requireCount('returnSequences', returnSequences);
  const ids = prompts.map((prompt) =>
    typeof prompt === 'string' ? codecOf(options, 'prompts that are texts').encode(prompt).ids : prompt,
  );
  if (beams > 1) return withBeams(model, ids, options, beams, returnSequences);
  const settings = await settle(model, options);
  if (returnSequences > 1 && (!settings.sampled || contrastiveAlpha !== undefined))
    throw new ArgumentError('generate', 'returnSequences', '1, beams, or sample: true', String(returnSequences));
  const repeated = ids.flatMap((prompt) => Array.from({ length: returnSequences }, () => prompt));
  const found = repeated.map(() => ({ newIds: [] as number[], logProbs: [] as number[], ended: false }));
  for await (const step of steps(model, repeated, settings)) {
    step.forEach((token, i) => {
      if (token === null) return;
      found[i].newIds.push(token.id);
      found[i].logProbs.push(token.logProb);
      found[i].ended = token.ended;
    });
  }
  return found.map(({ newIds, logProbs, ended }, i) => ({
    ids: [...startOf(model, repeated[i]), ...newIds],
    newIds,
    text: writtenText(model, repeated[i], newIds, options),
    logProbs,
    score: logProbs.reduce((a, b) => a + b, 0),
    ended,
  }));
}

async function withBeams(
  model: Generative,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
  beams: number,
  returnSequences: number,
): Promise<Generated[]> {
  const settings = await settle(model, options);
  const { beamSearch, beamOptions } = await import('./beam-search');
  const own = beamOptions(model, settings, beams, returnSequences);
  const decoding = model.startDecoding(prompts, { useCache: options.useCache, prefix: options.prefix });
  try {
    const prompted = decoding.prompted.slice();
    const found = await beamSearch(decoding, own, returnSequences);
    return found.flatMap((hypotheses, i) =>
      hypotheses.map(({ tokens, score, logProbs, ended }) => {
        const newIds = tokens.slice(prompted[i]);
        return { ids: tokens, newIds, text: writtenText(model, prompts[i], newIds, options), logProbs, score, ended };
      }),
    );
  } finally {
    decoding.dispose();
  }
}

/** What a row of a decoding begins with. */
function startOf({ startId }: Generative, prompt: readonly number[]): readonly number[] {
  return startId === undefined ? prompt : [startId];
}

function writtenText(
  model: Generative,
  prompt: readonly number[],
  newIds: readonly number[],
  { tokenizer, stop = [] }: GenerateOptions,
): string {
  if (tokenizer === undefined) return '';
  const text = textOf(tokenizer, model.startId === undefined ? prompt : [], newIds);
  const end = stop.length === 0 ? -1 : new StopStrings(tokenizer, stop).placeIn(text);
  return end < 0 ? text : text.slice(0, end);
}
