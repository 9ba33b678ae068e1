// The error of everything that has to do with checkpoints.
import { HeddleError } from '@heddle/tensor';

/** Why a checkpoint can't be used. */
export type CheckpointProblem = 'missing' | 'damaged' | 'other-run' | 'other-model' | 'unfinished-run' | 'no-folder';

/**
 * A checkpoint can't be gone on with, or would be lost.
 *
 * @example
 * ```ts
 * import { CheckpointError } from '@heddle/trainer';
 *
 * const advice = (error: unknown) =>
 *   error instanceof CheckpointError && error.problem === 'unfinished-run' ? 'go on with resume: true' : 'give up';
 * ```
 */
export class CheckpointError extends HeddleError {
  override readonly name = 'CheckpointError';
  constructor(
    readonly path: string,
    readonly problem: CheckpointProblem,
    sentence: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${sentence}`, options);
  }
}
