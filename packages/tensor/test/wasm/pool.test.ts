// The pool: what happens when workers die, fail or come late. Kernels run on it are tested elsewhere.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Engine } from '../../src/backends/wasm/engine/engine';
import { hasRelaxedSimd } from '../../src/backends/wasm/engine/features';
import { gemm } from '../../src/backends/wasm/engine/gemm';
import { loadUnlessEnding } from '../../src/backends/wasm/engine/loading';
import { LinearMemory } from '../../src/backends/wasm/engine/memory';
import { loadModule } from '../../src/backends/wasm/engine/module';
import { POOL_BYTES, Pool, type StartThread, threadStarter } from '../../src/backends/wasm/engine/pool';
import { ACTIVE, CONTROL_BYTES, END, KERNEL, LOADING, READY, SEQUENCE } from '../../src/backends/wasm/engine/protocol';
import { WorkerLost } from '../../src/backends/wasm/engine/worker-lost';
import { kernelNames } from '../../src/backends/wasm/generated/kernels';

const CONTROL = 1 << 19;
const ARGS = CONTROL + POOL_BYTES;
const SCRATCH = ARGS + (1 << 16);

interface Rig {
  readonly pool: Pool;
  readonly memory: LinearMemory;
  readonly threads: { terminate(): unknown }[];
  /** Workers that have ended. */
  ended: number;
}

/** A pool whose workers the test can get at. */
async function rig(workers: number, patienceMs: number): Promise<Rig> {
  const memory = new LinearMemory(true, 8 << 20);
  const module = await loadModule('plain', true, undefined);
  const start = await threadStarter(undefined);
  const recording: StartThread = (setup, lost) => {
    const thread = start(setup, () => {
      made.ended++;
      lost();
    });
    made.threads.push(thread);
    return thread;
  };
  const setup = { module, memory: memory.memory, args: ARGS, scratch: SCRATCH, kernels: kernelNames, blas: null };
  const setups = Array.from({ length: workers }, () => setup);
  const made: Rig = { pool: new Pool(memory, CONTROL, setups, recording, patienceMs), memory, threads: [], ended: 0 };
  return made;
}

/** Launches empty jobs until the workers have come up. */
async function warm({ pool }: Rig, workers: number): Promise<void> {
  for (let i = 0; i < 1000 && pool.ready < workers; i++) {
    pool.run(kernelNames.indexOf('noop'), () => {}, ARGS, 100);
    await new Promise((done) => setTimeout(done, 10));
  }
  expect(pool.ready).toBe(workers);
}

const noop = kernelNames.indexOf('noop');

describe('a worker is killed', () => {
  test('between jobs: the next one runs on new workers', async () => {
    const r = await rig(2, 20_000);
    await warm(r, 2);
    await r.threads[0].terminate();
    expect(r.pool.lost).toBe(1);
    await warm(r, 2);
    expect(r.threads.length).toBe(4);
    await r.pool.stop();
  });

  // However often it happens to a process that runs for long: workers do start here.
  test('while they start: once others have started in between, it is no sign that none will', async () => {
    const r = await rig(1, 20_000);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2; i++) {
        r.pool.rouse();
        await r.threads.at(-1)?.terminate();
      }
      await warm(r, 1);
      // Both ways that those which have started may end.
      if (round === 0) await r.pool.stop();
      else await r.threads.at(-1)?.terminate();
    }
    expect(r.pool.works).toBe(true);
    await r.pool.stop();
  });

  test('in the middle of a job: WorkerLost, memory intact, and then new workers', async () => {
    const r = await rig(1, 400);
    await warm(r, 1);
    r.memory.f32.fill(7, 1 << 20, 1 << 21);
    // A worker that has entered the job and will never leave it, as one does that was killed there.
    const control = new Int32Array(r.memory.memory.buffer, CONTROL, 256);
    const job = (): void => r.pool.run(noop, () => void Atomics.store(control, 48, 1), ARGS, 4);
    expect(job).toThrow(WorkerLost);
    expect(r.memory.f32.subarray(1 << 20, 1 << 21).every((x) => x === 7)).toBe(true);
    await warm(r, 1);
    await r.pool.stop();
  });
});

// A worker that enters its first job, as all do, and dies inside it.
const DYING = `
  const { workerData: setup } = require('node:worker_threads');
  const words = new Int32Array(setup.memory.buffer, setup.control, 256);
  Atomics.add(words, ${READY}, 1);
  while (Atomics.load(words, ${SEQUENCE}) === 0) Atomics.wait(words, ${SEQUENCE}, 0, 5);
  Atomics.add(words, ${ACTIVE}, 1);
  process.exit(1);`;

