// The wasm backend: an engine behind the interface that ops run on. Buffers are byte addresses in its linear memory.
import type { DType, HostArrays } from '../../dtype';
import type { Backend, BackendInfo } from '../backend';
import { Engine, type EngineOptions } from './engine/engine';
import { canBlock, hasSharedMemory, isNode } from './engine/features';
import { inPlaceKernels } from './in-place';
import { fusedTable, kernelTable } from './table';

/**
 * Makes a wasm backend. On a browser's page, which must not block, the engine runs in a worker of its own where memory can
 * be shared with it; elsewhere it runs on the calling thread.
 *
 * @throws {BackendError} where the system has no WebAssembly SIMD, or refuses to compile the kernels.
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * const { threads, simd } = await init({ backend: 'wasm', threads: 2 });
 * ```
 */
export async function createWasm(options: EngineOptions = {}): Promise<Backend<number>> {
  if (!isNode() && options.shared !== false && hasSharedMemory() && !canBlock()) {
    const { startRemote } = await import('./remote/start');
    const remote = await startRemote(options);
    if (remote !== null) return remote;
  }
  const engine = await Engine.create(options);
  const [note] = engine.info.notes;
  if (!isNode() && note !== undefined && !said) {
    said = true;
    console.warn(`heddle: ${note}`);
  }
  return localBackend(engine);
}

// Whether the console has been told that there is one thread.
let said = false;

/** The backend of an engine on this thread. */
export function localBackend(engine: Engine): Backend<number> {
  return {
    name: 'wasm',
    kernels: kernelTable(engine),
    fused: fusedTable(engine),
    inPlace: inPlaceKernels(engine),
    upload(data) {
      const address = engine.alloc(data.byteLength);
      if (data instanceof Float32Array) engine.f32.set(data, address / 4);
      else engine.i32.set(data, address / 4);
      return address;
    },
    read: async <D extends DType>(buffer: number, offset: number, count: number, dtype: D): Promise<HostArrays[D]> =>
      read(engine, buffer / 4 + offset, count, dtype),
    readNow: (buffer, offset, count, dtype) => read(engine, buffer / 4 + offset, count, dtype),
    free: (buffer) => engine.free(buffer),
    info: (): BackendInfo => ({
      backend: 'wasm',
      threads: engine.info.threads,
      simd: engine.info.simd,
      blas: engine.info.blas,
      notes: engine.info.notes,
    }),
    dispose: () => engine.dispose(),
    rest: () => void engine.dispose(),
  };
}

// Copies out of the memory, which may be shared.
function read<D extends DType>(engine: Engine, first: number, count: number, dtype: D): HostArrays[D] {
  const last = first + count;
  const arrays: { readonly [K in DType]: () => HostArrays[K] } = {
    float32: () => new Float32Array(engine.f32.subarray(first, last)),
    int32: () => new Int32Array(engine.i32.subarray(first, last)),
    bool: () => Uint8Array.from(engine.i32.subarray(first, last)),
  };
  return arrays[dtype]();
}
