// The threads of an engine: starts workers, hands them jobs through shared memory, takes part itself, waits for the end.
// Which part of a job a thread gets may be chance; what a part computes is not, so results don't depend on the threads.
import { BackendError } from '../../../errors';
import { isNode } from './features';
import { unwatch, watch } from './loading';
import type { LinearMemory } from './memory';
import {
  ACTIVE,
  CONTROL_BYTES,
  END,
  FAILED,
  KERNEL,
  MESSAGE,
  OPEN,
  READY,
  SEQUENCE,
  SLEEPERS,
  SPINS,
  type WorkerSetup,
} from './protocol';
import { claim, close, deal } from './shares';
import { WorkerLost } from './worker-lost';

/** Runs the units `[from, to)` of a kernel on the calling thread. */
export type RunPart = (args: number, from: number, to: number) => void;

/** What the pool needs of a worker, be it Node's or the browser's. */
interface Thread {
  /** Resolves when the thread has ended, of itself since it was told to, or made to after a while. */
  leave(): Promise<unknown>;
  /** Ends it at once. */
  terminate(): unknown;
}

/** Starts one worker; `lost` is called when it ends without having been told to. */
export type StartThread = (setup: WorkerSetup, lost: () => void) => Thread;

// A part is done in milliseconds; a thread that isn't done after this long is gone.
const PATIENCE_MS = 20_000;
const WAITS = 80;
// How long a worker may take to end when it is told to.
const LEAVE_MS = 2000;
// Workers that ended before any had started, since the last that did: after so many none will, say where a content policy
// forbids them.
const HOPELESS = 3;
// What a job has to be worth, in simple operations, for threads to share it. A worker that has gone to sleep wakes as late
// as a job of 150,000 ends (not quite a tenth of a millisecond on one thread); one that looks for jobs is there at once.
const PARALLEL_WORK = 150_000;
const AWAKE_WORK = 10_000;
// A job from which on workers are woken without being waited for: where one such comes, more do.
const ROUSING_WORK = 50_000;
// Control blocks that generations of workers use in turn, so that a late one of a lost pool disturbs nobody. One is used
// again when all its workers have ended: it is there that they read that they are to end.
const GENERATIONS = 8;

/** Bytes that a pool needs at its control address. */
export const POOL_BYTES = GENERATIONS * CONTROL_BYTES;

/** A fixed number of workers on one memory. They start at the first job, and again after one was lost. */
export class Pool {
  #words: Int32Array<SharedArrayBuffer>;
  #generation = 0;
  readonly #ending = new Set<number>(); // control blocks that workers still read which are to end
  readonly #memory: SharedArrayBuffer;
  #threads: Thread[] = [];
  #sequence = 0;
  #lost = 0;
  #stillborn = 0;

  /** `workers` says what each worker is started with; the calling thread comes on top of them. */
  constructor(
    memory: LinearMemory,
    readonly control: number,
    readonly workers: readonly Omit<WorkerSetup, 'control' | 'share'>[],
    readonly start: StartThread,
    readonly patienceMs: number = PATIENCE_MS,
  ) {
    // What `shared: true` makes, and what stays valid when the memory grows.
    this.#memory = memory.memory.buffer as unknown as SharedArrayBuffer;
    this.#words = new Int32Array(this.#memory, control, CONTROL_BYTES / 4);
  }

  /** Workers that have started and not been lost. */
  get ready(): number {
    return this.#threads.length === 0 ? 0 : Atomics.load(this.#words, READY);
  }

  /** False once it is clear that no worker starts here: jobs then run on the calling thread. */
  get works(): boolean {
    return this.#stillborn <= HOPELESS;
  }

  /** Workers that were lost since the pool was made. */
  get lost(): number {
    return this.#lost;
  }

  /** Whether workers run and look for jobs: they take part at once then, where one that sleeps takes its time. */
  get awake(): boolean {
    return (
      this.#threads.length > 0 && Atomics.load(this.#words, READY) > 0 && Atomics.load(this.#words, SLEEPERS) === 0
    );
  }

  /** Wakes the workers, or starts them, so that they look for jobs for a while. One about to sleep may miss it. */
  rouse(): void {
    this.#complete();
    this.#wake();
  }

  /** Whether a job of so many units, worth so many simple operations, is one for all threads. */
  shares(units: number, work: number): boolean {
    if (units < 2 || work < AWAKE_WORK) return false;
    if (work >= PARALLEL_WORK || this.awake) return true;
    if (work >= ROUSING_WORK) this.rouse();
    return false;
  }

