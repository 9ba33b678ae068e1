// Whether what `generate` is given is what its types say. Ranges are checked where settings are used; here a program
// without types learns which argument is wrong.
import { ArgumentError } from '@heddle/tensor';
import { requireOptions, shown } from '../errors';
import type { GenerateOptions } from './options';

/** What an argument should be, and whether a value is it. */
type Kind = readonly [expected: string, fits: (value: unknown) => boolean];

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** Something with these methods. */
const having = (expected: string, ...methods: readonly string[]): Kind => [
  expected,
  (value) =>
    typeof value === 'object' && value !== null && methods.every((name) => isFunction(Reflect.get(value, name))),
];

const listOf = (expected: string, fits: (item: unknown) => boolean): Kind => [
  expected,
  (value) => Array.isArray(value) && value.every(fits),
];

const flag: Kind = ['true or false', (value) => typeof value === 'boolean'];

const kinds: Partial<Record<keyof GenerateOptions, Kind>> = {
  allowed: ['a function that lists tokens', isFunction],
  constraint: having('what constrainToPattern or constrainToSchema gives', 'restrict', 'advance', 'distance'),
  diversityPenalty: ['a number of at least 0', (value) => typeof value === 'number' && value >= 0 && value < Infinity],
  draft: having('a language model', 'startDecoding'),
  earlyStopping: ["true, false or 'never'", (value) => typeof value === 'boolean' || value === 'never'],
  eosIds: listOf('a list of token ids', Number.isInteger),
  generator: having('a Generator', 'uniform'),
  pattern: ['a RegExp, or the text of one', (value) => typeof value === 'string' || value instanceof RegExp],
  prefix: having('what readPrefix gives', 'spread'),
  renormalizeLogits: flag,
  sample: flag,
  schema: ['a JSON schema, an object', (value) => typeof value === 'object' && value !== null],
  signal: having('an AbortSignal', 'throwIfAborted'),
  stop: listOf('a list of texts', (item) => typeof item === 'string'),
  tokenizer: having('one that decodes', 'decode'),
  useCache: flag,
};

/**
 * Checks what kind each option is.
 *
 * @throws {ArgumentError} naming the first that is another.
 */
export function checkKinds(options: GenerateOptions): void {
  requireOptions('generate', options);
  for (const [name, [expected, fits]] of Object.entries(kinds)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined && !fits(value)) throw new ArgumentError('generate', name, expected, shown(value));
  }
}

/**
 * Checks that prompts are texts or lists of ids.
 *
 * @throws {ArgumentError}
 */
export function checkPromptKinds(prompts: unknown): void {
  if (!Array.isArray(prompts))
    throw new ArgumentError('generate', 'prompts', 'a list of texts, or of lists of token ids', shown(prompts));
  for (const [i, prompt] of prompts.entries()) checkPromptKind('generate', `prompts[${i}]`, prompt);
}

/** The same for one. */
export function checkPromptKind(op: string, name: string, prompt: unknown): void {
  if (typeof prompt === 'string' || Array.isArray(prompt) || (ArrayBuffer.isView(prompt) && 'length' in prompt)) return;
  throw new ArgumentError(op, name, 'a text, or a list of token ids', shown(prompt));
}
