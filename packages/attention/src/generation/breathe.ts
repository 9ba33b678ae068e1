// Letting the event loop turn between tokens: a model on the CPU would otherwise never give the thread away, and neither
// timers, nor signals that time out, nor pages would get their chance.

/** Milliseconds that tokens may take before others get a turn. */
const BREATH = 8;

let last = 0;

/** Waits for one turn of the event loop, unless there was one just now. */
export async function breathe(): Promise<void> {
  if (performance.now() - last < BREATH) return;
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
