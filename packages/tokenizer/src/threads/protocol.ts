// What goes between a thread and its workers. Everything here survives structured cloning.
import type { RaggedBatch } from '../batch';
import type { TokenizerErrorDetails } from '../errors';
import type { JsonObject } from '../json';
import type { BatchOptions, TextInput } from '../options';

/** Words of some texts, how often each occurs, and where each was seen first. */
export interface WordColumns {
  readonly words: readonly string[];
  readonly counts: Float64Array;
  /** Number of the chunk and of the word in it, as one number that grows in reading order. */
  readonly firsts: Float64Array;
}

/** A piece of work. */
export type Task =
  | { readonly kind: 'load'; readonly json: string }
  | { readonly kind: 'encode'; readonly texts: readonly TextInput[]; readonly options: BatchOptions }
  | { readonly kind: 'cut'; readonly normalizer: JsonObject | null; readonly preTokenizer: JsonObject | null }
  | { readonly kind: 'count'; readonly texts: readonly string[]; readonly chunk: number }
  | { readonly kind: 'words' };

/** What each kind of work gives. */
export interface Results {
  readonly load: undefined;
  readonly encode: RaggedBatch;
  readonly cut: undefined;
  readonly count: undefined;
  readonly words: WordColumns;
}

/** A worker's answer: a result, a refusal that the package can name, or the text of any other error. */
export type Answer =
  | { readonly result: Results[keyof Results] }
  | { readonly refused: TokenizerErrorDetails }
  | { readonly failed: string };

/** Words that a chunk may hold before the next one's numbers begin. */
export const CHUNK_SPAN = 2 ** 26;
