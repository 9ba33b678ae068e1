// Learns a unigram language model by EM with pruning, as SentencePiece defines it. Placeholder types come first.
import { TokenizerError } from '../errors';
import type { Training } from './progress';

/** What unigram training can be told. */
export interface UnigramTrainerOptions {
  readonly vocabSize: number;
  readonly specialTokens: readonly string[];
  readonly unkToken: string | undefined;
  readonly initialAlphabet: readonly string[];
  readonly shrinkingFactor: number;
  readonly subIterations: number;
  readonly maxPieceLength: number;
  readonly seedSize: number;
}

/** Pieces with their log-probabilities; special tokens come first. */
export interface UnigramTraining {
  readonly tokens: string[];
  readonly scores: Float64Array;
  readonly unkId: number | undefined;
}

// biome-ignore lint/correctness/useYield: nothing to yield before the work below exists
export function* trainUnigram(
  _words: ReadonlyMap<string, number>,
  _options: UnigramTrainerOptions,
): Training<UnigramTraining> {
  throw new TokenizerError({
    kind: 'unsupported',
    where: 'train: model',
    expected: 'bpe, wordpiece or wordlevel for now',
  });
}