test('a worker that dies inside a kernel: WorkerLost, memory intact, and the next one runs on a new worker', async () => {
  const memory = new LinearMemory(true, 8 << 20);
  const module = await loadModule('plain', true, undefined);
  const real = await threadStarter(undefined);
  let started = 0;
  const start: StartThread = (setup, lost) => {
    if (started++ > 0) return real(setup, lost);
    const worker = new Worker(DYING, { eval: true, workerData: setup });
    worker.on('exit', lost);
    const terminate = (): Promise<number> => worker.terminate();
    return { terminate, leave: terminate };
  };
  const setup = { module, memory: memory.memory, args: ARGS, scratch: SCRATCH, kernels: kernelNames, blas: null };
  const pool = new Pool(memory, CONTROL, [setup], start, 1000);
  memory.f32.fill(7, 1 << 20, 1 << 21);
  const slow = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  const lose = async (): Promise<void> => {
    for (let i = 0; i < 200; i++) {
      pool.run(noop, slow, ARGS, 8);
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  await expect(lose()).rejects.toThrow(WorkerLost);
  expect(pool.lost).toBeGreaterThan(0);
  expect(memory.f32.subarray(1 << 20, 1 << 21).every((x) => x === 7)).toBe(true);
  await warm({ pool, memory, threads: [], ended: 0 }, 1);
  expect(started).toBe(2);
  await pool.stop();
});

test('a kernel that traps on a worker is an error of the launch, and the pool goes on', async () => {
  const r = await rig(1, 20_000);
  await warm(r, 1);
  // Index −5 is no kernel: the worker throws, the calling thread's part does nothing but leave it time.
  const job = (): void => {
    for (let i = 0; i < 200; i++)
      r.pool.run(-5, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1), ARGS, 64);
  };
  expect(job).toThrow(/a kernel failed on a worker/);
  r.pool.run(noop, () => {}, ARGS, 64);
  await r.pool.stop();
});

test('an error on the calling thread leaves no worker behind in the job', async () => {
  const r = await rig(1, 20_000);
  await warm(r, 1);
  const part = (): void => {
    throw new Error('mine');
  };
  // Again and again: a worker may have done all units before this thread looks for one.
  const job = (): void => {
    for (let i = 0; i < 1000; i++) r.pool.run(noop, part, ARGS, 64);
  };
  for (let i = 0; i < 20; i++) expect(job).toThrow('mine');
  r.pool.run(noop, () => {}, ARGS, 64);
  await r.pool.stop();
});

test('an error on both sides is no error of the next job', async () => {
  const r = await rig(1, 20_000);
  await warm(r, 1);
  const part = (): void => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    throw new Error('mine');
  };
  // Index −5 is no kernel: the worker throws too.
  for (let i = 0; i < 20; i++) {
    expect(() => r.pool.run(-5, part, ARGS, 64)).toThrow('mine');
    r.pool.run(noop, () => {}, ARGS, 64);
  }
  await r.pool.stop();
});

// Those of a generation that were told to end before they had come up must not take part in a later one: they have the
// scratch memory of its workers.
test('stopped and started again faster than workers come up: the last ones alone are left', async () => {
  const r = await rig(2, 20_000);
  for (let i = 0; i < 30; i++) {
    r.pool.run(noop, () => {}, ARGS, 4);
    void r.pool.stop();
  }
  await warm(r, 2);
  await vi.waitFor(() => expect(r.ended).toBe(r.threads.length - 2), { timeout: 20_000 });
  expect(r.pool.ready).toBe(2);
  await r.pool.stop();
});

test('workers that are roused start, look for jobs for a while, and sleep until they are roused again', async () => {
  const r = await rig(1, 20_000);
  expect(r.pool.awake).toBe(false);
  r.pool.rouse();
  await vi.waitFor(() => expect(r.pool.ready).toBe(1), { timeout: 20_000 });
  // Awake for less time than a timer takes, so it is looked at without pause.
  const becomes = (awake: boolean): boolean => {
    const end = performance.now() + 20_000;
    while (r.pool.awake !== awake) {
      if (performance.now() > end) return false;
      // Again and again: one that is just about to sleep misses it.
      if (awake) r.pool.rouse();
    }
    return true;
  };
  for (let i = 0; i < 10; i++) {
    expect(becomes(false)).toBe(true);
    expect(becomes(true)).toBe(true);
  }
  expect(r.threads).toHaveLength(1);
  await r.pool.stop();
  expect(r.pool.awake).toBe(false);
});

