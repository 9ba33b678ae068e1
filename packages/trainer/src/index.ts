// The public door of @heddle/trainer. Re-exports only.

export type { BootstrapOptions, Interval } from './metrics/bootstrap.js';
export { bootstrapInterval } from './metrics/bootstrap.js';
export type { ClassificationScores, ClassScores, PrecisionRecallF1 } from './metrics/classification.js';
export { accuracy, classificationScores, matthewsCorrelation, scoresOfMatrix } from './metrics/classification.js';
export { confusionMatrix } from './metrics/confusion-matrix.js';
export { MetricError } from './metrics/errors.js';
export type { CalibrationBin } from './metrics/probability.js';
export { calibrationBins, expectedCalibrationError, logLoss, perplexity } from './metrics/probability.js';
export { averagePrecision, macroAveragePrecision, macroRocAuc, rocAuc } from './metrics/ranking.js';
