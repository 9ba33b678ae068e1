// What stops a run, apart from bad data (TableError) and checkpoints (CheckpointError).
import { HeddleError } from '@heddle/tensor';
import type { CheckpointTarget } from './checkpoints/store.js';

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

/**
 * The device went away during training, and model and optimizer with it. What is left is the last checkpoint: in the
 * trainer's own `checkpoints`, or, where none were asked for, in the memory of this error.
 *
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * import { RunLost, type Trainer, type TrainingReport } from '@heddle/trainer';
 *
 * // `make` builds model, optimizer and trainer, with the checkpoints that it is given.
 * async function persist(make: (from?: RunLost) => Trainer): Promise<TrainingReport> {
 *   try {
 *     return await make().fit();
 *   } catch (error) {
 *     if (!(error instanceof RunLost)) throw error;
 *     await init();
 *     return make(error).fit(); // new Trainer(model, { …, checkpoints: error.checkpoints, resume: true })
 *   }
 * }
 * ```
 */
export class RunLost extends HeddleError {
  override readonly name = 'RunLost';
  constructor(
    /** The step that was running, counted from 1. */
    readonly step: number,
    /** The last step that a checkpoint holds; 0 where there is none yet. */
    readonly savedStep: number,
    /** Where that checkpoint is: pass it on as `checkpoints`, with `resume: true`. */
    readonly checkpoints: CheckpointTarget,
    options: ErrorOptions,
  ) {
    const where = typeof checkpoints === 'string' ? ` in ${checkpoints}` : '';
    super(
      savedStep === 0
        ? `the device was lost in step ${step}, before the first checkpoint: await init(), make model and optimizer anew, and start again`
        : `the device was lost in step ${step}; step ${savedStep} is kept${where}: await init(), make model and optimizer anew, and fit with { checkpoints: error.checkpoints, resume: true }`,
      options,
    );
  }
}
