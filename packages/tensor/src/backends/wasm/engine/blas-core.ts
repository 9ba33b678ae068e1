// Which kernels an OpenBLAS takes. One that is older than the processor does not know it and falls back to kernels of 2004,
// which are several times slower than those that the processor could run.
import type { Koffi, Library } from './blas-job';

/** What OpenBLAS takes where it does not know the processor. */
const FALLBACK = 'Prescott';
/** What it reads while it is being loaded. */
const VARIABLE = 'OPENBLAS_CORETYPE';
/** Kernels and what a processor needs for them, the fastest first. */
const CORES: readonly (readonly [core: string, flags: readonly string[]])[] = [
  ['SkylakeX', ['avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl']],
  ['Haswell', ['avx2', 'fma']],
];

/** The kernels that an OpenBLAS took; undefined for another library. */
export function coreOf(library: Library): string | undefined {
  try {
    return String((library.func('const char *openblas_get_corename()') as () => unknown)());
  } catch {
    return undefined;
  }
}

/** The fastest kernels for a processor with these flags, as Linux lists them. */
export function coreFor(flags: string): string | undefined {
  const has = new Set(flags.split(/\s+/));
  return CORES.find(([, needed]) => needed.every((flag) => has.has(flag)))?.[0];
}

function flagsHere(): string {
  if (process.platform !== 'linux') return '';
  try {
    const { readFileSync } = process.getBuiltinModule('node:fs');
    return /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

/** Loads a library again with kernels of our choice. Where it can't be unloaded, it keeps its own. */
export function reload(koffi: Koffi, loaded: Library, path: string, core: string): Library {
  if (loaded.unload === undefined) return loaded;
  const before = process.env[VARIABLE];
  loaded.unload();
  process.env[VARIABLE] = core;
  try {
    return koffi.load(path);
  } finally {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  }
}

/** Loads a library. An OpenBLAS that does not know the processor gets kernels by the processor's flags, unless someone chose. */
export function loadForProcessor(koffi: Koffi, path: string): Library {
  const library = koffi.load(path);
  if (process.env[VARIABLE] !== undefined || coreOf(library) !== FALLBACK) return library;
  const core = coreFor(flagsHere());
  return core === undefined ? library : reload(koffi, library, path, core);
}
