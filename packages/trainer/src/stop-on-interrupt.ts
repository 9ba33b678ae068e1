// Ctrl-C as an AbortSignal, so that a run can save before the program ends.

/** A signal, and the way to stop listening. */
export interface Interrupt {
  /** Goes off at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Gives the signals back to the program. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Turns the first Ctrl-C (or SIGTERM) into an AbortSignal; a second one ends the program at once, as ever. In browsers the
 * signal never goes off. Give it to a Trainer, and exit with 130 when `stoppedBy` is `signal`, as shells expect.
 *
 * @example
 * ```ts
 * import { type ClassificationOptions, type Classifier, stopOnInterrupt, Trainer } from '@heddle/trainer';
 *
 * export async function fit(model: Classifier, options: ClassificationOptions): Promise<void> {
 *   using interrupt = stopOnInterrupt();
 *   const trainer = new Trainer(model, { ...options, signal: interrupt.signal });
 *   const { stoppedBy } = await trainer.fit(); // says where it saved, and how to go on
 *   if (stoppedBy === 'signal') process.exitCode = 130;
 * }
 * ```
 */
export function stopOnInterrupt(): Interrupt {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const isNode = typeof process !== 'undefined' && typeof process.on === 'function';
  const dispose = (): void => {
    if (isNode) for (const name of signals) process.off(name, stop);
  };
  const stop = (): void => {
    dispose();
    controller.abort();
  };
  if (isNode) for (const name of signals) process.on(name, stop);
  return { signal: controller.signal, dispose, [Symbol.dispose]: dispose };
}
