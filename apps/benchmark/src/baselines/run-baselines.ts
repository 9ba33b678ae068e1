// The baselines of a dataset: fitted on its training part, tuned on its validation part, scored on its test part.
import { classificationScores } from '@heddle/trainer';
import { type Dataset, labelIds } from '../data/dataset.js';
import { decide, type Probabilities } from '../report/score.js';
import { fitLogisticRegression, type LogisticRegression } from './logistic-regression.js';
import { NbSvm } from './nb-svm.js';
import { Tfidf } from './tfidf.js';

/** A baseline's answers on the test part. */
export interface BaselineResult {
  readonly name: string;
  readonly description: string;
  readonly test: Probabilities;
  readonly seconds: number;
}

/** Which baselines, and between which values the validation part chooses. */
export interface BaselineOptions {
  /** Inverse regularisation strengths, ascending. */
  readonly C: readonly number[];
  /** Also NB-SVM; two classes only. */
  readonly nbSvm?: boolean;
  readonly onStart?: (name: string) => void;
}

/** Majority class and TF-IDF with logistic regression, and NB-SVM where asked for. */
export async function runBaselines(dataset: Dataset, options: BaselineOptions): Promise<BaselineResult[]> {
  const fits: Record<string, (dataset: Dataset, options: BaselineOptions) => Fitted> = {
    'majority class': majority,
    'TF-IDF + logistic regression': tfidfLogisticRegression,
    ...(options.nbSvm === true ? { 'NB-SVM': nbSvm } : {}),
  };
  const results: BaselineResult[] = [];
  for (const [name, fit] of Object.entries(fits)) {
    // Fitting is one long synchronous piece: lets a waiting Ctrl-C through first.
    await new Promise((resolve) => setImmediate(resolve));
    options.onStart?.(name);
    const start = performance.now();
    results.push({ name, ...fit(dataset, options), seconds: (performance.now() - start) / 1_000 });
  }
  return results;
}

type Fitted = Pick<BaselineResult, 'description' | 'test'>;

function majority({ train, test, labels }: Dataset): Fitted {
  const shares = new Float64Array(labels.length);
  for (const id of labelIds(train, labels)) shares[id] += 1 / train.length;
  const [best] = decide([shares]);
  return { description: `always '${labels[best]}'`, test: test.map(() => shares) };
}

function tfidfLogisticRegression({ train, validation, test, labels }: Dataset, { C }: BaselineOptions): Fitted {
  const vectors = new Tfidf(train.map((row) => row.text));
  const y = labelIds(train, labels);
  const heldOut = vectors.transform(validation.map((row) => row.text));
  let warmStart: LogisticRegression | undefined;
  const tried = C.map((strength) => {
    const start = warmStart === undefined ? {} : { warmStart };
    const model = fitLogisticRegression(vectors.train, y, labels.length, { C: strength, ...start });
    warmStart = model;
    return { C: strength, model, score: macroF1(validation, labels, model.probabilities(heldOut)) };
  });
  // Of equals, the first: the stronger regularisation.
  const best = tried.reduce((a, b) => (b.score > a.score ? b : a));
  return {
    description: `words and pairs of words, sublinear counts, C = ${best.C}${C.length > 1 ? ' chosen on validation' : ''}`,
    test: best.model.probabilities(vectors.transform(test.map((row) => row.text))),
  };
}

function nbSvm({ train, test, labels }: Dataset): Fitted {
  const model = new NbSvm(
    train.map((row) => row.text),
    labelIds(train, labels),
  );
  return {
    description: 'words and pairs of words scaled by log-count ratios (Wang & Manning 2012), logistic loss',
    test: model.probabilities(test.map((row) => row.text)),
  };
}

function macroF1(rows: Dataset['validation'], labels: readonly string[], probabilities: Probabilities): number {
  return classificationScores(labelIds(rows, labels), decide(probabilities), { numClasses: labels.length }).macro.f1;
}
