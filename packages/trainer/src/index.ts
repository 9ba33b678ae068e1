// The public door of @heddle/trainer. Re-exports only.

export type { EvaluationEvent, StartEvent, StepEvent, TrainerCallback } from './callbacks.js';
export { CheckpointError, type CheckpointProblem } from './checkpoints/errors.js';
export type { Best, EvaluationRecord } from './checkpoints/run-state.js';
export type { CheckpointTarget } from './checkpoints/store.js';
export { type BatchOptions, batches } from './data/batches.js';
export type { Label } from './data/class-ids.js';
export { labelsOf } from './data/label-index.js';
export type { TableFormat } from './data/parse-records.js';
export type { TableSource } from './data/read-bytes.js';
export type { LabelledText, ReadTableOptions, Table } from './data/read-table.js';
export { readTable } from './data/read-table.js';
export type { LabelledSource, RowSource } from './data/rows.js';
export type { TableErrorDetails, TableProblem } from './data/table-error.js';
export { TableError } from './data/table-error.js';
export { NonFiniteError, type NonFinitePlace, RunLost } from './errors.js';
export type { BootstrapOptions, Interval } from './metrics/bootstrap.js';
export { bootstrapInterval, bootstrapIntervals } from './metrics/bootstrap.js';
export type { ClassificationScores, ClassScores, PrecisionRecallF1 } from './metrics/classification.js';
export { accuracy, classificationScores, matthewsCorrelation, scoresOfMatrix } from './metrics/classification.js';
export { confusionMatrix } from './metrics/confusion-matrix.js';
export { MetricError } from './metrics/errors.js';
export type { CalibrationBin } from './metrics/probability.js';
export { calibrationBins, expectedCalibrationError, logLoss, perplexity } from './metrics/probability.js';
export { averagePrecision, macroAveragePrecision, macroRocAuc, rocAuc } from './metrics/ranking.js';
export type {
  ClassificationOptions,
  CustomOptions,
  EarlyStopping,
  RunOptions,
  TrainerOptimizer,
} from './options.js';
export type { ProgressStyle } from './progress/progress.js';
export type { StoppedBy, TrainingReport } from './report.js';
export { type Interrupt, stopOnInterrupt } from './stop-on-interrupt.js';
export type { Classifier, LabelledBatch, LabelledIds, LabelledRow } from './tasks/classification.js';
export type { Scorers } from './tasks/classification-scorer.js';
export type { CustomTask, Prediction } from './tasks/custom.js';
export type { Evaluation, Metrics } from './tasks/task.js';
export type { EncodedTexts, TextCodec } from './text-codec.js';
export { Trainer } from './trainer.js';
