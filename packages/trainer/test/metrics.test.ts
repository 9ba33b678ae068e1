// Metrics against scikit-learn's numbers (tools/oracle/metrics_oracle.py) and against their own definitions.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accuracy,
  averagePrecision,
  bootstrapInterval,
  calibrationBins,
  classificationScores,
  confusionMatrix,
  expectedCalibrationError,
  logLoss,
  MetricError,
  macroAveragePrecision,
  macroRocAuc,
  matthewsCorrelation,
  perplexity,
  rocAuc,
} from '../src/index.js';

interface Prf {
  precision: number;
  recall: number;
  f1: number;
}
interface Case {
  name: string;
  truth: number[];
  predicted: number[];
  probabilities: number[][];
  confusion: number[][];
  accuracy: number;
  perClass: (Prf & { support: number })[];
  macro: Prf;
  micro: Prf;
  mcc: number;
  logLoss: number;
  perplexity: number;
  macroRocAuc: number;
  macroAveragePrecision: number;
  rocAuc?: number;
  averagePrecision?: number;
  calibration: { confidence: number[]; accuracy: number[]; counts: number[]; error: number };
  accuracyInterval: { low: number; high: number };
}
const fixture = JSON.parse(readFileSync(new URL('./fixtures/metrics.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

function expectClose(ours: unknown, theirs: unknown): void {
  if (typeof theirs === 'number') {
    expect(ours as number).toBeCloseTo(theirs, 10);
    return;
  }
  for (const [key, value] of Object.entries(theirs as object)) {
    expectClose((ours as Record<string, unknown>)[key], value);
  }
}

describe.each(fixture.cases)('as scikit-learn has it: $name', (c) => {
  it('confusion matrix and what follows from it', () => {
    const scores = classificationScores(c.truth, c.predicted, { numClasses: c.confusion.length });
    expect(confusionMatrix(c.truth, c.predicted, { numClasses: c.confusion.length })).toEqual(c.confusion);
    expect(accuracy(c.truth, c.predicted)).toBeCloseTo(c.accuracy, 12);
    expect(matthewsCorrelation(c.truth, c.predicted)).toBeCloseTo(c.mcc, 10);
    expectClose(scores, { accuracy: c.accuracy, perClass: c.perClass, macro: c.macro, micro: c.micro, mcc: c.mcc });
  });

  it('ranking', () => {
    expect(macroRocAuc(c.truth, c.probabilities)).toBeCloseTo(c.macroRocAuc, 10);
    expect(macroAveragePrecision(c.truth, c.probabilities)).toBeCloseTo(c.macroAveragePrecision, 10);
    if (c.rocAuc === undefined) return;
    const positive = c.probabilities.map((row) => row[1]);
    expect(rocAuc(c.truth, positive)).toBeCloseTo(c.rocAuc, 10);
    expect(averagePrecision(c.truth, positive)).toBeCloseTo(c.averagePrecision!, 10);
  });

  it('probabilities', () => {
    expect(logLoss(c.truth, c.probabilities)).toBeCloseTo(c.logLoss, 10);
    const ofTruth = c.probabilities.map((row, i) => Math.log(Math.max(row[c.truth[i]], Number.EPSILON)));
    expect(perplexity(ofTruth) / c.perplexity).toBeCloseTo(1, 10);
    expect(expectedCalibrationError(c.truth, c.probabilities)).toBeCloseTo(c.calibration.error, 10);
    const bins = calibrationBins(c.truth, c.probabilities);
    expect(bins.map((b) => b.count)).toEqual(c.calibration.counts);
    const filled = bins.filter((b) => b.count > 0);
    expectClose(
      filled,
      c.calibration.confidence.map((confidence) => ({ confidence })),
    );
    expectClose(
      filled,
      c.calibration.accuracy.map((share) => ({ accuracy: share })),
    );
  });

  it('bootstrap interval of the accuracy, up to the luck of the draw', () => {
    const right = c.truth.map((t, i) => Number(t === c.predicted[i]));
    const mean = (rows: Uint32Array): number => rows.reduce((sum, i) => sum + right[i], 0) / rows.length;
    const ours = bootstrapInterval(right.length, mean, { resamples: 5_000, seed: 1 });
    expect(Math.abs(ours.low - c.accuracyInterval.low)).toBeLessThan(0.015);
    expect(Math.abs(ours.high - c.accuracyInterval.high)).toBeLessThan(0.015);
    expect(bootstrapInterval(right.length, mean, { seed: 7 })).toEqual(
      bootstrapInterval(right.length, mean, { seed: 7 }),
    );
  });
});

describe('properties', () => {
  const scored = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 9 })), { minLength: 2 });

  it('the ROC area is the share of ordered pairs, and reversing the order turns it round', () => {
    fc.assert(
      fc.property(scored, (pairs) => {
        const truth = pairs.map(([t]) => t);
        const scores = pairs.map(([, s]) => s);
        fc.pre(truth.includes(0) && truth.includes(1));
        let ordered = 0;
        let all = 0;
        for (const [t, s] of pairs) {
          for (const [u, r] of pairs) {
            if (t === 1 && u === 0) {
              all++;
              ordered += s > r ? 1 : s === r ? 0.5 : 0;
            }
          }
        }
        expect(rocAuc(truth, scores)).toBeCloseTo(ordered / all, 10);
        expect(
          rocAuc(
            truth,
            scores.map((s) => -s),
          ),
        ).toBeCloseTo(1 - ordered / all, 10);
      }),
    );
  });

  it('with one label an example, micro precision, recall and F1 are the accuracy', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { minLength: 1 }), (pairs) => {
        const scores = classificationScores(
          pairs.map(([t]) => t),
          pairs.map(([, p]) => p),
        );
        for (const value of Object.values(scores.micro)) expect(value).toBeCloseTo(scores.accuracy, 12);
      }),
    );
  });
});

