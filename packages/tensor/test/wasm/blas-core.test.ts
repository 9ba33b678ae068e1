// An OpenBLAS older than the processor takes slow kernels: we choose for it.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, expect, test, vi } from 'vitest';
import { coreFor, coreOf, loadForProcessor, reload } from '../../src/backends/wasm/engine/blas-core';
import type { Koffi, Library } from '../../src/backends/wasm/engine/blas-job';

afterEach(() => vi.unstubAllEnvs());

/** A library that takes the kernels that the environment names while it is loaded, `own` where it names none. */
function fake(own: string): Koffi & { readonly events: string[] } {
  const events: string[] = [];
  const load = (path: string): Library => {
    const core = process.env['OPENBLAS_CORETYPE'] ?? own;
    events.push(`load ${path} ${core}`);
    return { func: () => () => core, unload: () => events.push('unload') };
  };
  return { load, events, address: () => 0n };
}

const WIDE_FLAGS = 'avx512f avx512dq avx512cd avx512bw avx512vl';

/** What Linux tells of a processor. */
const cpuinfo = (flags: string, vendor = 'GenuineIntel', family = 6): string =>
  `processor\t: 0\nvendor_id\t: ${vendor}\ncpu family\t: ${family}\nmodel\t\t: 17\nflags\t\t: fpu sse2 avx ${flags}\nbugs\t\t:\n`;
const intel = cpuinfo(`avx2 fma ${WIDE_FLAGS}`);
const zen4 = cpuinfo(`avx2 fma ${WIDE_FLAGS}`, 'AuthenticAMD', 25);
const zen5 = cpuinfo(`avx2 fma ${WIDE_FLAGS}`, 'AuthenticAMD', 26);

test('kernels follow the processor', () => {
  expect(coreFor(intel)).toBe('SkylakeX');
  expect(coreFor(zen5)).toBe('SkylakeX');
  expect(coreFor(zen4)).toBe('Haswell');
  expect(coreFor(cpuinfo('avx2 fma avx512f'))).toBe('Haswell');
  expect(coreFor(cpuinfo(''))).toBe(undefined);
  expect(coreFor('')).toBe(undefined);
});

test.each([
  ['does not know the processor', 'Prescott', intel, 'SkylakeX'],
  ['takes Zen 4 for one with full vectors of 512 bits', 'Cooperlake', zen4, 'Haswell'],
])('an OpenBLAS that %s is loaded again', (_, own, processor, core) => {
  vi.stubEnv('OPENBLAS_CORETYPE', undefined);
  const koffi = fake(own);
  expect(coreOf(loadForProcessor(koffi, 'lib', processor))).toBe(core);
  expect(koffi.events).toEqual([`load lib ${own}`, 'unload', `load lib ${core}`]);
  expect(process.env['OPENBLAS_CORETYPE']).toBe(undefined);
});

test.each([
  ['SapphireRapids', intel],
  ['Cooperlake', zen5],
  ['Haswell', zen4],
  ['Zen', zen4],
  ['Prescott', ''],
  ['Cooperlake', ''],
])('%s stays where nothing better is known', (own, processor) => {
  vi.stubEnv('OPENBLAS_CORETYPE', undefined);
  const koffi = fake(own);
  expect(coreOf(loadForProcessor(koffi, 'lib', processor))).toBe(own);
  expect(koffi.events).toHaveLength(1);
});

test('what someone chose stays', () => {
  vi.stubEnv('OPENBLAS_CORETYPE', 'Prescott');
  const chosen = fake('Zen');
  expect(coreOf(loadForProcessor(chosen, 'lib', zen4))).toBe('Prescott');
  expect(chosen.events).toHaveLength(1);
});

test('a library that names no kernels, or can not be unloaded, is used as it is', () => {
  vi.stubEnv('OPENBLAS_CORETYPE', undefined);
  const other: Library = {
    func: () => {
      throw new Error('no such symbol');
    },
  };
  expect(loadForProcessor({ load: () => other, address: () => 0n }, 'lib')).toBe(other);
  const fixed: Library = { func: () => () => 'Prescott' };
  expect(reload({ load: () => other, address: () => 0n }, fixed, 'lib', 'Haswell')).toBe(fixed);
});

const runsHaswell = existsSync('/proc/cpuinfo') && readFileSync('/proc/cpuinfo', 'utf8').includes(' avx2 ');
const koffi = ((): Koffi | undefined => {
  try {
    const found: Koffi = createRequire(import.meta.url)('koffi');
    found.load('libopenblas.so.0').unload?.();
    return found;
  } catch {
    return undefined;
  }
})();

test.skipIf(koffi === undefined || !runsHaswell)('a real OpenBLAS takes the kernels (needs libopenblas0)', () => {
  vi.stubEnv('OPENBLAS_CORETYPE', undefined);
  const path = 'libopenblas.so.0';
  const library = reload(koffi as Koffi, (koffi as Koffi).load(path), path, 'Haswell');
  expect(coreOf(library)).toBe('Haswell');
  library.unload?.();
});
