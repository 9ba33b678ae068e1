// Reads the layout of `tokenizer.json` into components.
import { TokenizerError } from '../errors';
import type { Fields } from '../json';
import { type AddedTokenInput, addTokens, type Padding, type TokenizerParts } from '../tokenizer-parts';
import { type Side, STRATEGIES, type Truncation, type TruncationStrategy } from '../truncation';
import type { Kind } from './kinds';
import type { Readers } from './readers';

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

/** What the file holds for each kind of component. */
export const SECTIONS = {
  normalizer: 'normalizer',
  preTokenizer: 'pre_tokenizer',
  model: 'model',
  postProcessor: 'post_processor',
  decoder: 'decoder',
} as const satisfies { readonly [K in Kind]: string };

/** Reads a parsed `tokenizer.json`. */
export function readTokenizerJson(fields: Fields, readers: Readers): TokenizerParts {
  try {
    return readParts(fields, readers);
  } catch (error) {
    // Components know their place in the file, and not all of them the file.
    throw error instanceof TokenizerError ? error.inFile(fields.file) : error;
  }
}

function readParts(fields: Fields, readers: Readers): TokenizerParts {
  const optional = <T>(name: string, read: (child: Fields) => T): T | undefined =>
    fields.raw(name) == null ? undefined : read(fields.child(name));
  const normalizer = readers.optional('normalizer', fields, SECTIONS.normalizer);
  const model = readers.read('model', fields.child(SECTIONS.model));
  const tokens = fields.raw('added_tokens') == null ? [] : fields.children('added_tokens').map(readAddedToken);
  return {
    normalizer,
    preTokenizer: readers.optional('preTokenizer', fields, SECTIONS.preTokenizer),
    model,
    postProcessor: readers.optional('postProcessor', fields, SECTIONS.postProcessor),
    decoder: readers.optional('decoder', fields, SECTIONS.decoder),
    added: addTokens(tokens, model, normalizer),
    truncation: optional('truncation', readTruncation),
    padding: optional('padding', readPadding),
  };
}
