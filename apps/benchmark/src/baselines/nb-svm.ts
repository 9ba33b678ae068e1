// NB-SVM of Wang & Manning (ACL 2012): a linear model on n-gram presence scaled by naive Bayes' log-count ratios.
// As is now usual, the linear model is logistic regression, so that there are probabilities; two classes only.
import { mapValues, type SparseRows } from './csr.js';
import { fitLogisticRegression, type LogisticRegression } from './logistic-regression.js';
import { NgramCounter } from './ngrams.js';

/** The paper's names: α smooths the counts, β mixes the learned weights with their mean magnitude, C regularises. */
export interface NbSvmOptions {
  readonly alpha?: number;
  readonly beta?: number;
  readonly C?: number;
}

/** Fitted on training texts, gives probabilities of any texts. */
export class NbSvm {
  private readonly counter: NgramCounter;
  private readonly ratios: Float64Array;
  private readonly model: LogisticRegression;

  constructor(texts: readonly string[], y: ArrayLike<number>, { alpha = 1, beta = 0.25, C = 1 }: NbSvmOptions = {}) {
    this.counter = new NgramCounter(texts);
    this.ratios = logCountRatios(this.counter.counts, y, alpha);
    const fitted = fitLogisticRegression(this.scaled(this.counter.counts), y, 2, { C });
    const [w] = fitted.weights;
    const mean = w.reduce((sum, v) => sum + Math.abs(v), 0) / w.length;
    w.forEach((v, j) => {
      w[j] = (1 - beta) * mean + beta * v;
    });
    this.model = fitted;
  }

  probabilities(texts: readonly string[]): Float64Array[] {
    return this.model.probabilities(this.scaled(this.counter.transform(texts)));
  }

  // r ∘ f̂ with f̂ = 1 where the n-gram occurs
  private scaled(counts: SparseRows): SparseRows {
    return mapValues(counts, (_, column) => this.ratios[column]);
  }
}

// r = ln((p / ‖p‖₁) / (q / ‖q‖₁)), p and q the smoothed numbers of texts of each class that hold the n-gram
function logCountRatios(counts: SparseRows, y: ArrayLike<number>, alpha: number): Float64Array {
  const p = new Float64Array(counts.width).fill(alpha);
  const q = new Float64Array(counts.width).fill(alpha);
  for (let r = 0; r < counts.rows; r++) {
    const side = y[r] === 1 ? p : q;
    for (let i = counts.starts[r]; i < counts.starts[r + 1]; i++) side[counts.columns[i]]++;
  }
  const sum = (a: Float64Array): number => a.reduce((s, v) => s + v, 0);
  const offset = Math.log(sum(q) / sum(p));
  return p.map((value, j) => Math.log(value / q[j]) + offset);
}
