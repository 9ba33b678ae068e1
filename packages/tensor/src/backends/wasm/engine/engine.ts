// The CPU engine: one linear memory, one compiled module, one pool of threads. Kernels are launched by name over units
// of work; how work is cut into units depends on shapes alone. What the kernels compute is not known here.
import { BackendError } from '../../../errors';
import { type KernelName, kernelNames } from '../generated/kernels';
import { Allocator } from './allocator';
import { type AttentionParts, attentionRunners } from './attention-job';
import { findBlas } from './blas';
import { blasRunner, type ProductParts } from './blas-job';
import { canBlock, hardwareThreads, hasRelaxedSimd, hasSharedMemory, hasSimd, type Simd } from './features';
import { LinearMemory, MAX_BYTES } from './memory';
import { loadModule } from './module';
import { POOL_BYTES, Pool, type RunPart, threadStarter } from './pool';
import { ARGS_BYTES, BLAS_JOB, SCRATCH_BYTES } from './protocol';
import { TransposedCopies } from './transposed';

/** How an engine is made. Everything has a default that suits the machine. */
export interface EngineOptions {
  /** Threads that kernels are split over, the calling one included; `'auto'` takes what the system offers. */
  readonly threads?: number | 'auto';
  /** SIMD level; `'auto'` takes relaxed SIMD (fused multiply-add) where there is. */
  readonly simd?: Simd | 'auto';
  /** Whether the memory can be shared with workers; `false` means one thread. */
  readonly shared?: boolean | 'auto';
  /** Bound on the whole memory in bytes, at most 4 GiB. */
  readonly maxBytes?: number;
  /** A BLAS of the system for large products: found by itself, none, or the library at a path. Node.js only. */
  readonly blas?: 'auto' | 'off' | (string & {});
  /** The kernels, compiled already. */
  readonly module?: WebAssembly.Module;
  /** Folder with plain.wasm and relaxed.wasm, instead of the inlined modules. */
  readonly wasmUrl?: string | URL;
  /** Address of worker.js, instead of the inlined one. */
  readonly workerUrl?: string | URL;
}

/** What an engine runs on. */
export interface EngineInfo {
  readonly threads: number;
  readonly simd: Simd;
  readonly shared: boolean;
  /** Library and version that large products call, or why there is none. */
  readonly blas: string;
  readonly notes: readonly string[];
}

const MAX_THREADS = 64;
const INITIAL_BYTES = 4 << 20;

/** A memory with kernels on it. */
export class Engine {
  readonly #info: EngineInfo;
  /** Byte address of the argument block. */
  readonly argsAddress: number;
  /** The argument block as integers; write it anew before each launch. */
  slots!: Int32Array;
  /** The argument block as floats. */
  floats!: Float32Array;

  readonly #memory: LinearMemory;
  readonly #allocator: Allocator;
  readonly #kernels: Record<KernelName, RunPart>;
  readonly #indices: ReadonlyMap<string, number>;
  readonly #pool: Pool | null;
  // What was allocated since `begin`: the first so many of the list, which keeps its length.
  readonly #recent: number[] = [];
  #recents = 0;
  /** Multiply-adds of the largest product for which the BLAS packs nothing, if its second matrix is not transposed. */
  readonly unpacked: number;
  readonly #native: readonly RunPart[];
  readonly #transposed: TransposedCopies;

  /** Use `Engine.create`. */
  private constructor(parts: {
    info: EngineInfo;
    memory: LinearMemory;
    allocator: Allocator;
    kernels: Record<KernelName, RunPart>;
    pool: Pool | null;
    args: number;
    native: readonly RunPart[];
    unpacked: number;
  }) {
    this.#info = parts.info;
    this.#memory = parts.memory;
    this.#allocator = parts.allocator;
    this.#kernels = parts.kernels;
    this.#pool = parts.pool;
    this.#native = parts.native;
    this.unpacked = parts.unpacked;
    this.#transposed = new TransposedCopies(parts.allocator);
    this.argsAddress = parts.args;
    this.#indices = new Map(kernelNames.map((name, i) => [name, i]));
    this.#aim();
  }