test('every unit runs exactly once', async () => {
  const engine = await Engine.create({ threads: 4, blas: 'off' });
  const [M, N, K] = [500, 500, 40];
  const [a, b, c] = [M * K, K * N, M * N].map((n) => engine.alloc(n * 4));
  for (const address of [a, b]) engine.f32.fill(1, address / 4, address / 4 + M * K);
  for (let round = 0; round < 20; round++) {
    engine.f32.fill(3, c / 4, c / 4 + M * N);
    const matrices = { a: { address: a, rowStride: K, colStride: 1 }, b: { address: b, rowStride: N, colStride: 1 } };
    // Adding to C: a unit that ran twice, or not at all, leaves another number.
    gemm(engine, { M, N, K, ...matrices, c, accumulate: true });
    expect(engine.f32.subarray(c / 4, c / 4 + M * N).every((x) => x === K + 3)).toBe(true);
  }
  await engine.dispose();
});

// What takes its time to load, and leaves a mark in the engine's memory when it has.
const SLOW_KOFFI = `
  exports.load = () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    return { func: () => () => undefined };
  };
  exports.address = (bytes) => {
    bytes[${1 << 20}] = 1;
    return 0n;
  };`;

// One that was ended while it loaded the real koffi took the process with it.
describe('while a worker loads the BLAS', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'heddle-pool-'));
    writeFileSync(join(folder, 'koffi.cjs'), SLOW_KOFFI);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A pool whose only worker is loading, and whether it has loaded. */
  async function loads(): Promise<{ pool: Pool; hasLoaded: () => boolean }> {
    const memory = new LinearMemory(true, 8 << 20);
    const module = await loadModule('plain', true, undefined);
    const blas = { koffi: join(folder, 'koffi.cjs'), library: '' };
    const setup = { module, memory: memory.memory, args: ARGS, scratch: SCRATCH, kernels: kernelNames, blas };
    const pool = new Pool(memory, CONTROL, [setup], await threadStarter(undefined));
    pool.run(noop, () => {}, ARGS, 4);
    const control = new Int32Array(memory.memory.buffer, CONTROL, CONTROL_BYTES / 4);
    await vi.waitFor(() => expect(control[LOADING]).toBe(1), { timeout: 20_000, interval: 1 });
    return { pool, hasLoaded: () => new Uint8Array(memory.memory.buffer)[1 << 20] === 1 };
  }

  test('it is told to end: it ends when it has loaded', async () => {
    const { pool, hasLoaded } = await loads();
    await pool.stop();
    expect(hasLoaded()).toBe(true);
  });

  test('the process ends: only when it has loaded', async () => {
    const before = process.listeners('exit');
    const { pool, hasLoaded } = await loads();
    const added = process.listeners('exit').filter((listener) => !before.includes(listener));
    expect(added).toHaveLength(1);
    added[0](0);
    expect(hasLoaded()).toBe(true);
    await pool.stop();
    expect(process.listeners('exit')).toEqual(before);
  });

  test('one that comes up when it is to end loads nothing', () => {
    const control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
    expect(loadUnlessEnding(control, () => 7)).toBe(7);
    control[KERNEL] = END;
    expect(loadUnlessEnding(control, () => expect.unreachable())).toBe(null);
    expect(control[LOADING]).toBe(0);
  });
});

describe('odd clocks', () => {
  afterEach(() => void vi.useRealTimers());

  test('fake timers change nothing', async () => {
    const engine = await Engine.create({ threads: 2 });
    vi.useFakeTimers();
    for (let i = 0; i < 200; i++) engine.launch('noop', 100, 1e9);
    vi.useRealTimers();
    await engine.dispose();
  });
});

test('10,000 launches leave nothing', async () => {
  const engine = await Engine.create({ threads: 2, simd: hasRelaxedSimd() ? 'relaxed' : 'plain' });
  const live = engine.liveBuffers;
  for (let i = 0; i < 10_000; i++) {
    const buffer = engine.alloc(1000 + (i % 7));
    engine.launch('noop', 16, i % 10 === 0 ? 1e9 : 1);
    engine.free(buffer);
  }
  expect(engine.liveBuffers).toBe(live);
  await engine.dispose();
});
