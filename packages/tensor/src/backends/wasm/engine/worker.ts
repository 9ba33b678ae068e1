// The program of a pool's worker: waits for a job in shared memory, claims units of it until none are left, waits again.
// Bundled by scripts/build-wasm.mjs into a string; imports nothing that isn't a constant or a type.
import { type AttentionParts, attentionRunners } from './attention-job';
import { blasRunner, type Koffi, type ProductParts, type Sgemm, sgemmOn } from './blas-job';
import { loadUnlessEnding } from './loading';
import {
  ACTIVE,
  BLAS_JOB,
  type BlasSource,
  CONTROL_BYTES,
  END,
  FAILED,
  KERNEL,
  MESSAGE,
  NEXT,
  OPEN,
  READY,
  SEQUENCE,
  SLEEPERS,
  SPINS,
  type WorkerSetup,
} from './protocol';
import { claim, unclaimed } from './shares';

type Kernel = (args: number, from: number, to: number) => void;

interface Globals {
  readonly process?: { getBuiltinModule(name: string): unknown };
  onmessage: ((event: { data: WorkerSetup }) => void) | null;
}

const globals = globalThis as unknown as Globals;
if (globals.process === undefined) globals.onmessage = (event) => work(event.data);
else work((globals.process.getBuiltinModule('node:worker_threads') as { workerData: WorkerSetup }).workerData);

function work(setup: WorkerSetup): void {
  const { exports } = new WebAssembly.Instance(setup.module, { env: { memory: setup.memory } });
  (exports['setScratch'] as (address: number) => void)(setup.scratch);
  const kernels = setup.kernels.map((name) => exports[name] as Kernel);
  const words = new Int32Array(setup.memory.buffer, setup.control, CONTROL_BYTES / 4);
  const native: Kernel[] = [];
  const { blas, memory } = setup;
  if (blas !== null) {
    const sgemm = loadUnlessEnding(words, () => load(blas, memory));
    if (sgemm === null) return;
    const parts = exports as unknown as ProductParts & AttentionParts;
    native.push(blasRunner(memory, sgemm, parts));
    native.push(...attentionRunners(memory, sgemm, parts, setup.scratch));
  }
  Atomics.add(words, READY, 1);
  let sequence = 0;
  for (;;) {
    sequence = next(words, sequence);
    if (words[KERNEL] === END) return;
    // Small jobs are often over before all have seen them: nobody waits for those who come late.
    if (!unclaimed(words)) continue;
    Atomics.add(words, ACTIVE, 1);
    // The calling thread closes a job before it waits for ACTIVE to fall to 0: either we see it closed, or it sees us.
    if (Atomics.load(words, OPEN) === 1) {
      try {
        const index = words[KERNEL];
        claim(words, setup.share, index < 0 ? native[BLAS_JOB - index] : kernels[index], setup.args);
      } catch (error) {
        report(words, String(error));
      }
    }
    if (Atomics.sub(words, ACTIVE, 1) === 1) Atomics.notify(words, ACTIVE);
  }
}

function load({ koffi, library }: BlasSource, memory: WebAssembly.Memory): Sgemm {
  const node = globals.process!.getBuiltinModule('node:module') as {
    createRequire(path: string): (id: string) => Koffi;
  };
  return sgemmOn(memory, node.createRequire(koffi)(koffi), library);
}

/** Waits until the number of the job is another one: at first awake, since the next job mostly comes at once. */
function next(words: Int32Array, sequence: number): number {
  for (;;) {
    for (let i = 0; i < SPINS; i++) {
      const now = Atomics.load(words, SEQUENCE);
      if (now !== sequence) return now;
    }
    Atomics.add(words, SLEEPERS, 1);
    // Ends at a new job, and where jobs worth sharing are near: see `Pool.rouse`.
    Atomics.wait(words, SEQUENCE, sequence);
    Atomics.sub(words, SLEEPERS, 1);
  }
}

function report(words: Int32Array, message: string): void {
  // TextEncoder doesn't write into shared memory.
  const bytes = new TextEncoder().encode(message);
  const room = new Uint8Array(words.buffer, words.byteOffset + MESSAGE * 4, (NEXT - MESSAGE) * 4);
  const length = Math.min(bytes.length, room.length);
  room.set(bytes.subarray(0, length));
  Atomics.store(words, FAILED, length);
}
