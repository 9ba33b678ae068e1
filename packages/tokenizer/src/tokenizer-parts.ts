// What a tokenizer is put together from.
import { type AddedToken, AddedTokens } from './added-tokens';
import type { Model } from './models/model';
import type { Normalizer } from './normalizers/normalizer';
import {
  type AllowedSpecial,
  checkCount,
  checkList,
  checkObject,
  checkPadding,
  inputError,
  truncationOf,
} from './options';
import type { Components } from './pipeline';
import type { SpecialRoles } from './special-ids';
import { NormalizedString } from './text/normalized-string';
import type { Side, Truncation } from './truncation';

/** Padding as a file sets it. */
export interface Padding {
  /** Length of every row; undefined for the longest row's. */
  readonly length: number | undefined;
  readonly side: Side;
  readonly multipleOf: number;
  readonly id: number;
  readonly typeId: number;
  readonly token: string;
}

/** What is done to a decoded text in the end. */
export interface CleanUp {
  clean(text: string): string;
  /** Cleans a text that comes bit by bit: what each call gives is certain, and the last call gives all that was not. */
  stream(): (text: string, isLast: boolean) => string;
}

/** Everything that a `tokenizer.json` says, and what stands beside it. */
export interface TokenizerParts extends Components {
  readonly truncation: Truncation | undefined;
  readonly padding: Padding | undefined;
  /** Special tokens by role, where files other than `tokenizer.json` name them. */
  readonly roles?: SpecialRoles;
  /** The Jinja template of a chat, where `tokenizer_config.json` has one. */
  readonly chatTemplate?: string | undefined;
  /** Which side batches are padded on where nothing else says it. */
  readonly paddingSide?: Side | undefined;
  readonly truncationSide?: Side | undefined;
  readonly modelMaxLength?: number | undefined;
  readonly cleanUp?: CleanUp | undefined;
  /** What calls find of the special tokens in a text where they don't say it. */
  readonly allowedSpecial?: AllowedSpecial | undefined;
  /** false where `tokenizer.json` cannot say all of it. */
  readonly portable?: boolean;
}

/** An added token before it has an id. */
export type AddedTokenInput = Omit<AddedToken, 'id'>;

/** Gives added tokens their ids: the model's where it knows the content, the next free ones otherwise. */
export function addTokens(
  inputs: Iterable<AddedTokenInput>,
  model: Model,
  normalizer: Normalizer | undefined,
  known: Iterable<AddedToken> = [],
): AddedTokens {
  const tokens = new Map<string, AddedToken>();
  let next = model.vocab.size;
  for (const token of known) {
    tokens.set(token.content, token);
    if (token.id >= next) next = token.id + 1;
  }
  for (const input of inputs) {
    const id = tokens.get(input.content)?.id ?? model.vocab.idOf(input.content) ?? next++;
    tokens.set(input.content, { ...input, id });
  }
  return new AddedTokens(tokens.values(), (text) => {
    const normalized = new NormalizedString(text);
    normalizer?.apply(normalized);
    return normalized.text;
  });
}

/** An added token as a program gives it: its text, or its text and how it is to be found. */
export type NewToken = string | (Partial<Omit<AddedToken, 'id'>> & { readonly content: string });

/** Fills in what a program leaves out of an added token. */
export function toAddedToken(token: NewToken, special = false, where = 'addedTokens'): AddedTokenInput {
  const given = typeof token === 'string' ? { content: token } : token;
  if (typeof given?.content !== 'string') throw inputError(where, 'tokens, each with its content', token);
  const isSpecial = given.special ?? special;
  return { singleWord: false, lstrip: false, rstrip: false, normalized: !isSpecial, special: isSpecial, ...given };
}

/** What a tokenizer is composed from; only the model must be there. */
export interface TokenizerOptions extends Partial<Omit<TokenizerParts, 'added' | 'model'>> {
  readonly model: Model;
  /** Tokens that are found in the text before the model sees it. A plain string is not special. */
  readonly addedTokens?: readonly NewToken[];
  /** The same for special tokens, which `decode` leaves out. */
  readonly specialTokens?: readonly NewToken[];
}

/** The added tokens of an option. */
export function newTokens(where: string, tokens: readonly NewToken[] = [], special = false): AddedTokenInput[] {
  checkList(where, tokens);
  return tokens.map((token) => toAddedToken(token, special, where));
}

/** Checks what a program gives a tokenizer for all its calls. */
export function checkChanges(changes: Pick<TokenizerOptions, 'padding' | 'truncation'>): void {
  checkObject('options', changes);
  const { padding, truncation } = changes;
  if (truncation !== undefined) checkObject('truncation', truncation);
  truncationOf(changes, {});
  if (padding === undefined) return;
  checkObject('padding', padding);
  checkCount('padding.id', padding.id);
  checkPadding({ padding: padding.length, paddingSide: padding.side, padToMultipleOf: padding.multipleOf });
}

/** What each component must be able to do. */
const METHODS = {
  model: 'tokenize',
  normalizer: 'apply',
  preTokenizer: 'apply',
  postProcessor: 'process',
  decoder: 'decode',
} as const;

/** Puts together what a program composes. */
export function composeParts(options: TokenizerOptions | TokenizerParts): TokenizerParts {
  checkChanges(options);
  if ('added' in options) return options;
  for (const [name, method] of Object.entries(METHODS)) {
    const part = options[name as keyof typeof METHODS] as { readonly [method]?: unknown } | undefined;
    if ((part !== undefined || name === 'model') && typeof part?.[method] !== 'function')
      throw inputError(name, `a component with ${method}()`, part);
  }
  const { specialTokens, addedTokens, model, normalizer, ...rest } = options;
  const inputs = [...newTokens('specialTokens', specialTokens, true), ...newTokens('addedTokens', addedTokens)];
  const none = {
    preTokenizer: undefined,
    postProcessor: undefined,
    decoder: undefined,
    truncation: undefined,
    padding: undefined,
  };
  return { ...none, ...rest, model, normalizer, added: addTokens(inputs, model, normalizer) };
}
