// Writes components in the layout of `tokenizer.json`.
import type { AddedToken } from './added-tokens';
import { isObject, type JsonObject } from './json';
import type { Model } from './models/model';
import type { TokenizerParts } from './tokenizer-parts';
import { type Side, STRATEGIES } from './truncation';

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

/**
 * The model, with the added tokens in its vocabulary that would be given other ids on reading: readers number those that
 * the model lacks one after another, whatever the file says.
 */
function writeModel(model: Model, added: readonly AddedToken[]): JsonObject {
  const json = model.toJSON();
  const missing = added.filter(({ content }) => model.vocab.idOf(content) === undefined);
  if (!isObject(json['vocab']) || missing.every(({ id }, i) => id === model.vocab.size + i)) return json;
  return {
    ...json,
    vocab: { ...json['vocab'], ...Object.fromEntries(missing.map(({ content, id }) => [content, id])) },
  };
}

/** Writes parts in the `tokenizer.json` layout. */
export function writeTokenizerJson(parts: TokenizerParts, added: readonly AddedToken[]): JsonObject {
  const { truncation, padding } = parts;
  const strategy = Object.entries(STRATEGIES).find(([, ours]) => ours === (truncation?.strategy ?? 'longestFirst'));
  return {
    version: '1.0',
    truncation: truncation
      ? {
          direction: direction(truncation.side ?? 'right'),
          max_length: truncation.maxLength,
          strategy: strategy?.[0],
          stride: truncation.stride ?? 0,
        }
      : null,
    padding: padding
      ? {
          strategy: padding.length === undefined ? 'BatchLongest' : { Fixed: padding.length },
          direction: direction(padding.side),
          pad_to_multiple_of: padding.multipleOf || null,
          pad_id: padding.id,
          pad_type_id: padding.typeId,
          pad_token: padding.token,
        }
      : null,
    added_tokens: added.map(writeAddedToken),
    normalizer: parts.normalizer?.config ?? null,
    pre_tokenizer: parts.preTokenizer?.config ?? null,
    post_processor: parts.postProcessor?.config ?? null,
    decoder: parts.decoder?.config ?? null,
    model: writeModel(parts.model, added),
  };
}
