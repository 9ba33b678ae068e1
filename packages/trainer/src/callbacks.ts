// What a program hears of a run while it goes on. Types only.
import type { EvaluationRecord } from './checkpoints/run-state.js';
import type { TrainingReport } from './report.js';

/** The beginning of a run. */
export interface StartEvent {
  /** Steps that the run will have, unless it stops early. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Steps that were done before, by the run that is resumed. */
  readonly doneSteps: number;
  /** The checkpoint that is gone on from. */
  readonly resumedFrom: string | null;
}

/** One optimizer step. */
export interface StepEvent {
  /** Counted from 1. */
  readonly step: number;
  readonly steps: number;
  /** Passes over the training rows so far, whole or in part. */
  readonly epoch: number;
  /** Learning rate of the step. */
  readonly lr: number;
  /** The loss that was read last, which may be some steps old; null before the first reading. */
  readonly loss: number | null;
  readonly samplesPerSecond: number;
}

/** One evaluation of the validation part. */
export interface EvaluationEvent extends EvaluationRecord {
  /** Whether no evaluation before it was better. */
  readonly isBest: boolean;
}

/**
 * Hears of a run. All functions are optional and are called in the order of `callbacks`. The run waits for those that give
 * a promise; an error in one stops it.
 *
 * @example
 * ```ts
 * import type { TrainerCallback } from '@heddle/trainer';
 *
 * const losses: number[] = [];
 * const collect: TrainerCallback = {
 *   onStep: ({ loss }) => {
 *     if (loss !== null) losses.push(loss);
 *   },
 * };
 * ```
 */
export interface TrainerCallback {
  onStart?(event: StartEvent): void;
  onStep?(event: StepEvent): void;
  onEvaluation?(event: EvaluationEvent): void;
  /** A checkpoint was written. */
  onCheckpoint?(event: { readonly step: number; readonly path: string }): void;
  /** Something went on otherwise than asked for, such as a damaged checkpoint that was passed over. */
  onWarning?(sentence: string): void;
  onEnd?(report: TrainingReport): void;
  /** The run ended by an error, which `fit` throws next. */
  onFailure?(error: unknown): void;
}

/** All callbacks of a run as one. */
export type JoinedCallbacks = {
  readonly [K in keyof TrainerCallback]-?: (...event: Parameters<Required<TrainerCallback>[K]>) => Promise<void>;
};
