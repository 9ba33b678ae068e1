// Labelled tokens to entities, grouped as transformers' TokenClassificationPipeline groups them. No model here.
import type { EncodedText } from '@heddle/attention';
import { ArgumentError } from '@heddle/tensor';

/**
 * How tokens become entities. `none`: they don't. `simple`: neighbours of one label are joined. The others give each word
 * one label before that: its first token's, that of its tokens' mean probabilities, or that of its surest token.
 */
export type Aggregation = 'none' | 'simple' | 'first' | 'average' | 'max';

/** The ways, for checks. */
export const AGGREGATIONS: readonly Aggregation[] = ['none', 'simple', 'first', 'average', 'max'];

/** Tokens that are one thing: a name, a place. */
export interface Entity {
  /** The very characters of the text. */
  readonly text: string;
  /** Where they stand, in UTF-16 units; end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Without its `B-` or `I-`. */
  readonly label: string;
  /** Mean probability of the label over the tokens, or over the words. */
  readonly score: number;
}

/** A token, or a word, and the probability of every label. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly scores: Float32Array;
}

/** A piece and its label. */
interface Labelled {
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly score: number;
}

/** The most probable label of some scores. */
export function bestLabel(scores: Float32Array, labels: readonly string[]): { label: string; score: number } {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return { label: labels[best], score: scores[best] };
}

/**
 * The entities of a text.
 *
 * @param scores probabilities of labels, a row a token
 * @throws {ArgumentError} where words are asked for and the tokenizer tells none.
 */
export function entitiesOf(
  text: string,
  encoded: EncodedText,
  scores: readonly Float32Array[],
  labels: readonly string[],
  aggregation: Exclude<Aggregation, 'none'>,
): Entity[] {
  const pieces = wordsOf(encoded, scores, aggregation).map((word): Labelled => {
    const { start } = word[0];
    const { end } = word[word.length - 1];
    return { start, end, ...bestLabel(scoresOf(word, aggregation), labels) };
  });
  const groups: Labelled[][] = [];
  for (const piece of pieces) {
    const group = groups.at(-1);
    const goesOn =
      group !== undefined && !piece.label.startsWith('B-') && tagOf(piece) === tagOf(group[group.length - 1]);
    if (goesOn) group.push(piece);
    else groups.push([piece]);
  }
  return groups.map((group) => {
    const { start, label } = group[0];
    const { end } = group[group.length - 1];
    const score = group.reduce((sum, piece) => sum + piece.score, 0) / group.length;
    // What is behind the first hyphen, whatever is before it.
    return { text: text.slice(start, end), start, end, label: label.slice(label.indexOf('-') + 1), score };
  });
}

/** The tokens that are from the text, by words, or each by itself. */
function wordsOf(
  { offsets, wordIds }: EncodedText,
  scores: readonly Float32Array[],
  aggregation: Exclude<Aggregation, 'none'>,
): Piece[][] {
  if (wordIds === undefined && aggregation !== 'simple')
    throw new ArgumentError('predict', 'tokenizer', `one that tells wordIds, for aggregation ${aggregation}`, 'none');
  const words: Piece[][] = [];
  let last: number | null = null;
  offsets.forEach(([start, end], i) => {
    const word = wordIds === undefined ? i : wordIds[i];
    const added = wordIds === undefined ? start === end : word === null;
    if (added) return;
    const piece = { start, end, scores: scores[i] };
    if (aggregation !== 'simple' && word === last) words[words.length - 1].push(piece);
    else words.push([piece]);
    last = word;
  });
  return words;
}

/** The scores that a word goes by. */
function scoresOf(word: readonly Piece[], aggregation: Exclude<Aggregation, 'none'>): Float32Array {
  if (aggregation === 'max') {
    const tops = word.map(({ scores }) => Math.max(...scores));
    return word[tops.indexOf(Math.max(...tops))].scores;
  }
  if (aggregation === 'average')
    return word[0].scores.map((_, label) => word.reduce((sum, { scores }) => sum + scores[label], 0) / word.length);
  return word[0].scores;
}

/** A label without the prefixes of beginnings and insides. */
function tagOf({ label }: Labelled): string {
  return label.replace(/^[BI]-/, '');
}
