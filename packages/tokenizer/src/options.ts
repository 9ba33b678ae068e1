// The options of encoding, and their checks at the public door.
import { describe, TokenizerError } from './errors';
import { isObject } from './json';
import type { OffsetUnit } from './text/offset-units';
import { type Side, STRATEGIES, type Truncation } from './truncation';

/** A text, or a text that is already cut into words. */
export type TextInput = string | readonly string[];

/** Which special tokens written in the text are taken for tokens: all, none, or those named. */
export type AllowedSpecial = 'all' | 'none' | readonly string[];

/** Options of all encoding calls. */
export interface CommonOptions {
  /** Whether the post-processor adds its tokens. Default true. */
  readonly addSpecialTokens?: boolean;
  /** Most tokens, special ones included; short for `truncation: { maxLength }`. */
  readonly maxLength?: number | undefined;
  /** false switches off what the file sets; true cuts to {@link Tokenizer.modelMaxLength} where the file sets nothing. */
  readonly truncation?: Truncation | boolean | undefined;
  /**
   * Special tokens inside the text itself; 'none' for untrusted text. Default 'all', as Hugging Face has it, but 'none' for a
   * folder that says `split_special_tokens`.
   */
  readonly allowedSpecial?: AllowedSpecial;
}

/** Options of {@link Tokenizer.encode}. */
export interface EncodeOptions extends CommonOptions {
  /** The second sequence of a pair. */
  readonly pair?: TextInput | undefined;
  /** What offsets count. Default UTF-16 units, as JavaScript's strings. */
  readonly offsets?: OffsetUnit;
  /** Fills up to this many tokens; `true` does what the file says. Default: what the file says. */
  readonly padding?: number | boolean;
  readonly paddingSide?: Side;
}

/** Options of batches. */
export interface BatchOptions extends CommonOptions {
  /** The second sequence of each row. */
  readonly pairs?: readonly TextInput[] | undefined;
  /** 'longest' (or true): the longest row's length. 'max': `maxLength`. A number: that. Default: the file's, or 'longest'. */
  readonly padding?: boolean | 'longest' | 'max' | number | undefined;
  readonly paddingSide?: Side;
  readonly padToMultipleOf?: number;
  /** Whether the batch has offsets, in UTF-16 units as the model's tokens have them (post-processors trim none here). */
  readonly offsets?: boolean;
}

/** Options of {@link Tokenizer.decode}. */
export interface DecodeOptions {
  /** Whether special tokens are left out. Default true. */
  readonly skipSpecialTokens?: boolean;
  /** false: keeps the spaces before punctuation that `clean_up_tokenization_spaces` of the folder's config takes out. */
  readonly cleanUpTokenizationSpaces?: boolean;
}

export function inputError(where: string, expected: string, got: unknown): TokenizerError {
  return new TokenizerError({ kind: 'input', where, expected, got: describe(got) });
}

/** Checks what has named parts: options, above all. */
export function checkObject(where: string, value: unknown): void {
  if (!isObject(value)) throw inputError(where, 'an object', value);
}

export function checkList(where: string, value: unknown): void {
  if (!Array.isArray(value)) throw inputError(where, 'an array', value);
}

/** Checks a text at the door. Lone surrogates become U+FFFD, as every UTF-8 encoder makes them. */
export function checkText(text: unknown, where: string): string {
  if (typeof text !== 'string') throw inputError(where, 'a string', text);
  return wellFormed(text);
}

/** Checks a batch with every text and pair of it before any is encoded. */
export function checkBatch(texts: readonly TextInput[], pairs: readonly TextInput[] | undefined): void {
  checkList('encodeBatch: texts', texts);
  if (pairs !== undefined && pairs?.length !== texts.length)
    throw inputError('encodeBatch: pairs', `${texts.length} second sequences`, pairs?.length);
  checkAll('texts', texts);
  if (pairs !== undefined) checkAll('pairs', pairs);
}

function checkAll(name: string, inputs: readonly TextInput[]): void {
  for (let i = 0; i < inputs.length; i++) {
    const input: unknown = inputs[i];
    if (typeof input === 'string') continue;
    for (const text of Array.isArray(input) ? input : [input])
      if (typeof text !== 'string') throw inputError(`encodeBatch: ${name}[${i}]`, 'a string', text);
  }
}

/** A text with U+FFFD for its lone surrogates. */
export function wellFormed(text: string & { toWellFormed?(): string }): string {
  return text.toWellFormed?.() ?? text.replace(/\p{Cs}/gu, '\ufffd');
}

const SIDES = ['left', 'right'];
const STRATEGY_NAMES = Object.values(STRATEGIES);
const PADDINGS = [true, false, 'longest', 'max'];

export function checkChoice(where: string, value: unknown, choices: readonly unknown[]): void {
  if (value !== undefined && !choices.includes(value)) throw inputError(where, choices.join(', '), value);
}

/** Checks a whole number. */
export function checkCount(where: string, value: unknown, least = 0): void {
  if (!Number.isInteger(value) || (value as number) < least)
    throw inputError(where, `a whole number from ${least} up`, value);
}

/** What calls say about padding. */
export type PaddingOptions = Pick<BatchOptions, 'padding' | 'paddingSide' | 'padToMultipleOf'>;

/** Checks it. */
export function checkPadding({ padding, paddingSide, padToMultipleOf }: PaddingOptions): void {
  checkChoice('paddingSide', paddingSide, SIDES);
  checkCount('padToMultipleOf', padToMultipleOf ?? 0);
  if (typeof padding === 'number') checkCount('padding', padding);
  else checkChoice('padding', padding, PADDINGS);
}

/** What holds where a call says nothing. */
export interface TruncationDefaults {
  readonly truncation?: Truncation | undefined;
  readonly truncationSide?: Side | undefined;
  readonly modelMaxLength?: number | undefined;
}

/** Which special tokens in a text a call takes for tokens. */
export function allowedSpecialOf(
  { allowedSpecial }: CommonOptions,
  defaults: { readonly allowedSpecial?: AllowedSpecial | undefined },
): AllowedSpecial {
  return allowedSpecial === undefined ? (defaults.allowedSpecial ?? 'all') : allowedSpecial;
}

/** The truncation that holds for a call: the call's own, else the file's. */
export function truncationOf(options: CommonOptions, defaults: TruncationDefaults): Truncation | undefined {
  const { maxLength, truncation = maxLength === undefined && defaults.truncation } = options;
  if (!truncation && maxLength === undefined) return undefined;
  const base = truncation === true ? defaults.truncation : truncation || undefined;
  const most = maxLength ?? base?.maxLength ?? (truncation === true ? defaults.modelMaxLength : undefined);
  checkCount('maxLength', most);
  const chosen = { side: defaults.truncationSide ?? 'right', ...base, maxLength: most as number };
  checkChoice('truncation.strategy', chosen.strategy, STRATEGY_NAMES);
  checkChoice('truncation.side', chosen.side, SIDES);
  checkCount('truncation.stride', chosen.stride ?? 0);
  return chosen;
}
