// The `tokenizer.json` layout: read into components, written back.
import { type AddedToken, AddedTokens } from './added-tokens';
import { createDecoder } from './decoders/create';
import { Fields, type JsonObject, parseJson } from './json';
import { createModel } from './models/create';
import type { Model } from './models/model';
import { createNormalizer } from './normalizers/create';
import type { Normalizer } from './normalizers/normalizer';
import type { Components } from './pipeline';
import { createPostProcessor } from './post-processors/create';
import { createPreTokenizer } from './pre-tokenizers/create';
import type { SpecialIds } from './special-ids';
import { NormalizedString } from './text/normalized-string';
import type { Side, Truncation, TruncationStrategy } from './truncation';

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

/** Everything that a `tokenizer.json` says. */
export interface TokenizerParts extends Components {
  readonly truncation: Truncation | undefined;
  readonly padding: Padding | undefined;
  /** Special tokens by role, where files other than `tokenizer.json` name them. */
  readonly roles?: Readonly<Partial<Record<keyof SpecialIds, string | undefined>>>;
  /** The Jinja template of a chat, where `tokenizer_config.json` has one. */
  readonly chatTemplate?: string | undefined;
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

function readAddedToken(fields: Fields): AddedTokenInput {
  const special = fields.boolean('special', false);
  return {
    content: fields.string('content'),
    singleWord: fields.boolean('single_word', false),
    lstrip: fields.boolean('lstrip', false),
    rstrip: fields.boolean('rstrip', false),
    normalized: fields.boolean('normalized', !special),
    special,
  };
}

const STRATEGIES = { LongestFirst: 'longestFirst', OnlyFirst: 'onlyFirst', OnlySecond: 'onlySecond' } as const;

function readSide(fields: Fields): Side {
  return fields.oneOf('direction', ['Left', 'Right'] as const, 'Right') === 'Left' ? 'left' : 'right';
}

function readTruncation(fields: Fields): Truncation {
  const strategy: TruncationStrategy =
    STRATEGIES[fields.oneOf('strategy', ['LongestFirst', 'OnlyFirst', 'OnlySecond'] as const, 'LongestFirst')];
  return {
    maxLength: fields.integer('max_length'),
    stride: fields.integer('stride', 0),
    strategy,
    side: readSide(fields),
  };
}

function readPadding(fields: Fields): Padding {
  const strategy = fields.raw('strategy');
  const fixed = strategy === 'BatchLongest' ? undefined : fields.child('strategy').integer('Fixed');
  return {
    length: fixed,
    side: readSide(fields),
    multipleOf: fields.raw('pad_to_multiple_of') == null ? 0 : fields.integer('pad_to_multiple_of'),
    id: fields.integer('pad_id', 0),
    typeId: fields.integer('pad_type_id', 0),
    token: fields.string('pad_token', '[PAD]'),
  };
}

/** Reads the content of a `tokenizer.json`, as text or parsed. */
export function readTokenizerJson(json: unknown, file?: string): TokenizerParts {
  const fields = new Fields(typeof json === 'string' ? parseJson(json, file) : json, '$', file);
  const optional = <T>(name: string, read: (child: Fields) => T): T | undefined =>
    fields.raw(name) == null ? undefined : read(fields.child(name));
  const normalizer = optional('normalizer', createNormalizer);
  const model = createModel(fields.child('model'));
  const tokens = fields.raw('added_tokens') == null ? [] : fields.children('added_tokens').map(readAddedToken);
  return {
    normalizer,
    preTokenizer: optional('pre_tokenizer', createPreTokenizer),
    model,
    postProcessor: optional('post_processor', createPostProcessor),
    decoder: optional('decoder', createDecoder),
    added: addTokens(tokens, model, normalizer),
    truncation: optional('truncation', readTruncation),
    padding: optional('padding', readPadding),
  };
}

function writeAddedToken(token: AddedToken): JsonObject {
  return {
    id: token.id,
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.lstrip,
    rstrip: token.rstrip,
    normalized: token.normalized,
    special: token.special,
  };
}

const direction = (side: Side): string => (side === 'left' ? 'Left' : 'Right');

/** Writes parts in the `tokenizer.json` layout. */
export function writeTokenizerJson(parts: TokenizerParts): JsonObject {
  const { truncation, padding } = parts;
  const strategy = Object.entries(STRATEGIES).find(([, ours]) => ours === (truncation?.strategy ?? 'longestFirst'));
  return {
    version: '1.0',
    truncation:
      truncation === undefined
        ? null
        : {
            direction: direction(truncation.side ?? 'right'),
            max_length: truncation.maxLength,
            strategy: strategy?.[0],
            stride: truncation.stride ?? 0,
          },
    padding:
      padding === undefined
        ? null
        : {
            strategy: padding.length === undefined ? 'BatchLongest' : { Fixed: padding.length },
            direction: direction(padding.side),
            pad_to_multiple_of: padding.multipleOf === 0 ? null : padding.multipleOf,
            pad_id: padding.id,
            pad_type_id: padding.typeId,
            pad_token: padding.token,
          },
    added_tokens: [...parts.added.values()].sort((a, b) => a.id - b.id).map(writeAddedToken),
    normalizer: parts.normalizer?.config ?? null,
    pre_tokenizer: parts.preTokenizer?.config ?? null,
    post_processor: parts.postProcessor?.config ?? null,
    decoder: parts.decoder?.config ?? null,
    model: parts.model.toJSON(),
  };
}
