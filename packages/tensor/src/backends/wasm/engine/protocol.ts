// Where the threads' shared words lie in linear memory, and what they mean. Read by the pool and by its workers.

/** Bytes of the block of kernel arguments. */
export const ARGS_BYTES = 1 << 16;

/** Bytes of scratch memory of each thread; `SCRATCH_BYTES` of assembly/engine.ts. */
export const SCRATCH_BYTES = 1 << 20;

/** Bytes of the control block. Words that different threads write lie in different cache lines. */
export const CONTROL_BYTES = 2048;

/** Word of the control block that counts jobs; workers wait for it to change. */
export const SEQUENCE = 0;
/** Index of the kernel to run, or one of the negative jobs below. */
export const KERNEL = 1;
/** Units of the job. */
export const UNITS = 2;
/** Units that a thread claims at once. */
export const CHUNK = 3;
/** Shares that the units are dealt out in. */
export const SHARES = 4;
/** 1 while workers may enter the job. */
export const OPEN = 16;
/** Workers inside the job; the calling thread waits for 0. */
export const ACTIVE = 48;
/** Workers asleep in `Atomics.wait`, which have to be notified. */
export const SLEEPERS = 64;
/** Workers that have started. */
export const READY = 80;
/** Workers that load the BLAS. */
export const LOADING = 88;
/** Length in bytes of the message of a worker's error, 0 for none. */
export const FAILED = 96;
/** First word of that message, in UTF-8, up to the shares. */
export const MESSAGE = 97;
/** The first unit that nobody has claimed, share by share, `NEXT_STEP` words apart. */
export const NEXT = 256;
export const NEXT_STEP = 16;
/** Most shares that there is room for. */
export const MOST_SHARES = 16;

/** KERNEL of a matrix product through the native BLAS. */
export const BLAS_JOB = -1;
/** KERNEL of attention's forward and backward pass through the native BLAS. */
export const ATTENTION_JOB = -2;
export const ATTENTION_GRAD_JOB = -3;
/** KERNEL that tells workers to end. */
export const END = -4;

/** What a worker is started with. */
export interface WorkerSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Byte address of the control block. */
  readonly control: number;
  /** Byte address of the argument block. */
  readonly args: number;
  /** Which of a job's shares this worker begins with; the calling thread begins with share 0. */
  readonly share: number;
  /** Byte address of this worker's scratch memory. */
  readonly scratch: number;
  /** Kernels by index. */
  readonly kernels: readonly string[];
  /** How to load the native BLAS, where there is one. */
  readonly blas: BlasSource | null;
}

/** Where the native BLAS is. */
export interface BlasSource {
  /** Path that `require` finds koffi at. */
  readonly koffi: string;
  /** Name or path of the shared library. */
  readonly library: string;
}

/** Turns of the loop in which a thread looks for news before it sleeps: longer than a small kernel on one thread takes. */
export const SPINS = 100_000;
