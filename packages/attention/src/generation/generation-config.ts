// A checkpoint's generation_config.json: what `generate` does where nothing is said. Loaded with a model that writes.
import { FormatError } from '@heddle/tensor';
import { readFile, readJson, type Source } from '@heddle/tensor/io';
import type { ConfigJson } from '../models/config-reader';
import type { GenerateOptions } from './options';

const FILE = 'generation_config.json';

/** Defaults of `generate` and `stream`, which a model's `generationConfig` holds. */
export class GenerationConfig {
  /**
   * @param json what the file says, known to us or not
   * @param options what of it is known
   * @param ignored names of fields that would change what `transformers` writes, and change nothing here
   */
  constructor(
    readonly json: ConfigJson,
    private readonly options: GenerateOptions,
    readonly ignored: readonly string[] = [],
  ) {}

  /**
   * The options of a call, and the file's for what it leaves open. A call that says how tokens are chosen chooses so: beams
   * draw nothing though the file does, and what is drawn needs no beams.
   *
   * @param sampled whether the call by itself would draw
   */
  fill(given: GenerateOptions, sampled: boolean): GenerateOptions {
    const own = { ...this.options };
    const drop = (...names: readonly (keyof GenerateOptions)[]): void => {
      for (const name of names) delete own[name];
    };
    const { beams = 1, contrastiveAlpha, draft, maxNewTokens, maxLength, minNewTokens, minLength } = given;
    const searched = beams > 1 || contrastiveAlpha !== undefined;
    const drawn = !searched && (given.sample ?? (sampled || own.sample === true));
    if (searched || drawn || draft !== undefined) drop('beams', 'beamGroups', 'diversityPenalty', 'contrastiveAlpha');
    if ((own.beams ?? 1) > 1) drop('contrastiveAlpha');
    if (drawn) own.sample = true;
    else drop('sample', 'temperature', 'topP', 'minP', 'typicalP');
    if (!drawn && own.contrastiveAlpha === undefined) drop('topK');
    if (maxNewTokens !== undefined || maxLength !== undefined) drop('maxNewTokens', 'maxLength');
    if (minNewTokens !== undefined || minLength !== undefined) drop('minNewTokens', 'minLength');
    if ((own.minNewTokens ?? 0) > (maxNewTokens ?? Number.POSITIVE_INFINITY)) drop('minNewTokens');
    // Without drawing, each text is another beam's.
    if (!drawn && (given.beams ?? own.beams ?? 1) < (own.returnSequences ?? 1)) drop('returnSequences');
    // A form says itself what a text begins and ends with.
    if ((given.pattern ?? given.schema ?? given.constraint) !== undefined) drop('forcedBosId', 'forcedEosIds');
    const said = Object.entries(given).filter(([, value]) => value !== undefined);
    return { ...own, ...Object.fromEntries(said) };
  }
}

/**
 * The config beside a checkpoint; null where there is none. What it asks for and isn't supported is said once.
 *
 * @throws {FormatError} naming the file, and each field that is wrong.
 */
export async function readGenerationConfig(source: Source, startId?: number): Promise<GenerationConfig | null> {
  const bytes = await readFile(source, FILE);
  // Servers of single-page programs answer for what is missing with a page.
  if (bytes === null || bytes[0] === '<'.charCodeAt(0)) return null;
  const config = parseGenerationConfig((await readJson(new Map([[FILE, bytes]]), FILE)) as ConfigJson, startId);
  if (config.ignored.length > 0)
    console.warn(`heddle: ${FILE}: not supported, and without effect: ${config.ignored.join(', ')}`);
  return config;
}

/** Reads the fields that are known; throws a `FormatError` that lists those that are wrong. */
function parseGenerationConfig(json: ConfigJson, startId: number | undefined): GenerationConfig {
  const problems: string[] = [];
  const options: Record<string, unknown> = {};
  for (const [key, { option, expected, fits, as }] of Object.entries(fields)) {
    const value = json[key] ?? null;
    if (value === null) continue;
    if (!fits(value)) problems.push(`${key}: expected ${expected}, got ${JSON.stringify(value)}`);
    options[option] = as === undefined ? value : as(value);
  }
  if (problems.length > 0) throw new FormatError(FILE, problems.join('; '));
  const neutral = { ...unsupported, ...(startId === undefined ? {} : { decoder_start_token_id: startId }) };
  const ignored = Object.entries(neutral).filter(([key, value]) => (json[key] ?? value) !== value);
  const names = ignored.map(([key]) => key);
  // What is drawn is drawn without beams.
  if (json['do_sample'] === true && Number(json['num_beams'] ?? 1) > 1) names.push('num_beams beside do_sample');
  return new GenerationConfig(json, options, names);
}

