// Runs in Chromium, on a page or inside a worker of it: multiplies with the engine and says what it ran on; and, through
// the public API, how long the page stood still meanwhile.
import { Engine, type EngineOptions } from '../../src/backends/wasm/engine/engine';
import { gemm } from '../../src/backends/wasm/engine/gemm';
import { crossEntropy, type InitOptions, init, keep, randn } from '../../src/index';
import { Linear, Sequential } from '../../src/nn/index';
import { AdamW } from '../../src/optim/index';

/** What a run gives back. */
export interface Outcome {
  readonly threads: number;
  readonly workers: number;
  readonly notes: readonly string[];
  readonly right: boolean;
}

/** What training on the page gives. */
export interface Trained {
  readonly threads: number;
  readonly notes: readonly string[];
  readonly losses: readonly number[];
  /** Milliseconds from the first op to the last result. */
  readonly busy: number;
  /** The longest time between two turns of the page's own loop in that time, and their number. */
  readonly longest: number;
  readonly turns: number;
  /** What the console was told. */
  readonly warnings: readonly string[];
}

async function train(options: InitOptions): Promise<Trained> {
  const warnings: string[] = [];
  console.warn = (text: string) => void warnings.push(text);
  const { threads, notes } = await init({ ...options, seed: 1 });
  await init({ ...options, seed: 1 });
  const model = new Sequential([
    new Linear({ inputs: 512, outputs: 2048, activation: 'gelu' }),
    new Linear({ inputs: 2048, outputs: 10 }),
  ]);
  const optimizer = new AdamW(model.parameters(), { lr: 1e-3 });
  const x = keep(randn([512, 512]));
  const labels = Int32Array.from({ length: 512 }, (_, i) => i % 10);
  const step = async (): Promise<number> => {
    const loss = crossEntropy(model.call(x), labels);
    loss.backward();
    optimizer.step();
    return loss.item();
  };
  await step(); // compiles what runs
  const start = performance.now();
  let [last, longest, turns, going] = [start, 0, 0, true];
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    turns++;
    if (going) channel.port2.postMessage(null);
  };
  channel.port2.postMessage(null);
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) losses.push(await step());
  going = false;
  const end = performance.now();
  return { threads, notes, losses, busy: end - start, longest: Math.max(longest, end - last), turns, warnings };
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
  Object.assign(globalThis, { multiply, inside, train });
} else {
  globalThis.onmessage = async ({ data }: MessageEvent<EngineOptions>) => postMessage(await multiply(data));
}
