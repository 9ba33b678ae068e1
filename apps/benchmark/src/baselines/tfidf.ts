// TF-IDF as scikit-learn computes it with sublinear_tf=True: (1 + ln tf) · (ln((1 + n) / (1 + df)) + 1), rows of length 1.
import { mapValues, type SparseRows, unitRows } from './csr.js';
import { NgramCounter } from './ngrams.js';

/** Learns weights on training texts, then turns any text into a row. */
export class Tfidf {
  private readonly counter: NgramCounter;
  private readonly idf: Float64Array;
  /** The training texts as rows. */
  readonly train: SparseRows;

  constructor(texts: readonly string[]) {
    this.counter = new NgramCounter(texts);
    this.idf = Float64Array.from(this.counter.documentFrequency, (df) => Math.log((1 + texts.length) / (1 + df)) + 1);
    this.train = this.weigh(this.counter.counts);
  }

  transform(texts: readonly string[]): SparseRows {
    return this.weigh(this.counter.transform(texts));
  }

  private weigh(counts: SparseRows): SparseRows {
    return unitRows(mapValues(counts, (tf, column) => (1 + Math.log(tf)) * this.idf[column]));
  }
}
