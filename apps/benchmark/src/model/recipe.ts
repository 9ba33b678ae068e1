// What a classifier is made of and how it is trained, as plain data. How it is carried out is train-classifier.ts.

/** One way to train a classifier from random weights. */
export interface Recipe {
  /** For the report: 'transformer, 2 layers'. */
  readonly description: string;
  readonly vocabSize: number;
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  /** Tokens of a text that the model reads; the rest is cut off. */
  readonly maxLength: number;
  readonly pooling: 'cls' | 'mean' | 'attention';
  readonly dropout: number;
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
