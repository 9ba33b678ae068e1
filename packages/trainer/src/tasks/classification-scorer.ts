// Scores a classifier's logits: probabilities in float64 on the host, then every metric that the rows allow.
import type { Tensor } from '@heddle/tensor';
import { classificationScores } from '../metrics/classification.js';
import { expectedCalibrationError } from '../metrics/probability.js';
import { averagePrecision, rocAuc } from '../metrics/ranking.js';
import type { Classifier, LabelledBatch } from './classification.js';
import { type Metrics, ownMetrics, type Scorer } from './task.js';

/** Scores of one's own, beside or instead of the usual ones. */
export interface Scorers {
  /** Added to the usual metrics; one with the same name takes its place. */
  readonly metrics?:
    | ((truth: Int32Array, probabilities: readonly Float32Array[], predicted: Int32Array) => Metrics)
    | undefined;
}

/** Collects the logits of `rows` rows. */
export function classificationScorer(rows: number, model: Classifier, { metrics }: Scorers): Scorer<LabelledBatch> {
  const truth = new Int32Array(rows);
  const predicted = new Int32Array(rows);
  const probabilities: Float32Array[] = new Array(rows);
  let loss = 0;
  return {
    outputs: (batch): readonly Tensor[] => [model.call(batch)],

    add({ labels }, [logits], places) {
      const classes = logits.length / places.length;
      places.forEach((place, i) => {
        const { p, best, loss: own } = scoreRow(logits.subarray(i * classes, (i + 1) * classes), labels[i]);
        truth[place] = labels[i];
        predicted[place] = best;
        probabilities[place] = p;
        loss += own;
      });
    },

    finish() {
      const usual = { loss: loss / rows, ...usualMetrics(truth, predicted, probabilities) };
      const own = ownMetrics(metrics?.(truth, probabilities, predicted));
      return { metrics: { ...usual, ...own }, truth, predicted, probabilities };
    },
  };
}

/** Softmax, argmax and cross-entropy of one row. */
function scoreRow(logits: Float32Array, label: number): { p: Float32Array; best: number; loss: number } {
  let best = 0;
  for (let k = 1; k < logits.length; k++) if (logits[k] > logits[best]) best = k;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - logits[best]);
  const p = logits.map((logit) => Math.exp(logit - logits[best]) / sum);
  return { p, best, loss: Math.log(sum) - (logits[label] - logits[best]) };
}

function usualMetrics(truth: Int32Array, predicted: Int32Array, probabilities: readonly Float32Array[]): Metrics {
  const scores = classificationScores(truth, predicted, { numClasses: probabilities[0].length });
  const usual = {
    accuracy: scores.accuracy,
    macroF1: scores.macro.f1,
    macroPrecision: scores.macro.precision,
    macroRecall: scores.macro.recall,
    mcc: scores.mcc,
  };
  // A model that overflowed has no probabilities to calibrate or rank; its loss says so already.
  if (probabilities.some((p) => Number.isNaN(p[0]))) return usual;
  const calibrationError = expectedCalibrationError(truth, probabilities);
  const bothClasses = probabilities[0].length === 2 && truth.includes(0) && truth.includes(1);
  if (!bothClasses) return { ...usual, calibrationError };
  const scoresOfOne = probabilities.map((p) => p[1]);
  return {
    ...usual,
    calibrationError,
    rocAuc: rocAuc(truth, scoresOfOne),
    averagePrecision: averagePrecision(truth, scoresOfOne),
  };
}