/** How a field is read. */
interface Field {
  readonly option: keyof GenerateOptions;
  readonly expected: string;
  fits(value: unknown): boolean;
  /** The option's value: the field's own where nothing is said; undefined where it changes nothing. */
  as?(value: unknown): unknown;
}

const number = (option: keyof GenerateOptions): Field => ({ option, expected: 'a number', fits: Number.isFinite });

/** Zero is transformers' word for none. */
const zeroAsNone = (value: unknown): unknown => (value === 0 ? undefined : value);

const whole = (option: keyof GenerateOptions, least: number): Field => ({
  option,
  expected: `a whole number of at least ${least}`,
  fits: (value) => Number.isInteger(value) && Number(value) >= least,
  as: zeroAsNone,
});

const share = (option: keyof GenerateOptions): Field => ({
  option,
  expected: 'a number from 0 to 1',
  fits: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  as: zeroAsNone,
});

const isId = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;

const ids = (option: keyof GenerateOptions): Field => ({
  option,
  expected: 'a list of token ids',
  fits: (value) => Array.isArray(value) && value.every(isId),
});

const idOrIds = (option: keyof GenerateOptions): Field => ({
  option,
  expected: 'a token id, or a list of them',
  fits: (value) => isId(value) || (Array.isArray(value) && value.length > 0 && value.every(isId)),
  as: (value) => (Array.isArray(value) ? value : [value]),
});

const fields: Readonly<Record<string, Field>> = {
  max_new_tokens: whole('maxNewTokens', 1),
  max_length: whole('maxLength', 1),
  min_new_tokens: whole('minNewTokens', 0),
  min_length: whole('minLength', 0),
  do_sample: { option: 'sample', expected: 'true or false', fits: (value) => typeof value === 'boolean' },
  temperature: number('temperature'),
  top_k: whole('topK', 0),
  top_p: share('topP'),
  min_p: share('minP'),
  typical_p: share('typicalP'),
  repetition_penalty: number('repetitionPenalty'),
  no_repeat_ngram_size: whole('noRepeatNgram', 0),
  bad_words_ids: {
    option: 'badWordsIds',
    expected: 'a list of lists of token ids',
    fits: (value) => Array.isArray(value) && value.every((word) => Array.isArray(word) && word.every(isId)),
  },
  suppress_tokens: ids('suppressTokens'),
  begin_suppress_tokens: ids('beginSuppressTokens'),
  forced_bos_token_id: { option: 'forcedBosId', expected: 'a token id', fits: isId },
  forced_eos_token_id: idOrIds('forcedEosIds'),
  eos_token_id: idOrIds('eosIds'),
  num_return_sequences: whole('returnSequences', 1),
  num_beams: whole('beams', 1),
  num_beam_groups: whole('beamGroups', 1),
  diversity_penalty: number('diversityPenalty'),
  length_penalty: number('lengthPenalty'),
  early_stopping: {
    option: 'earlyStopping',
    expected: "true, false or 'never'",
    fits: (value) => typeof value === 'boolean' || value === 'never',
  },
  renormalize_logits: {
    option: 'renormalizeLogits',
    expected: 'true or false',
    fits: (value) => typeof value === 'boolean',
  },
  penalty_alpha: share('contrastiveAlpha'),
  use_cache: { option: 'useCache', expected: 'true or false', fits: (value) => typeof value === 'boolean' },
};

/** Fields that would change what is written, each with the value that changes nothing. */
const unsupported: Readonly<Record<string, unknown>> = {
  constraints: null,
  dola_layers: null,
  encoder_no_repeat_ngram_size: 0,
  encoder_repetition_penalty: 1,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  exponential_decay_length_penalty: null,
  force_words_ids: null,
  forced_decoder_ids: null,
  guidance_scale: 1,
  max_time: null,
  sequence_bias: null,
  stop_strings: null,
  token_healing: false,
  watermarking_config: null,
};
