// What goes between a thread and its workers. Everything here survives structured cloning.
import type { RaggedPart } from '../batch';
import type { TokenizerErrorDetails } from '../errors';
import type { JsonObject } from '../json';
import type { BatchOptions, TextInput } from '../options';
import type { PlacedPart, SharedLayout } from './shared-batch';

/** Words of some texts, how often each occurs, and where each was seen first. */
export interface WordColumns {
  readonly words: readonly string[];
  readonly counts: Float64Array;
  /** Number of the chunk and of the word in it, as one number that grows in reading order. */
  readonly firsts: Float64Array;
}

/**
 * Texts one after another, and where each ends. A message copies one long string at the speed of memory; of many short
 * ones each is made anew, in the part of the heap that the collector goes through most.
 */
export interface JoinedTexts {
  readonly joined: string;
  readonly ends: Int32Array;
}

/** Writes where each text ends, from a place in a column on. */
export function writeEnds(texts: readonly string[], ends: Int32Array, at: number): void {
  for (let i = 0, end = 0; i < texts.length; i++) ends[at + i] = end += (texts[i] as string).length;
}

/** Joins texts for a message. */
export function joinTexts(texts: readonly string[]): JoinedTexts {
  const ends = new Int32Array(texts.length);
  writeEnds(texts, ends, 0);
  return { joined: texts.join(''), ends };
}

/** The texts that {@link joinTexts} was given. */
export function splitTexts({ joined, ends }: JoinedTexts): string[] {
  const texts: string[] = [];
  let start = 0;
  for (const end of ends) {
    texts.push(joined.slice(start, end));
    start = end;
  }
  return texts;
}

/** A piece of work. */
export type Task =
  | { readonly kind: 'load'; readonly json: string }
  | { readonly kind: 'encode'; readonly texts: JoinedTexts | readonly TextInput[]; readonly options: BatchOptions }
  | { readonly kind: 'share'; readonly layout: SharedLayout; readonly thread: number; readonly options: BatchOptions }
  | { readonly kind: 'cut'; readonly normalizer: JsonObject | null; readonly preTokenizer: JsonObject | null }
  | { readonly kind: 'count'; readonly texts: readonly string[]; readonly chunk: number }
  | { readonly kind: 'words' };

/** What each kind of work gives. */
export interface Results {
  readonly load: undefined;
  readonly encode: RaggedPart;
  /** What had no place in the shared memory. */
  readonly share: readonly PlacedPart[];
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
