// Letting the event loop turn during long work: a model on the CPU would otherwise never give the thread away, and neither
// timers, nor signals that time out, nor pages would get their chance.

let last = 0;

/**
 * Waits for one turn of the event loop, unless there was one just now. For loops that compute and await nothing else.
 *
 * @param milliseconds work that may be done between two turns
 * @example
 * ```ts
 * import { breathe } from '@heddle/tensor';
 * for (let step = 0; step < 3; step++) {
 *   // … a step of training …
 *   await breathe(20);
 * }
 * ```
 */
export async function breathe(milliseconds: number): Promise<void> {
  if (performance.now() - last < milliseconds) return;
  await new Promise<void>((resolve) => {
    // setTimeout would cost 4 ms a turn in browsers, and 1 ms in Node.
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    }
  });
  last = performance.now();
}
