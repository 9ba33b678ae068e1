// What Unigram is made of, read in one go.
import type { Vocab } from './vocab';

/** Tokens and the score of each. */
export class ScoredVocab {
  constructor(
    readonly vocab: Vocab,
    readonly scores: Float64Array,
  ) {}
}
