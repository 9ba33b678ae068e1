// The recipes of the suites. Chosen on validation parts alone.
import type { Recipe } from './recipe.js';

/** The spam suite's. One layer is enough where tokens are hidden from it while it trains. */
export const SMALL: Recipe = {
  description: 'transformer, 1 layer',
  vocabSize: 8_000,
  dim: 64,
  layers: 1,
  heads: 4,
  feedForward: 128,
  maxLength: 192,
  tail: 1 / 3,
  pooling: 'mean',
  dropout: 0.25,
  tokenDropout: 0.15,
  epochs: 5,
  batchSize: 32,
  optimizer: 'adamw',
  lr: 2e-3,
  weightDecay: 0.05,
  warmup: 0.05,
  labelSmoothing: 0.1,
  keepBest: true,
};

/** For `--quick`: narrower, and fewer tokens. */
export const QUICK: Recipe = {
  ...SMALL,
  vocabSize: 4_000,
  dim: 32,
  heads: 2,
  feedForward: 128,
  maxLength: 96,
  epochs: 4,
  lr: 3e-3,
};

/** Film reviews: a larger vocabulary, longer texts, more of them hidden. */
export const IMDB: Recipe = {
  ...SMALL,
  vocabSize: 16_000,
  maxLength: 320,
  tokenDropout: 0.2,
  epochs: 3,
};

/** The project's source document, word for word where it speaks; its settings beside, ours where it is silent. */
export const SOURCE: Recipe = {
  description: "transformer, the source document's program",
  vocabSize: 25_000,
  dim: 512,
  layers: 1,
  heads: 8,
  feedForward: 256,
  maxLength: 256,
  tail: 0,
  pooling: 'mean',
  dropout: 0.1,
  tokenDropout: 0,
  epochs: 10,
  batchSize: 32,
  optimizer: 'adam',
  lr: 1e-3,
  weightDecay: 0,
  warmup: null,
  labelSmoothing: 0,
  keepBest: false,
};