  /** Compiles the kernels and makes a memory for them. */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    if (!hasSimd())
      throw new BackendError('wasm', 'this system runs no WebAssembly SIMD: update it, or use another backend');
    const notes: string[] = [];
    const simd = chooseSimd(options.simd ?? 'auto');
    const shared = options.shared === true || (options.shared !== false && hasSharedMemory());
    const threads = await chooseThreads(options.threads ?? 'auto', shared, notes);
    const module = options.module ?? (await loadModule(simd, shared, options.wasmUrl));
    const memory = new LinearMemory(shared, INITIAL_BYTES);
    const { exports } = new WebAssembly.Instance(module, { env: { memory: memory.memory } });
    const control = Math.ceil((exports['heapBase'] as () => number)() / 64) * 64;
    const args = control + POOL_BYTES;
    const allocator = new Allocator(memory, args + ARGS_BYTES, Math.min(options.maxBytes ?? MAX_BYTES, MAX_BYTES));
    const scratch = Array.from({ length: threads }, () => allocator.alloc(SCRATCH_BYTES));
    (exports['setScratch'] as (address: number) => void)(scratch[0]);
    const found = await findBlas(options.blas ?? 'auto');
    const blas = typeof found === 'string' ? null : found;
    const source = blas === null ? null : blas.source;
    const common = { module, memory: memory.memory, args, kernels: kernelNames, blas: source };
    const pool =
      threads === 1
        ? null
        : new Pool(
            memory,
            control,
            scratch.slice(1).map((address) => ({ ...common, scratch: address })),
            await threadStarter(options.workerUrl),
          );
    const kernels = exports as unknown as Record<KernelName, RunPart>;
    const parts = exports as unknown as ProductParts & AttentionParts;
    const sgemm = blas?.sgemmOn(memory.memory);
    const native =
      sgemm === undefined
        ? []
        : [blasRunner(memory.memory, sgemm, parts), ...attentionRunners(memory.memory, sgemm, parts, scratch[0])];
    const info = { threads, simd, shared, blas: typeof found === 'string' ? found : found.name, notes };
    return new Engine({ info, memory, allocator, kernels, pool, args, native, unpacked: blas?.unpacked ?? 0 });
  }

  /** What the engine runs on. */
  get info(): EngineInfo {
    if (this.#pool === null || this.#pool.works) return this.#info;
    const note =
      'one thread: no worker starts here; where a content security policy is set, serve worker.js as workerUrl';
    return { ...this.#info, threads: 1, notes: [...this.#info.notes, note] };
  }

  /** The memory as floats. Take it anew after each `alloc`: a view dies when the memory grows. */
  get f32(): Float32Array {
    return this.#memory.f32;
  }

  /** The memory as integers. */
  get i32(): Int32Array {
    return this.#memory.i32;
  }

  /** The memory as unsigned integers. */
  get u32(): Uint32Array {
    return this.#memory.u32;
  }

  /** Bytes that are allocated now. */
  get liveBytes(): number {
    return this.#allocator.liveBytes;
  }

  /** The most bytes that were allocated at once. */
  get peakBytes(): number {
    return this.#allocator.peakBytes;
  }

  /** Buffers that are allocated now. */
  get liveBuffers(): number {
    return this.#allocator.liveBuffers;
  }

  /** Workers that are running. */
  get workersReady(): number {
    return this.#pool?.ready ?? 0;
  }

  /** Address of a new buffer, aligned to 64 bytes, its content undefined. Throws `OutOfMemory`. */
  alloc(bytes: number): number {
    const address = this.#take(bytes);
    this.#recent[this.#recents++] = address;
    return address;
  }

  #take(bytes: number): number {
    const before = this.#memory.f32;
    let address: number;
    try {
      address = this.#allocator.alloc(bytes);
    } catch (error) {
      // Where memory is short, without the copies, which can be made again.
      if (!this.#transposed.clear()) throw error;
      address = this.#allocator.alloc(bytes);
    }
    if (this.#memory.f32 !== before) this.#aim();
    return address;
  }

  /** Marks where a kernel begins to allocate, for `rollback`. */
  begin(): void {
    this.#recents = 0;
  }

  /** Frees what was allocated since `begin` and is live: of a kernel that failed half-way. */
  rollback(): void {
    for (let i = 0; i < this.#recents; i++) if (this.#allocator.isLive(this.#recent[i])) this.free(this.#recent[i]);
    this.#recents = 0;
  }

  /** Takes a buffer back. */
  free(address: number): void {
    this.#transposed.drop(address);
    this.#allocator.free(address);
  }

  /** Has to be told of each buffer that is written after it was filled. */
  wrote(buffer: number): void {
    this.#transposed.drop(buffer);
  }

  /**
   * Address of the transpose of a dense matrix at the beginning of a buffer. It is the engine's, until the buffer is written or
   * freed, or an `alloc` finds memory short: who reads it allocates nothing before.
   */
  transposed(buffer: number, rows: number, columns: number): number {
    const known = this.#transposed.find(buffer, rows, columns);
    if (known !== 0) return known;
    const copy = this.#take(rows * columns * 4);
    this.#transposed.add(buffer, { address: copy, rows, columns });
    const { slots } = this;
    slots[0] = buffer;
    slots[1] = copy;
    slots[2] = columns;
    slots[3] = rows;
    slots[4] = columns * 4;
    slots.fill(1, 5, 8);
    slots.fill(0, 8, 11);
    this.launch('transpose', Math.ceil(columns / 32), rows * columns);
    return copy;
  }

  /**
   * Runs the units `[0, units)` of a kernel on the arguments in `slots` and `floats`, and returns when all are done.
   * `work` estimates the job in simple operations on elements; the threads share it where it is worth that.
   */
  launch(kernel: KernelName, units: number, work: number = units): void {
    const run = this.#kernels[kernel];
    if (this.#pool?.shares(units, work)) this.#pool.run(this.#indices.get(kernel)!, run, this.argsAddress, units);
    else run(this.argsAddress, 0, units);
  }

  /** Whether products can go to a BLAS of the system. */
  get hasBlas(): boolean {
    return this.#native.length > 0;
  }

  /** Runs a job on the system's BLAS (BLAS_JOB and its like), as `launch` runs the units of a kernel. */
  launchBlas(job: number, units: number, work: number): void {
    const run = this.#native[BLAS_JOB - job];
    if (this.#pool?.shares(units, work)) this.#pool.run(job, run, this.argsAddress, units);
    else run(this.argsAddress, 0, units);
  }

  /** Ends the workers. The engine goes on working; they start again when they are needed. */
  async dispose(): Promise<void> {
    await this.#pool?.stop();
  }

  #aim(): void {
    const { buffer } = this.#memory.memory;
    this.slots = new Int32Array(buffer, this.argsAddress, ARGS_BYTES / 4);
    this.floats = new Float32Array(buffer, this.argsAddress, ARGS_BYTES / 4);
  }
}

/** The SIMD level that is wanted, or the best that there is. */
export function chooseSimd(wanted: Simd | 'auto'): Simd {
  if (wanted === 'auto') return hasRelaxedSimd() ? 'relaxed' : 'plain';
  if (wanted === 'relaxed' && !hasRelaxedSimd()) {
    throw new BackendError(
      'wasm',
      "simd: this system runs no relaxed SIMD (Node.js does from 22 on): use 'auto' or 'plain'",
    );
  }
  return wanted;
}

async function chooseThreads(wanted: number | 'auto', shared: boolean, notes: string[]): Promise<number> {
  const count = wanted === 'auto' ? await hardwareThreads() : Math.max(1, Math.floor(wanted));
  if (count === 1) return 1;
  if (!shared) {
    notes.push('one thread: memory can not be shared here (a page has to be cross-origin isolated)');
    return 1;
  }
  if (!canBlock()) {
    notes.push('one thread: a page must not block; run the engine inside a worker to use more');
    return 1;
  }
  return Math.min(count, MAX_THREADS);
}
