// What a model is. Each kind has its own file.
import { TokenizerError } from '../errors';
import type { FastEncoder } from '../fast/fast-encoder';
import type { JsonObject } from '../json';
import type { Components } from '../pipeline';
import type { TokenSink } from './token-sink';
import type { Vocab } from './vocab';

/** Turns one word into tokens. */
export interface Model {
  readonly vocab: Vocab;
  /** What `tokenizer.json` holds for it; big, so built on demand. */
  toJSON(): JsonObject;
  /** Appends the tokens of `word` to `out`, with ranges in the word's UTF-16 units. */
  tokenize(word: string, out: TokenSink): void;
  /** The id of text that the vocabulary cannot spell. */
  readonly unkId: number | undefined;
  /** The id whose token is spelt as the text itself: Unigram's unknown token. */
  readonly unknownSpelling?: number | undefined;
  /** False where the same word may give different tokens (dropout), so that nothing may be cached. */
  readonly deterministic: boolean;
  /** The quick path of a tokenizer with this model, where there is one. */
  fastEncoder?(parts: Components): FastEncoder | undefined;
}

/** The error for text that the vocabulary cannot spell when it names no unknown token. */
export function missingUnknown(token: string | undefined): TokenizerError {
  return new TokenizerError({
    kind: 'vocabulary',
    where: 'model.unk_token',
    expected:
      token === undefined
        ? 'an unknown token for text outside the vocabulary'
        : `${JSON.stringify(token)} in the vocabulary`,
  });
}
