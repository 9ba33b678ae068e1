// Which kernels an OpenBLAS takes. One that is older than the processor does not know it: it falls back to kernels of 2004,
// several times slower than those that the processor could run, or takes it for another that is unlike it.
import type { Koffi, Library } from './blas-job';

/** What OpenBLAS takes where it does not know the processor. */
const FALLBACK = 'Prescott';
/** What it reads while it is being loaded. */
const VARIABLE = 'OPENBLAS_CORETYPE';
/** Kernels for vectors of 512 bits. */
const WIDE: ReadonlySet<string> = new Set(['SkylakeX', 'Cooperlake', 'SapphireRapids']);
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

/** The fastest kernels for a processor, as Linux describes it in /proc/cpuinfo. */
export function coreFor(cpuinfo: string): string | undefined {
  const field = (name: string): string => new RegExp(`^${name}\\s*:(.*)$`, 'm').exec(cpuinfo)?.[1].trim() ?? '';
  const has = new Set(field('flags').split(/\s+/));
  // Zen 4 computes vectors of 512 bits in two halves: measured, Haswell's kernels are 5 % faster there in whole models.
  const halves = field('vendor_id') === 'AuthenticAMD' && field('cpu family') === '25';
  return CORES.find(([core, needed]) => !(halves && WIDE.has(core)) && needed.every((flag) => has.has(flag)))?.[0];
}

/**
 * Multiply-adds up to which kernels read matrices where they lie, if the second is not transposed: others pack all operands
 * first. (`sgemm_small_kernel_permit` of OpenBLAS, since 0.3.17.)
 */
export function unpackedUpTo(core: string | undefined): number {
  return core !== undefined && WIDE.has(core) ? 1_000_000 : 0;
}

function cpuinfoHere(): string {
  if (process.platform !== 'linux') return '';
  try {
    return process.getBuiltinModule('node:fs').readFileSync('/proc/cpuinfo', 'utf8');
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

/** Loads a library. An OpenBLAS that takes the processor for another gets kernels that suit it, unless someone chose. */
export function loadForProcessor(koffi: Koffi, path: string, cpuinfo?: string): Library {
  const library = koffi.load(path);
  const own = coreOf(library) ?? '';
  if (process.env[VARIABLE] !== undefined || (own !== FALLBACK && !WIDE.has(own))) return library;
  const core = coreFor(cpuinfo ?? cpuinfoHere());
  // Of kernels for 512 bits, the library knows best which.
  if (core === undefined || (WIDE.has(own) && WIDE.has(core))) return library;
  return reload(koffi, library, path, core);
}
