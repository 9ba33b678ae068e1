// How training reports, stops and stays polite: trainers are generators, and this drives them.
import { TokenizerError } from '../errors';

/** Where training is. */
export interface TrainProgress {
  readonly stage: 'read' | 'pairs' | 'merges' | 'seeds' | 'em';
  readonly done: number;
  /** Steps in all, where that is known. */
  readonly total: number | undefined;
}

/** A training step by step: yields now and then, returns its result. */
export type Training<T> = Generator<TrainProgress, T>;

const SLICE_MS = 40;

const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** What a training ends with when its signal has fired. */
export function aborted({ reason }: AbortSignal): TokenizerError {
  return new TokenizerError({ kind: 'input', where: 'train: signal', expected: 'not to be aborted', cause: reason });
}

/** Throws when the signal has fired. */
export function checkAbort(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

/** Runs a training to its end; lets other work in every few milliseconds, and stops when the signal fires. */
export async function drive<T>(
  training: Training<T>,
  onProgress: ((progress: TrainProgress) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<T> {
  let since = performance.now();
  for (;;) {
    const step = training.next();
    if (step.done) return step.value;
    if (performance.now() - since < SLICE_MS) continue;
    onProgress?.(step.value);
    await breathe();
    checkAbort(signal);
    since = performance.now();
  }
}
