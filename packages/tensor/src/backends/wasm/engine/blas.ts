// Looks for a BLAS of the system and tries it. Everything here is optional: what is missing is said in one line.
import { coreOf, loadForProcessor, unpackedUpTo } from './blas-core';
import { AS_IT_IS, type Koffi, type Sgemm, sgemmOn, TRANSPOSED } from './blas-job';
import { isNode } from './features';
import type { BlasSource } from './protocol';

/** A BLAS that was found and works. */
export interface Blas {
  /** Its product on addresses of a memory. */
  sgemmOn(memory: WebAssembly.Memory): Sgemm;
  readonly source: BlasSource;
  /** Library, version and what kernels it chose. */
  readonly name: string;
  /** Multiply-adds of the largest product for which it packs nothing. */
  readonly unpacked: number;
}

const NAMES: Readonly<Record<string, readonly string[]>> = {
  linux: ['libopenblas.so.0', 'libopenblas.so', 'libmkl_rt.so.2', 'libmkl_rt.so.1', 'libmkl_rt.so', 'libblis.so.4'],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.1.dll'],
};
const FOLDERS = ['/opt/OpenBLAS/lib', '/opt/intel/oneapi/mkl/latest/lib', '/opt/intel/mkl/lib/intel64'];

/** Finds a BLAS: by itself (`'auto'`), not at all (`'off'`), or the library at a path. The string says why not. */
export async function findBlas(wanted: string): Promise<Blas | string> {
  if (wanted === 'off') return 'off';
  if (!isNode()) return 'none (only in Node.js)';
  const { createRequire } = process.getBuiltinModule('node:module');
  const require = createRequire(import.meta.url);
  let koffi: Koffi;
  let path: string;
  try {
    path = require.resolve('koffi');
    koffi = require(path);
  } catch {
    return 'none (npm install koffi, and a system OpenBLAS, make large products several times faster)';
  }
  if (!givesAddresses(koffi)) return 'none (koffi is there, but older than 2.16)';
  const names = wanted === 'auto' ? candidates() : [wanted];
  for (const library of names) {
    const blas = tryLibrary(koffi, path, library);
    if (blas !== null) return blas;
  }
  return wanted === 'auto'
    ? 'none (koffi is there, but no system BLAS: apt install libopenblas0, or brew install openblas)'
    : `none (no working cblas_sgemm in ${wanted})`;
}

function candidates(): string[] {
  const names = NAMES[process.platform] ?? [];
  const roots = [...(process.env['MKLROOT'] ? [`${process.env['MKLROOT']}/lib`] : []), ...FOLDERS];
  if (process.platform !== 'linux') return [...names];
  return [...names, ...roots.flatMap((folder) => names.map((name) => `${folder}/${name}`))];
}

function tryLibrary(koffi: Koffi, path: string, library: string): Blas | null {
  try {
    const lib = loadForProcessor(koffi, library);
    // Our own workers split a product: they scale better than the library's threads, and don't fight with them.
    const call = (prototype: string): ((...args: unknown[]) => unknown) | null => {
      try {
        return lib.func(prototype) as unknown as (...args: unknown[]) => unknown;
      } catch {
        return null;
      }
    };
    call('void openblas_set_num_threads(int n)')?.(1);
    call('void MKL_Set_Num_Threads(int n)')?.(1);
    call('void bli_thread_set_num_threads(long n)')?.(1);
    if (!works(koffi, library)) return null;
    const config = call('const char *openblas_get_config()')?.();
    const core = coreOf(lib);
    let name = library;
    if (typeof config === 'string') name = `${config.split(' ').slice(0, 2).join(' ')} (${core})`;
    else if (library.includes('mkl')) name = `MKL (${library})`;
    else if (library.includes('Accelerate')) name = 'Accelerate';
    const preset = process.env['OPENBLAS_CORETYPE'];
    if (preset !== undefined) name += `, held to its ${preset} kernels by OPENBLAS_CORETYPE`;
    return {
      sgemmOn: (memory) => sgemmOn(memory, koffi, library),
      source: { koffi: path, library },
      name,
      unpacked: unpackedUpTo(core),
    };
  } catch {
    return null;
  }
}

function givesAddresses(koffi: Koffi): boolean {
  try {
    return koffi.address(new Uint8Array(8)) > 0;
  } catch {
    return false;
  }
}

// A library of another integer size, or one that isn't a BLAS at all, gives wrong numbers.
function works(koffi: Koffi, library: string): boolean {
  const floats = Float32Array.of(1, 2, 3, 4, 5, 6, 1, 0, 2, 3, 1, 1, 0, 0, 0, 0);
  sgemmOn(floats, koffi, library)(AS_IT_IS, TRANSPOSED, 2, 2, 3, 1, 0, 3, 24, 3, 0, 48, 2);
  return floats.subarray(12).join() === '7,8,16,23';
}