describe('bad input', () => {
  it.each([
    ['lengths that differ', () => accuracy([0, 1], [0]), 'accuracy: predicted: expected 2 values as in truth, got 1'],
    ['nothing', () => classificationScores([], []), 'confusionMatrix: truth: expected at least one example, got none'],
    [
      'an id outside the classes',
      () => confusionMatrix([0, 5], [0, 1], { numClasses: 2 }),
      'class ids from 0 to 1, got 5',
    ],
    [
      'one class only',
      () => rocAuc([1, 1], [0.1, 0.2]),
      'rocAuc: truth: expected examples of both classes, got only 1',
    ],
    ['NaN scores', () => averagePrecision([0, 1], [0.1, Number.NaN]), 'expected numbers, got NaN at 1'],
    ['probabilities above 1', () => logLoss([0], [[1.5, 0]]), 'expected values from 0 to 1, got 1.5 in row 0'],
    ['a list that is none', () => Reflect.apply(accuracy, null, [[1]]), 'accuracy: predicted: expected a list'],
    ['an id that is no class', () => confusionMatrix([1e10], [0]), 'truth: expected class ids below 10000'],
    ['half a class', () => confusionMatrix([0], [0], { numClasses: 1.5 }), 'numClasses: expected a whole number'],
    [
      'no bins',
      () => calibrationBins([0], [[1, 0]], { bins: 0 }),
      'bins: expected a whole number of at least 1, got 0',
    ],
    ['half a bin', () => calibrationBins([0], [[1, 0]], { bins: 1.5 }), 'bins: expected a whole number'],
    ['a calibration of NaN', () => expectedCalibrationError([0], [[Number.NaN, 0]]), 'from 0 to 1, got NaN in row 0'],
    ['a row too few', () => Reflect.apply(logLoss, null, [[0], [undefined]]), 'probabilities: expected values'],
    ['no resamples', () => bootstrapInterval(3, () => 1, { resamples: 0 }), 'resamples: expected a whole number'],
    ['half an example', () => bootstrapInterval(1.5, () => 1), 'size: expected a whole number'],
    ['no tokens', () => perplexity([]), 'perplexity: logProbabilities: expected at least one, got none'],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(MetricError);
    expect(run).toThrow(message);
  });
});
