// Reads any model of `tokenizer.json`, also from files that name no type.
import { type Fields, isObject } from '../json';
import { Bpe } from './bpe';
import type { Model } from './model';
import { Unigram } from './unigram';
import { WordLevel } from './word-level';
import { WordPiece } from './word-piece';

function guessType(fields: Fields): string {
  if (fields.has('merges')) return 'BPE';
  if (!isObject(fields.raw('vocab'))) return 'Unigram';
  return fields.has('continuing_subword_prefix') || fields.has('max_input_chars_per_word') ? 'WordPiece' : 'WordLevel';
}

/** Builds a model from its JSON. */
export function createModel(fields: Fields): Model {
  const type = fields.has('type') ? fields.string('type') : guessType(fields);
  switch (type) {
    case 'BPE':
      return Bpe.read(fields);
    case 'WordPiece':
      return WordPiece.read(fields);
    case 'WordLevel':
      return WordLevel.read(fields);
    case 'Unigram':
      return Unigram.read(fields);
    default:
      throw fields.error('type', 'one of BPE, WordPiece, WordLevel, Unigram', type);
  }
}
