// Updates in profiles: kernels that write in place pass no op that would note them.
import { runtime } from '../runtime';
import type { AnyTensor } from '../tensor';

/** Runs a kernel over tensors, and notes it where a profile is taken. */
export function measured<T>(name: string, tensors: readonly AnyTensor[], kernel: () => T): T {
  const start = runtime.profiler === null ? 0 : performance.now();
  const result = kernel();
  runtime.profiler?.record(name, 'update', start, tensors, [], 0);
  return result;
}
