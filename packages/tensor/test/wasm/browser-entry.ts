// Runs in Chromium, on a page or inside a worker of it: multiplies with the engine and says what it ran on.
import { Engine, type EngineOptions } from '../../src/backends/wasm/engine/engine';
import { gemm } from '../../src/backends/wasm/engine/gemm';

/** What a run gives back. */
export interface Outcome {
  readonly threads: number;
  readonly workers: number;
  readonly notes: readonly string[];
  readonly right: boolean;
}

async function multiply(options: EngineOptions): Promise<Outcome> {
  const engine = await Engine.create(options);
  const n = 256;
  const [a, b, c] = [0, 0, 0].map(() => engine.alloc(n * n * 4));
  const matrices = { a: { address: a, rowStride: n, colStride: 1 }, b: { address: b, rowStride: n, colStride: 1 } };
  let right = true;
  let workers = 0;
  for (let i = 0; i < 200 && (i === 0 || workers < engine.info.threads - 1); i++) {
    for (const x of [a, b]) engine.f32.fill(1, x / 4, x / 4 + n * n);
    gemm(engine, { M: n, N: n, K: n, ...matrices, c });
    right &&= engine.f32.subarray(c / 4, c / 4 + n * n).every((x) => x === n);
    await new Promise((done) => setTimeout(done, 10));
    workers = engine.workersReady;
  }
  return { threads: engine.info.threads, workers, notes: engine.info.notes, right };
}

const isPage = typeof document !== 'undefined';
if (isPage) {
  const inside = (options: EngineOptions): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const worker = new Worker('/browser-entry.js', { type: 'module' });
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }: MessageEvent<Outcome>) => resolve(data);
      worker.postMessage(options);
    });
  Object.assign(globalThis, { multiply, inside });
} else {
  globalThis.onmessage = async ({ data }: MessageEvent<EngineOptions>) => postMessage(await multiply(data));
}
