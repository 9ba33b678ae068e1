// The state that is one a process: the backend in use, the default generator, the step, the modes.
import type { Backend } from './backends/backend';
import { BackendError } from './errors';
import type { Recorder } from './profile';
import { Generator } from './random';

let backend: Backend | null = null;
let generator = new Generator(0);

/** Modes and counters that hot paths read directly. */
export const runtime = {
  /** Whether ops are recorded for `backward`. */
  recording: true,
  /** Depth of running backward passes, which may read what the graph owns. */
  inBackward: 0,
  /** Optimizer steps that have ended. */
  step: 0,
  /** Gathers kernel calls while `profile` runs. */
  profiler: null as Recorder | null,
};

/** The backend that new tensors are made on. */
export function currentBackend(): Backend {
  if (backend === null) throw new BackendError('heddle', 'no backend is ready: await init() first');
  return backend;
}

/** True once a backend is there. */
export function isReady(): boolean {
  return backend !== null;
}

/** Puts another backend in use and returns the one before. */
export function useBackend(next: Backend | null): Backend | null {
  const before = backend;
  backend = next;
  return before;
}

/** The generator that draws where none is given; `init({ seed })` seeds it. */
export function defaultGenerator(): Generator {
  return generator;
}

/**
 * Seeds the default generator.
 *
 * @example
 * ```ts
 * import { init, manualSeed, randn } from '@heddle/tensor';
 * await init();
 * manualSeed(7);
 * const a = randn([3]);
 * manualSeed(7);
 * const b = randn([3]); // the same numbers
 * ```
 */
export function manualSeed(seed: number): Generator {
  return useGenerator(new Generator(seed));
}

/** Puts another default generator in use, and returns it. */
export function useGenerator(next: Generator): Generator {
  generator = next;
  return next;
}
