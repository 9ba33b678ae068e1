// Ctrl-C: the first asks the run to save and stop, the second ends the process at once.

/** The exit code of a program that Ctrl-C ended: 128 + SIGINT. */
export const INTERRUPTED = 130;

/** A signal that Ctrl-C aborts. `release` takes the handler away again. */
export function onInterrupt(say: (line: string) => void): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const handler = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    say('\nStopping after this step, saving first. Ctrl-C again ends at once.');
    controller.abort();
  };
  process.on('SIGINT', handler);
  return { signal: controller.signal, release: () => process.off('SIGINT', handler) };
}
