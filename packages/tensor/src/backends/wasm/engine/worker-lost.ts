// The error of a job whose worker died in the middle of it.
import { BackendError } from '../../../errors';

/**
 * Worker threads ended while they ran a part of a kernel. The memory is intact but for that kernel's output, and the
 * next kernel starts new workers.
 *
 * @example
 * ```ts
 * import { WorkerLost } from '@heddle/tensor';
 * const retry = (error: unknown): boolean => error instanceof WorkerLost;
 * console.log(retry(new WorkerLost(1))); // true
 * ```
 */
export class WorkerLost extends BackendError {
  override readonly name = 'WorkerLost';
  constructor(readonly workers: number) {
    super('wasm', `${workers} worker${workers === 1 ? '' : 's'} ended in the middle of a kernel: repeat the step`);
  }
}
