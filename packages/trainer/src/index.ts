// The public door of @heddle/trainer. Re-exports only.

export { labelsOf } from './data/label-index.js';
export type { TableFormat } from './data/parse-records.js';
export type { TableSource } from './data/read-bytes.js';
export type { LabelledText, ReadTableOptions, Table } from './data/read-table.js';
export { readTable } from './data/read-table.js';
export type { TableErrorDetails, TableProblem } from './data/table-error.js';
export { TableError } from './data/table-error.js';
export type { BootstrapOptions, Interval } from './metrics/bootstrap.js';
export { bootstrapInterval, bootstrapIntervals } from './metrics/bootstrap.js';
export type { ClassificationScores, ClassScores, PrecisionRecallF1 } from './metrics/classification.js';
export { accuracy, classificationScores, matthewsCorrelation, scoresOfMatrix } from './metrics/classification.js';
export { confusionMatrix } from './metrics/confusion-matrix.js';
export { MetricError } from './metrics/errors.js';
export type { CalibrationBin } from './metrics/probability.js';
export { calibrationBins, expectedCalibrationError, logLoss, perplexity } from './metrics/probability.js';
export { averagePrecision, macroAveragePrecision, macroRocAuc, rocAuc } from './metrics/ranking.js';
