// What `generate` may be told, and what it comes to once everything is checked.
import { ArgumentError, defaultGenerator, Generator } from '@heddle/tensor';
import type { TextCodec } from '../text-codec';
import { type ChoiceOptions, checkChoice, isSampled } from './choice';
import { constrainToPattern, constrainToSchema } from './constraint';
import type { TokenConstraint } from './constraint/token-constraint';
import type { Decoding } from './decoding';
import type { GenerationConfig } from './generation-config';
import type { LogitsProcessor, ProcessorOptions } from './logits-processor';
import type { PromptPrefix } from './prompt-prefix';
import { StopStrings } from './stops';

/** Settings of `generate`. Without any, the likeliest token is taken each time. */
export interface GenerateOptions extends ChoiceOptions, ProcessorOptions {
  /** 20 where nothing is said. */
  readonly maxNewTokens?: number | undefined;
  /**
   * Tokens of a text, its prompt among them; of an answer, its start token. Counts where `maxNewTokens` isn't said. Behind a
   * prompt that is longer nothing is written.
   */
  readonly maxLength?: number | undefined;
  /** Tokens that end a text: the model's own where nothing is said. */
  readonly eosIds?: readonly number[] | undefined;
  /** Continuations that are followed at once (beam search): 1 where nothing is said. */
  readonly beams?: number | undefined;
  /** Texts returned for each prompt: 1 where nothing is said. Beams that find fewer give their last one again. */
  readonly returnSequences?: number | undefined;
  /** Beam search: scores are divided by length to this power. */
  readonly lengthPenalty?: number | undefined;
  /** Beam search: stop as soon as there are enough texts, where no better one is likely, or where none can come. */
  readonly earlyStopping?: boolean | 'never' | undefined;
  /** Beam search: groups of beams that are pushed apart (Vijayakumar et al. 2018). */
  readonly beamGroups?: number | undefined;
  readonly diversityPenalty?: number | undefined;
  /** Beam search: what penalties and forbidden tokens leave is made a distribution again before texts are compared. */
  readonly renormalizeLogits?: boolean | undefined;
  /**
   * Contrastive search (Su et al. 2022): of the `topK` likeliest tokens (4 where nothing is said), the one that is likely,
   * by 1 − alpha, and unlike all before, by alpha.
   */
  readonly contrastiveAlpha?: number | undefined;
  /** A smaller model of the same vocabulary whose tokens the model only checks (speculative decoding, Leviathan et al. 2023). */
  readonly draft?: Generative | undefined;
  /** Tokens that the draft writes ahead: 5 where nothing is said. */
  readonly draftTokens?: number | undefined;
  /** For prompts, stop strings, patterns and schemas, which are text. */
  readonly tokenizer?: TextCodec | undefined;
  /** Texts that end what is generated; they are not part of its `text`. */
  readonly stop?: readonly string[] | undefined;
  /** A regular expression that the generated text matches as a whole; see `constrainToPattern`. */
  readonly pattern?: RegExp | string | undefined;
  /** A JSON schema that the generated text is valid against; see `constrainToSchema`. */
  readonly schema?: object | undefined;
  /** A pattern or schema that was compiled before. */
  readonly constraint?: TokenConstraint | undefined;
  /** A beginning that all prompts share and that was read before. */
  readonly prefix?: PromptPrefix | undefined;
  /** Computes keys and values once. True where nothing is said. */
  readonly useCache?: boolean | undefined;
  /** Ends the work; the promise is rejected with its reason, and the cache is freed. */
  readonly signal?: AbortSignal | undefined;
}

/** How a decoding begins. */
export interface DecodingOptions {
  readonly useCache?: boolean | undefined;
  readonly prefix?: PromptPrefix | undefined;
}

/** What can be generated with. */
export interface Generative {
  readonly eosIds: readonly number[];
  readonly vocabSize: number;
  readonly padId: number;
  /** What an answer begins with. Without one, the prompt is continued. */
  readonly startId?: number | undefined;
  /** What is done where nothing is said: a checkpoint's generation_config.json. */
  readonly generationConfig?: GenerationConfig | null | undefined;
  startDecoding(prompts: readonly (readonly number[])[], options?: DecodingOptions): Decoding;
}

