// L2-regularised logistic regression on sparse rows: scikit-learn's LogisticRegression, two classes or softmax over more.
import { addTransposed, multiply, type SparseRows } from './csr.js';
import { type ConvexProblem, minimise } from './newton-cg.js';

/** How strongly to fit, when to stop, and where to begin. */
export interface LogisticRegressionOptions {
  /** Inverse strength of the regularisation. */
  readonly C: number;
  /** On the gradient of the mean loss. Default 1e-5. */
  readonly tolerance?: number;
  /** A model of the same problem to start from, fitted with another C: saves time, does not change the result. */
  readonly warmStart?: LogisticRegression;
}

/** A fitted model: a weight row and a bias for each class; for two classes only the second's. */
export interface LogisticRegression {
  readonly weights: readonly Float64Array[];
  readonly bias: Float64Array;
  /** Class probabilities, a row each. */
  probabilities(x: SparseRows): Float64Array[];
}

/** Fits class ids `0 … numClasses − 1`. The bias is not regularised. */
export function fitLogisticRegression(
  x: SparseRows,
  y: ArrayLike<number>,
  numClasses: number,
  { C, tolerance = 1e-5, warmStart }: LogisticRegressionOptions,
): LogisticRegression {
  const outputs = numClasses === 2 ? 1 : numClasses;
  const layout = new Layout(outputs, x.width);
  const problem = new MeanLoss(x, y, layout, 1 / (C * x.rows));
  const start = warmStart === undefined ? {} : { start: layout.join(warmStart.weights, warmStart.bias) };
  const parameters = minimise(problem, { tolerance, ...start });
  const weights = layout.weights(parameters);
  const bias = layout.bias(parameters);
  return {
    weights,
    bias,
    probabilities: (rows) => softmaxRows(weights.map((w, k) => multiply(rows, w, bias[k]))).probabilities,
  };
}

// All parameters in one vector: each output's weights, then its bias.
class Layout {
  readonly size: number;

  constructor(
    readonly outputs: number,
    readonly width: number,
  ) {
    this.size = outputs * (width + 1);
  }

  weights(all: Float64Array): Float64Array[] {
    return Array.from({ length: this.outputs }, (_, k) => {
      const start = k * (this.width + 1);
      return all.subarray(start, start + this.width);
    });
  }

  bias(all: Float64Array): Float64Array {
    return Float64Array.from({ length: this.outputs }, (_, k) => all[this.biasAt(k)]);
  }

  biasAt(k: number): number {
    return k * (this.width + 1) + this.width;
  }

  join(weights: readonly Float64Array[], bias: Float64Array): Float64Array {
    const all = new Float64Array(this.size);
    for (const [k, w] of this.weights(all).entries()) {
      w.set(weights[k]);
      all[this.biasAt(k)] = bias[k];
    }
    return all;
  }
}

// Mean negative log-likelihood + l2/2 · |w|²; the mean, so that the tolerance does not depend on the number of rows.
class MeanLoss implements ConvexProblem {
  readonly size: number;
  private probabilities: Float64Array[] = [];

  constructor(
    private readonly x: SparseRows,
    private readonly y: ArrayLike<number>,
    private readonly layout: Layout,
    private readonly l2: number,
  ) {
    this.size = layout.size;
  }

  evaluate(all: Float64Array, gradient: Float64Array): number {
    const scores = this.scores(all);
    const { probabilities, logSums } = softmaxRows(scores);
    this.probabilities = probabilities;
    const first = this.firstClass;
    let loss = 0;
    for (let r = 0; r < this.x.rows; r++) {
      const column = this.y[r] - first;
      loss += logSums[r] - (column < 0 ? 0 : scores[column][r]);
    }
    // d loss / d score = probability − truth
    for (const [k, column] of scores.entries()) {
      for (let r = 0; r < this.x.rows; r++) {
        column[r] = (probabilities[r][k + first] - Number(this.y[r] === k + first)) / this.x.rows;
      }
    }
    this.backward(scores, all, gradient);
    return loss / this.x.rows + 0.5 * this.l2 * this.layout.weights(all).reduce((sum, w) => sum + squares(w), 0);
  }

  hessianTimes(v: Float64Array, product: Float64Array): void {
    // The softmax' Jacobian: p ∘ (s − Σ p·s)
    const scores = this.scores(v);
    const first = this.firstClass;
    for (let r = 0; r < this.x.rows; r++) {
      const p = this.probabilities[r];
      let mean = 0;
      for (let k = 0; k < scores.length; k++) mean += p[k + first] * scores[k][r];
      for (let k = 0; k < scores.length; k++) {
        scores[k][r] = (p[k + first] * (scores[k][r] - mean)) / this.x.rows;
      }
    }
    this.backward(scores, v, product);
  }

  // With two classes the first has the fixed score 0 and no column.
  private get firstClass(): 0 | 1 {
    return this.layout.outputs === 1 ? 1 : 0;
  }

  private scores(all: Float64Array): Float64Array[] {
    return this.layout.weights(all).map((w, k) => multiply(this.x, w, all[this.layout.biasAt(k)]));
  }

  private backward(slopes: readonly Float64Array[], at: Float64Array, out: Float64Array): void {
    const weights = this.layout.weights(at);
    for (const [k, o] of this.layout.weights(out).entries()) {
      for (let j = 0; j < o.length; j++) o[j] = this.l2 * weights[k][j];
      addTransposed(this.x, slopes[k], o);
      out[this.layout.biasAt(k)] = slopes[k].reduce((a, b) => a + b, 0);
    }
  }
}

// Softmax over the outputs of each row; a single output stands against a fixed score of 0.
function softmaxRows(scores: readonly Float64Array[]): { probabilities: Float64Array[]; logSums: Float64Array } {
  const logSums = new Float64Array(scores[0].length);
  const probabilities = Array.from(scores[0], (score, r) => {
    const row = scores.length === 1 ? Float64Array.of(0, score) : Float64Array.from(scores, (column) => column[r]);
    let top = row[0];
    for (let k = 1; k < row.length; k++) top = Math.max(top, row[k]);
    let sum = 0;
    for (let k = 0; k < row.length; k++) sum += Math.exp(row[k] - top);
    logSums[r] = top + Math.log(sum);
    for (let k = 0; k < row.length; k++) row[k] = Math.exp(row[k] - logSums[r]);
    return row;
  });
  return { probabilities, logSums };
}

function squares(a: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * a[i];
  return sum;
}
