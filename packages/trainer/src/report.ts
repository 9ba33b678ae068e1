// What `fit` returns. Types only.
import type { Best, EvaluationRecord } from './checkpoints/run-state.js';
import type { Evaluation } from './tasks/task.js';

/** Why a run ended. */
export type StoppedBy = 'completed' | 'early-stopping' | 'signal';

/** The result of a run, what was done before a resume included. */
export interface TrainingReport {
  readonly stoppedBy: StoppedBy;
  readonly steps: number;
  /** Passes over the training rows, whole or in part. */
  readonly epochs: number;
  /** Training loss of each step. */
  readonly losses: readonly number[];
  /** Evaluations of the validation part, in order. */
  readonly evaluations: readonly EvaluationRecord[];
  /** The evaluation whose weights the model has in the end; null where nothing was evaluated. */
  readonly best: Best | null;
  /** Evaluation of the test part, by the weights that the model has in the end. */
  readonly test: Evaluation | null;
  readonly seed: number;
  /** Seconds spent in training steps; evaluations and checkpoints are not counted. */
  readonly trainSeconds: number;
  readonly samplesPerSecond: number;
  /** Tokens without padding; 0 where the task counts none. */
  readonly tokensPerSecond: number;
  /** Most bytes of tensors alive at once. */
  readonly peakBytes: number;
  /** The newest checkpoint. */
  readonly checkpoint: string | null;
  /** The checkpoint that was gone on from. */
  readonly resumedFrom: string | null;
}
