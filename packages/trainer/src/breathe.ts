// Letting the event loop turn during long work, so that signals, timers and pages get their chance.

/** Milliseconds of work between two turns. */
const BREATH = 20;

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