  /** Runs all units of a job, `part` on this thread and kernel `kernel` on the workers, and returns when all are done. */
  run(kernel: number, part: RunPart, args: number, units: number): void {
    this.#complete();
    if (!this.works || this.#threads.length === 0) part(args, 0, units);
    else this.#share(kernel, part, args, units);
  }

  #share(kernel: number, part: RunPart, args: number, units: number): void {
    const words = this.#words;
    words[FAILED] = 0;
    words[KERNEL] = kernel;
    deal(words, units, this.workers.length + 1);
    Atomics.store(words, OPEN, 1);
    Atomics.store(words, SEQUENCE, ++this.#sequence);
    this.#wake();
    try {
      claim(words, 0, part, args);
    } finally {
      // Also after a trap: no worker may run on when the caller frees the buffers.
      close(words);
      Atomics.store(words, OPEN, 0);
      this.#wait(words);
    }
    if (words[FAILED] !== 0) this.#fail(words);
  }

  /** Ends all workers. The next job starts new ones. */
  async stop(): Promise<void> {
    if (this.ready > 0) this.#stillborn = 0;
    const threads = this.#threads;
    this.#threads = [];
    // They end by themselves: a thread that is ended while koffi loads a library takes the process with it.
    const words = this.#words;
    Atomics.store(words, KERNEL, END);
    Atomics.store(words, SEQUENCE, ++this.#sequence);
    Atomics.notify(words, SEQUENCE);
    if (threads.length > 0) {
      this.#ending.add(words.byteOffset);
      await Promise.all(threads.map((thread) => thread.leave()));
      this.#ending.delete(words.byteOffset);
    }
    unwatch(words);
  }

  #wait(words: Int32Array): void {
    for (let i = 0; i < SPINS; i++) if (Atomics.load(words, ACTIVE) === 0) return;
    for (let turn = 0; turn < WAITS; turn++) {
      const active = Atomics.load(words, ACTIVE);
      if (active === 0) return;
      // Counted in waits, not by a clock: tests replace clocks.
      Atomics.wait(words, ACTIVE, active, this.patienceMs / WAITS);
    }
    const lost = Atomics.load(words, ACTIVE);
    this.#lost += lost;
    void this.stop();
    throw new WorkerLost(lost);
  }

  #wake(): void {
    if (Atomics.load(this.#words, SLEEPERS) > 0) Atomics.notify(this.#words, SEQUENCE);
  }

  /** Starts the workers anew where one is missing and they can be started. */
  #complete(): void {
    if (this.works && this.#threads.length < this.workers.length) this.#restart();
  }

  #restart(): void {
    void this.stop();
    const control = this.control + (this.#generation % GENERATIONS) * CONTROL_BYTES;
    if (this.#ending.has(control)) return;
    this.#generation++;
    this.#words = new Int32Array(this.#memory, control, CONTROL_BYTES / 4).fill(0);
    this.#sequence = 0;
    if (this.workers.some(({ blas }) => blas !== null)) watch(this.#words);
    try {
      for (const [i, setup] of this.workers.entries()) this.#add({ ...setup, control, share: i + 1 });
    } catch {
      // Not even made: of a source that isn't allowed, or where the system has no more threads.
      void this.stop();
      this.#stillborn = Number.POSITIVE_INFINITY;
    }
  }

  #add(setup: WorkerSetup): void {
    const thread = this.start(setup, () => {
      if (!this.#threads.includes(thread)) return;
      this.#lost++;
      if (this.ready > 0) {
        this.#stillborn = 0;
        Atomics.sub(this.#words, READY, 1);
      } else this.#stillborn++;
      this.#threads = this.#threads.filter((other) => other !== thread);
    });
    this.#threads.push(thread);
  }

  #fail(words: Int32Array): never {
    const length = words[FAILED];
    const bytes = new Uint8Array(words.buffer, words.byteOffset + MESSAGE * 4, length).slice();
    throw new BackendError('wasm', `a kernel failed on a worker: ${new TextDecoder().decode(bytes)}`);
  }
}

/** How workers are started here: from the inlined source, or from `workerUrl`. */
export async function threadStarter(workerUrl: string | URL | undefined): Promise<StartThread> {
  const source = workerUrl === undefined ? (await import('../generated/worker')).workerSource : '';
  if (isNode()) {
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    // Node takes a URL as an object alone: a string would be a path.
    const file = /^file:/.test(String(workerUrl)) ? new URL(String(workerUrl)) : workerUrl;
    return (workerData, lost) => {
      const worker =
        file === undefined
          ? new Worker(source, { eval: true, workerData, execArgv: [] })
          : new Worker(file, { workerData, execArgv: [] });
      // The pool never keeps a process alive.
      worker.unref();
      worker.on('error', lost);
      worker.on('exit', lost);
      return {
        terminate: () => worker.terminate(),
        leave: () =>
          new Promise((resolve) => {
            worker.ref();
            const late = setTimeout(() => void worker.terminate(), LEAVE_MS);
            worker.once('exit', (code) => {
              clearTimeout(late);
              resolve(code);
            });
          }),
      };
    };
  }
  const url = workerUrl ?? URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  return (setup, lost) => {
    const worker = new Worker(url);
    worker.onerror = lost;
    worker.postMessage(setup);
    const terminate = (): void => worker.terminate();
    return { terminate, leave: async () => terminate() };
  };
}
