// What a classifier is made of and how it is trained, as plain data. How it is carried out is train-classifier.ts.

import type { PoolingKind } from '@heddle/classifier';

/** One way to train a classifier from random weights. */
export interface Recipe {
  /** For the report: 'transformer, 2 layers'. */
  readonly description: string;
  readonly vocabSize: number;
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  /** Tokens of a text that the model reads; what is longer is cut. */
  readonly maxLength: number;
  /** Share of them that comes from the end of a text that is cut; the rest comes from its beginning. */
  readonly tail: number;
  readonly pooling: PoolingKind;
  readonly dropout: number;
  /** Share of the tokens of a training batch that are hidden behind [UNK], anew each time: keeps a small model from
   * learning texts by heart. */
  readonly tokenDropout: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: 'adam' | 'adamw';
  readonly lr: number;
  readonly weightDecay: number;
  /** Share of the steps over which the rate rises; after them it falls to zero along a cosine. null: constant. */
  readonly warmup: number | null;
  readonly labelSmoothing: number;
  /** Keep the weights of the epoch that validates best, and stop early; otherwise the last epoch's count. */
  readonly keepBest: boolean;
}
