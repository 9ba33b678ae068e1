// What stops a run on purpose, apart from bad data (TableError) and checkpoints (CheckpointError).
import { HeddleError } from '@heddle/tensor';

/** Where a number that isn't finite was first seen. */
export type NonFinitePlace = 'loss' | 'gradient' | 'parameter';

/**
 * Training ran into a NaN or an infinity and was stopped. Checkpoints hold only what came before.
 *
 * @example
 * ```ts
 * import { NonFiniteError } from '@heddle/trainer';
 *
 * const advice = (error: unknown) =>
 *   error instanceof NonFiniteError ? `look at ${error.parameter ?? 'the loss'} in step ${error.step}` : 'unknown';
 * ```
 */
export class NonFiniteError extends HeddleError {
  override readonly name = 'NonFiniteError';
  constructor(
    /** Counted from 1. */
    readonly step: number,
    readonly loss: number,
    readonly place: NonFinitePlace,
    /** Checkpoint name of the first parameter that is, or whose gradient is, not finite; null where all are. */
    readonly parameter: string | null,
    /** The last good checkpoint. */
    readonly checkpoint: string | null,
  ) {
    const where =
      parameter === null ? '' : `; the first bad ${place} is ${place === 'gradient' ? 'that of ' : ''}${parameter}`;
    const kept = checkpoint === null ? '' : `; the last good checkpoint is ${checkpoint}`;
    super(
      `the loss of step ${step} is ${loss}${where}${kept}: lower the learning rate, or look closer with anomaly: true`,
    );
  }
}
