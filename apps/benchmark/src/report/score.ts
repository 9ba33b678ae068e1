// From class probabilities to the numbers of the report. The metrics themselves are @heddle/trainer's.
import {
  bootstrapIntervals,
  type ClassificationScores,
  calibrationBins,
  classificationScores,
  expectedCalibrationError,
  type Interval,
  logLoss,
  macroAveragePrecision,
  macroRocAuc,
} from '@heddle/trainer';
import type { MetricSet, Report } from './schema.js';

/** Class probabilities, a row for each example. */
export type Probabilities = readonly ArrayLike<number>[];

/** The most probable class of each row. */
export function decide(probabilities: Probabilities): Int32Array {
  return Int32Array.from(probabilities, (row) => {
    let best = 0;
    for (let k = 1; k < row.length; k++) if (row[k] > row[best]) best = k;
    return best;
  });
}

/** Every metric of the report, with bootstrap intervals of accuracy and macro-F1. */
export function scoreAll(truth: Int32Array, probabilities: Probabilities): MetricSet {
  const numClasses = probabilities[0].length;
  const predicted = decide(probabilities);
  const scores = classificationScores(truth, predicted, { numClasses });
  const everyClassOccurs = scores.perClass.every((c) => c.support > 0);
  const [accuracyInterval, macroF1Interval] = intervals(truth, predicted, numClasses, (s) => [s.accuracy, s.macro.f1]);
  return {
    accuracy: scores.accuracy,
    macroF1: scores.macro.f1,
    macroPrecision: scores.macro.precision,
    macroRecall: scores.macro.recall,
    microF1: scores.micro.f1,
    mcc: scores.mcc,
    logLoss: logLoss(truth, probabilities),
    rocAuc: everyClassOccurs ? macroRocAuc(truth, probabilities) : null,
    averagePrecision: everyClassOccurs ? macroAveragePrecision(truth, probabilities) : null,
    calibrationError: expectedCalibrationError(truth, probabilities),
    accuracyInterval,
    macroF1Interval,
  };
}

/** Precision, recall and F1 of each class with their intervals. */
export function scorePerClass(
  truth: Int32Array,
  probabilities: Probabilities,
  labels: readonly string[],
): Report['perClass'] {
  const predicted = decide(probabilities);
  const { perClass } = classificationScores(truth, predicted, { numClasses: labels.length });
  const spread = intervals(truth, predicted, labels.length, (s) =>
    s.perClass.flatMap((c) => [c.precision, c.recall, c.f1]),
  );
  return labels.map((label, k) => ({
    label,
    support: perClass[k].support,
    precision: { value: perClass[k].precision, ...spread[3 * k] },
    recall: { value: perClass[k].recall, ...spread[3 * k + 1] },
    f1: { value: perClass[k].f1, ...spread[3 * k + 2] },
  }));
}

/** Reliability bins and their error. */
export function scoreCalibration(truth: Int32Array, probabilities: Probabilities): Report['calibration'] {
  return {
    error: expectedCalibrationError(truth, probabilities),
    bins: calibrationBins(truth, probabilities),
  };
}

/** The means of several runs' metrics; intervals then span the runs as well. */
export function meanMetrics(runs: readonly MetricSet[]): MetricSet {
  if (runs.length === 1) return runs[0];
  const mean = (pick: (m: MetricSet) => number): number => runs.reduce((sum, m) => sum + pick(m), 0) / runs.length;
  const meanOrNull = (pick: (m: MetricSet) => number | null): number | null =>
    runs.some((m) => pick(m) === null) ? null : mean((m) => pick(m) ?? 0);
  const span = (pick: (m: MetricSet) => { low: number; high: number }): { low: number; high: number } => ({
    low: Math.min(...runs.map((m) => pick(m).low)),
    high: Math.max(...runs.map((m) => pick(m).high)),
  });
  return {
    accuracy: mean((m) => m.accuracy),
    macroF1: mean((m) => m.macroF1),
    macroPrecision: mean((m) => m.macroPrecision),
    macroRecall: mean((m) => m.macroRecall),
    microF1: mean((m) => m.microF1),
    mcc: mean((m) => m.mcc),
    logLoss: mean((m) => m.logLoss),
    rocAuc: meanOrNull((m) => m.rocAuc),
    averagePrecision: meanOrNull((m) => m.averagePrecision),
    calibrationError: mean((m) => m.calibrationError),
    accuracyInterval: span((m) => m.accuracyInterval),
    macroF1Interval: span((m) => m.macroF1Interval),
  };
}

function intervals(
  truth: Int32Array,
  predicted: Int32Array,
  numClasses: number,
  pick: (scores: ClassificationScores) => number[],
): Interval[] {
  return bootstrapIntervals(truth.length, (rows) => {
    const t = Int32Array.from(rows, (i) => truth[i]);
    const p = Int32Array.from(rows, (i) => predicted[i]);
    return pick(classificationScores(t, p, { numClasses }));
  });
}
