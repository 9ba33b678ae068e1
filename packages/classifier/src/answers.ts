// Windows to answers, scored as transformers' QuestionAnsweringPipeline scores them. No model here.
import type { EncodedPair } from './pair-codec';

/** The passage that was found. */
export interface Answer {
  /** Empty where that there is no answer is the answer. */
  readonly text: string;
  /** Where it stands in the context, in characters; end exclusive. */
  readonly start: number;
  readonly end: number;
  /**
   * Probability of its beginning times that of its end, in the window that it was found in: among the tokens of the context
   * and the one that was added in front, which stands for no answer.
   */
  readonly score: number;
}

/** What counts as an answer. */
export interface AnswerRules {
  readonly maxAnswer: number;
  readonly topK: number;
  readonly alignToWords: boolean;
}

/**
 * The best passages of a window, best first, and the probability that it holds none.
 *
 * @param logits of beginnings and ends, `[T, 2]`
 */
export function answersIn(
  context: string,
  window: EncodedPair,
  logits: Float32Array,
  { maxAnswer, topK, alignToWords }: AnswerRules,
): { readonly answers: readonly Answer[]; readonly none: number } {
  const places = window.sequenceIds.flatMap((id, i) => (id === 1 ? [i] : []));
  const front = window.sequenceIds[0] === null ? [0] : [];
  const starts = probabilities(logits, 0, [...front, ...places]);
  const ends = probabilities(logits, 1, [...front, ...places]);
  const passages = places.flatMap((first, n) =>
    places.slice(n, n + maxAnswer).map((last) => ({ first, last, score: starts[first] * ends[last] })),
  );
  const best = passages.sort((a, b) => b.score - a.score).slice(0, topK);
  return {
    answers: best.map(({ first, last, score }) => {
      const [start, end] = charactersOf(window, first, last, alignToWords);
      return { text: context.slice(start, end), start, end, score };
    }),
    none: front.length === 0 ? 0 : starts[0] * ends[0],
  };
}

/** Softmax over some tokens; the others' probability is 0. */
function probabilities(logits: Float32Array, side: 0 | 1, places: readonly number[]): Float64Array {
  const found = new Float64Array(logits.length / 2);
  const top = places.reduce((most, i) => Math.max(most, logits[2 * i + side]), Number.NEGATIVE_INFINITY);
  for (const i of places) found[i] = Math.exp(logits[2 * i + side] - top);
  const total = found.reduce((sum, x) => sum + x, 0);
  return found.map((x) => x / total);
}

/** Where tokens stand in the context, with the rest of the words that they begin and end in. */
function charactersOf(
  { offsets, sequenceIds, wordIds }: EncodedPair,
  first: number,
  last: number,
  alignToWords: boolean,
): readonly [start: number, end: number] {
  const together = (i: number, j: number): boolean =>
    alignToWords && wordIds !== undefined && sequenceIds[i] === 1 && wordIds[i] === wordIds[j];
  let [from, to] = [first, last];
  while (together(from - 1, from)) from--;
  while (together(to + 1, to)) to++;
  return [offsets[from][0], offsets[to][1]];
}
