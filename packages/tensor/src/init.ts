// Choosing and starting a backend.
import type { Backend, BackendInfo } from './backends/backend';
import { ArgumentError, BackendError } from './errors';
import { inWords } from './lifetime';
import { requireOptions } from './ops/rules';
import { Generator } from './random';
import { currentBackend, isReady, useBackend, useGenerator } from './runtime';

/** Settings of `init`. */
export interface InitOptions {
  /**
   * `wasm` (the default), `reference` (float64 in plain TypeScript, for checks), `gpu`, or `auto`: the GPU where there
   * is one, else wasm.
   */
  readonly backend?: 'auto' | 'wasm' | 'gpu' | 'reference';
  /** Threads that kernels are split over; as many as the machine has cores where nothing is said. */
  readonly threads?: number;
  /** SIMD variant: the best that the runtime has, unless one is named. */
  readonly simd?: 'auto' | 'plain' | 'relaxed';
  /** A system BLAS for large matrix products: found by itself, none, or a library's path. Node only. */
  readonly blas?: 'auto' | 'off' | (string & {});
  /** Where the kernels lie, for content policies that forbid inlined ones. */
  readonly wasmUrl?: string | URL;
  /** Where the thread worker lies, likewise; on a page, engine.js must lie beside it. Both are in the package's dist. */
  readonly workerUrl?: string | URL;
  /** Settings of the GPU. */
  readonly gpu?: GpuOptions;
  /** Seed of the default generator: 0 where nothing is said. */
  readonly seed?: number;
}

/** How the GPU is used. */
export interface GpuOptions {
  /** Mode of gpu.js: webgpu where there is one, else webgl2, unless one is named. */
  readonly mode?: 'auto' | 'webgpu' | 'webgl2';
  /** `portable` runs gpu.js kernels alone; else the hot ops have kernels of our own where the mode is webgpu. */
  readonly kernels?: 'auto' | 'portable';
}

let starting: Promise<BackendInfo> | null = null;

/**
 * Starts a backend. Call it once before the first tensor. Calling it again seeds the default generator anew, and with
 * other settings starts another backend; tensors stay on the one that they were made on. Calls that overlap take turns.
 *
 * @throws {ArgumentError} where an option isn't what was expected.
 * @throws {BackendError} where the backend can't run here; the one before stays in use.
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * const { backend, threads, simd } = await init({ seed: 1 });
 * ```
 */
export async function init(options: InitOptions = {}): Promise<BackendInfo> {
  const before = starting;
  const mine = (async () => {
    await before?.catch(() => undefined);
    return start(options);
  })();
  starting = mine;
  try {
    return await mine;
  } finally {
    if (starting === mine) starting = null;
  }
}

async function start(options: InitOptions): Promise<BackendInfo> {
  claimProcess();
  requireOptions('init', options, 'an object such as { threads: 2 }');
  if (options.threads !== undefined && !(Number.isInteger(options.threads) && options.threads >= 1)) {
    throw new ArgumentError('init', 'threads', 'a whole number of at least 1', String(options.threads));
  }
  if (options.simd !== undefined && !['auto', 'plain', 'relaxed'].includes(options.simd))
    throw new ArgumentError('init', 'simd', 'auto, plain or relaxed', String(options.simd));
  for (const [name, url] of Object.entries({ wasmUrl: options.wasmUrl, workerUrl: options.workerUrl }))
    if (url !== undefined && typeof url !== 'string' && !(url instanceof URL))
      throw new ArgumentError('init', name, 'a URL or a path', inWords(url));
  if (options.blas !== undefined && typeof options.blas !== 'string')
    throw new ArgumentError('init', 'blas', "'auto', 'off' or a library's path", inWords(options.blas));
  const { seed = 0, ...settings } = options;
  const generator = new Generator(seed);
  const wanted = JSON.stringify(settings);
  // The same settings again: the memory and the threads that run already will do.
  const same = running?.settings === wanted && running.backend === inUse() && !running.backend.isLost?.();
  if (!same || running === null) {
    const next = { settings: wanted, ...(await create(options)) };
    running?.backend.rest?.();
    running = next;
  }
  useBackend(running.backend);
  useGenerator(generator);
  return backendInfo();
}

/** The backend that `init` made last, and what it was asked for. */
let running: (Started & { readonly settings: string }) | null = null;

/** A backend, and why it is this one where the choice was ours. */
interface Started {
  readonly backend: Backend;
  readonly choice?: string;
}

const inUse = (): Backend | null => (isReady() ? currentBackend() : null);

async function create(options: InitOptions): Promise<Started> {
  const name = options.backend ?? 'wasm';
  switch (name) {
    case 'reference': {
      const { createReference } = await import('./backends/reference/index');
      return { backend: createReference() };
    }
    case 'wasm':
      return wasm(options);
    case 'gpu': {
      const { createGpu } = await import('./backends/gpu/index');
      return { backend: await createGpu(options.gpu) };
    }
    case 'auto': {
      // A processor that plays a GPU is slower than wasm: only hardware counts.
      const { createGpu } = await import('./backends/gpu/index');
      try {
        const backend = await createGpu({ ...options.gpu, hardwareOnly: true });
        const { mode, adapter } = backend.info().gpu ?? { mode: '', adapter: '' };
        return { backend, choice: `auto chose gpu: ${mode} has a hardware adapter, ${adapter}` };
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        return { ...(await wasm(options)), choice: `auto chose wasm: ${error.message}` };
      }
    }
    default:
      throw new ArgumentError('init', 'backend', 'auto, wasm, gpu or reference', String(name satisfies never));
  }
}

async function wasm(options: InitOptions): Promise<Started> {
  const { createWasm } = await import('./backends/wasm/index');
  return { backend: await createWasm(options) };
}

/** What really runs: backend, threads, SIMD variant, BLAS; on the GPU, mode, adapter and limits. */
export function backendInfo(): BackendInfo {
  const backend = currentBackend();
  const info = backend.info();
  const choice = running?.backend === backend ? running.choice : undefined;
  return choice === undefined ? info : { ...info, notes: [...info.notes, choice] };
}

const mark = Symbol.for('@heddle/tensor');

/** Two copies of this package would each count memory and hold a backend of their own: say so instead. */
function claimProcess(): void {
  const owner: unknown = Reflect.get(globalThis, mark) ?? claim;
  if (owner !== claim) {
    throw new BackendError(
      'heddle',
      'two copies of @heddle/tensor are loaded in this process: make it a single (peer) dependency, see npm ls @heddle/tensor',
    );
  }
  Reflect.set(globalThis, mark, claim);
}

const claim = {};
