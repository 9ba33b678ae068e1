// The linear baselines against scikit-learn's numbers (tools/oracle/baselines_oracle.py).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fitLogisticRegression } from '../src/baselines/logistic-regression.js';
import { NbSvm } from '../src/baselines/nb-svm.js';
import { minimise } from '../src/baselines/newton-cg.js';
import { NgramCounter, words } from '../src/baselines/ngrams.js';
import { Tfidf } from '../src/baselines/tfidf.js';

interface Texts {
  train: string[];
  y: number[];
  test: string[];
  C: number;
  probabilities: number[][];
}
const fixture = JSON.parse(readFileSync(new URL('./fixtures/baselines.json', import.meta.url), 'utf8')) as {
  ngrams: { text: string; ngrams: string[] }[];
  logistic: (Texts & { features: number; norms: number[]; bias: number[] })[];
  nbSvm: Texts & { alpha: number; beta: number };
};

function expectRows(ours: readonly ArrayLike<number>[], theirs: readonly number[][], digits: number): void {
  expect(ours.length).toBe(theirs.length);
  for (const [i, row] of theirs.entries()) {
    for (const [k, value] of row.entries()) expect(ours[i][k]).toBeCloseTo(value, digits);
  }
}

describe('n-grams', () => {
  it.each(fixture.ngrams)('of "$text"', ({ text, ngrams }) => {
    const list = words(text);
    const pairs = list.slice(1).map((word, i) => `${list[i]} ${word}`);
    expect([...list, ...pairs].sort()).toEqual([...ngrams].sort());
  });

  it('of unseen texts are passed over, repeated ones counted', () => {
    const counter = new NgramCounter(['aa bb aa']);
    expect([...counter.counts.values].sort()).toEqual([1, 1, 1, 2]);
    expect(counter.transform(['zz bb zz']).values).toEqual(Float32Array.of(1));
    expect(counter.transform(['']).starts).toEqual(Uint32Array.of(0, 0));
  });
});

describe.each(fixture.logistic)('TF-IDF and logistic regression, C = $C', (c) => {
  const vectors = new Tfidf(c.train);
  const classes = c.probabilities[0].length;

  it('weighs as scikit-learn does', () => {
    expect(vectors.train.width).toBe(c.features);
    for (const [r, norm] of c.norms.entries()) {
      const row = vectors.train.values.subarray(vectors.train.starts[r], vectors.train.starts[r + 1]);
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(norm, 5);
    }
  });

  it('fits the same model', () => {
    const model = fitLogisticRegression(vectors.train, c.y, classes, { C: c.C, tolerance: 1e-8 });
    expectRows(model.probabilities(vectors.transform(c.test)), c.probabilities, 4);
    const centre = model.bias.reduce((a, b) => a + b, 0) / (classes > 2 ? classes : Number.POSITIVE_INFINITY);
    // With softmax only differences of biases matter.
    for (const [k, bias] of c.bias.entries()) expect(model.bias[k] - centre).toBeCloseTo(bias, 3);
  });

  it('is close enough where the benchmark stops', () => {
    const model = fitLogisticRegression(vectors.train, c.y, classes, { C: c.C });
    expectRows(model.probabilities(vectors.transform(c.test)), c.probabilities, 2);
  });
});

it('NB-SVM', () => {
  const { train, y, test, alpha, beta, C, probabilities } = fixture.nbSvm;
  expectRows(new NbSvm(train, y, { alpha, beta, C }).probabilities(test), probabilities, 3);
});

it('a warm start ends at the same model', () => {
  const c = fixture.logistic[1];
  const { train } = new Tfidf(c.train);
  const cold = fitLogisticRegression(train, c.y, 2, { C: c.C, tolerance: 1e-9 });
  const warmStart = fitLogisticRegression(train, c.y, 2, { C: 1 });
  const warm = fitLogisticRegression(train, c.y, 2, { C: c.C, tolerance: 1e-9, warmStart });
  for (const [j, w] of cold.weights[0].entries()) expect(warm.weights[0][j]).toBeCloseTo(w, 5);
});

it('Newton finds the minimum of an ill-conditioned function that is no quadratic', () => {
  // Σ sᵢ·(cosh(xᵢ − i) − 1), least at xᵢ = i
  const scales = [1, 10, 1e3, 1e4];
  let at = new Float64Array(4);
  const x = minimise(
    {
      size: 4,
      evaluate(p, g) {
        at = Float64Array.from(p);
        for (const [i, s] of scales.entries()) g[i] = s * Math.sinh(p[i] - i);
        return scales.reduce((sum, s, i) => sum + s * (Math.cosh(p[i] - i) - 1), 0);
      },
      hessianTimes(v, product) {
        for (const [i, s] of scales.entries()) product[i] = s * Math.cosh(at[i] - i) * v[i];
      },
    },
    { tolerance: 1e-9 },
  );
  for (const [i, value] of x.entries()) expect(value).toBeCloseTo(i, 6);
});
