// Whether ops are recorded, so that they can be differentiated later.
import { HeddleError } from './errors';
import { isPromise, requireFunction } from './lifetime';
import { runtime } from './runtime';

/**
 * Runs `fn` without recording a graph.
 *
 * @throws {HeddleError} where `fn` returns a promise: recording would be back on before it settles.
 * @example
 * ```ts
 * import { init, noGrad, tensor } from '@heddle/tensor';
 * await init();
 * const w = tensor([1, 2], { requiresGrad: true });
 * console.log(noGrad(() => w.mul(2)).requiresGrad); // false
 * ```
 */
export function noGrad<T>(fn: () => T): T {
  return withRecording('noGrad', false, fn);
}

/** Runs `fn` with recording on, inside a `noGrad`. */
export function enableGrad<T>(fn: () => T): T {
  return withRecording('enableGrad', true, fn);
}

function withRecording<T>(name: string, recording: boolean, fn: () => T): T {
  requireFunction(name, 'fn', fn);
  const before = runtime.recording;
  runtime.recording = recording;
  try {
    const result = fn();
    if (isPromise(result))
      throw new HeddleError(`${name}: fn: expected a synchronous function, got one that returns a promise`);
    return result;
  } finally {
    runtime.recording = before;
  }
}