/** Settings with nothing left open. */
export interface Settings extends Omit<GenerateOptions, 'constraint'> {
  readonly maxNewTokens: number;
  readonly eosIds: readonly number[];
  readonly sampled: boolean;
  /** Whether the text stands by itself, not behind its prompt. */
  readonly answers: boolean;
  readonly generator: Generator;
  readonly stops: StopStrings | null;
  readonly constraint: TokenConstraint | null;
  readonly processor: LogitsProcessor | null;
}

/**
 * Checks what is common to all ways of generating.
 *
 * @throws {ArgumentError} naming the setting that is wrong.
 */
export async function settle(model: Generative, options: GenerateOptions): Promise<Settings> {
  checkChoice(options);
  const { maxLength, maxNewTokens = maxLength ?? 20, eosIds = model.eosIds, stop = [], seed } = options;
  requireCount('maxLength', maxLength ?? 1);
  requireCount('maxNewTokens', maxNewTokens);
  options.signal?.throwIfAborted();
  // Taken before anything is waited for: calls get their streams in the order in which they are made.
  const generator = options.generator ?? (seed === undefined ? ownGenerator() : new Generator(seed));
  const constraint = await constraintOf(options);
  const processor = await processorOf({ ...options, maxNewTokens, eosIds }, model);
  const answers = model.startId !== undefined;
  if (constraint !== null)
    checkReach(constraint.distance(answers ? constraint.ownStart : constraint.start), maxNewTokens, processor);
  return {
    ...options,
    maxNewTokens,
    maxLength: options.maxNewTokens === undefined ? maxLength : undefined,
    eosIds,
    sampled: isSampled(options),
    answers,
    generator,
    stops: stop.length === 0 ? null : new StopStrings(codecOf(options, 'stop'), stop),
    constraint,
    processor,
  };
}

/** Throws unless a setting is a whole number of at least one. */
export function requireCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new ArgumentError('generate', name, 'a whole number of at least 1', String(value));
}

/** The tokenizer that a setting needs. */
export function codecOf({ tokenizer }: GenerateOptions, name: string): TextCodec {
  if (tokenizer === undefined) throw new ArgumentError('generate', 'tokenizer', `one, for ${name}`, 'none');
  return tokenizer;
}

/** A stream of its own, so that calls that run beside each other don't take each other's numbers. */
function ownGenerator(): Generator {
  const [high, low] = defaultGenerator().bits(2);
  return new Generator((high % 2 ** 21) * 2 ** 32 + low);
}

/** Refuses forms that can't be written, or not in so many tokens. */
function checkReach(distance: number, maxNewTokens: number, processor: LogitsProcessor | null): void {
  const least = distance + (processor?.reserved ?? 0);
  if (distance === Number.POSITIVE_INFINITY)
    throw new ArgumentError('generate', 'constraint', 'a text that the vocabulary can write', 'one that it cannot');
  if (least > maxNewTokens)
    throw new ArgumentError(
      'generate',
      'maxNewTokens',
      `at least ${least}, which the shortest text takes`,
      String(maxNewTokens),
    );
}

const processed = [
  'minNewTokens',
  'minLength',
  'badWordsIds',
  'forcedBosId',
  'forcedEosIds',
  'suppressTokens',
  'beginSuppressTokens',
] as const satisfies (keyof ProcessorOptions)[];

async function processorOf(
  options: GenerateOptions & Pick<Settings, 'maxNewTokens' | 'eosIds'>,
  { vocabSize }: Generative,
): Promise<LogitsProcessor | null> {
  if (processed.every((name) => options[name] === undefined)) return null;
  const { logitsProcessor } = await import('./logits-processor');
  return logitsProcessor(options, vocabSize);
}

async function constraintOf(options: GenerateOptions): Promise<TokenConstraint | null> {
  const { pattern, schema, constraint } = options;
  const given = Object.entries({ pattern, schema, constraint }).filter(([, value]) => value !== undefined);
  if (given.length > 1)
    throw new ArgumentError('generate', given[1][0], 'only one of pattern, schema and constraint', 'several');
  if (pattern !== undefined) return constrainToPattern(pattern, codecOf(options, 'pattern'));
  if (schema !== undefined) return constrainToSchema(schema, codecOf(options, 'schema'));
  return constraint ?? null;
}
