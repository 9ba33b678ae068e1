// An OpenBLAS older than the processor falls back to slow kernels: we choose for it.
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

const flags = existsSync('/proc/cpuinfo')
  ? (/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '')
  : '';

test('kernels follow the processor’s flags', () => {
  expect(coreFor('fpu sse2 avx avx2 fma avx512f avx512dq avx512cd avx512bw avx512vl')).toBe('SkylakeX');
  expect(coreFor('fpu sse2 avx avx2 fma avx512f')).toBe('Haswell');
  expect(coreFor('fpu sse2 avx')).toBe(undefined);
  expect(coreFor('')).toBe(undefined);
});

test('an OpenBLAS that does not know the processor is loaded again', () => {
  vi.stubEnv('OPENBLAS_CORETYPE', undefined);
  const koffi = fake('Prescott');
  const core = coreFor(flags);
  expect(coreOf(loadForProcessor(koffi, 'lib'))).toBe(core ?? 'Prescott');
  expect(koffi.events).toEqual(
    core === undefined ? ['load lib Prescott'] : ['load lib Prescott', 'unload', `load lib ${core}`],
  );
  expect(process.env['OPENBLAS_CORETYPE']).toBe(undefined);
});

test('what it knows, and what someone chose, stays', () => {
  vi.stubEnv('OPENBLAS_CORETYPE', undefined);
  const zen = fake('Zen');
  expect(coreOf(loadForProcessor(zen, 'lib'))).toBe('Zen');
  expect(zen.events).toHaveLength(1);
  vi.stubEnv('OPENBLAS_CORETYPE', 'Prescott');
  const chosen = fake('Zen');
  expect(coreOf(loadForProcessor(chosen, 'lib'))).toBe('Prescott');
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

const koffi = ((): Koffi | undefined => {
  try {
    const found: Koffi = createRequire(import.meta.url)('koffi');
    found.load('libopenblas.so.0').unload?.();
    return found;
  } catch {
    return undefined;
  }
})();

test.skipIf(koffi === undefined || !flags.includes(' avx2 '))(
  'a real OpenBLAS takes the kernels (needs libopenblas0)',
  () => {
    vi.stubEnv('OPENBLAS_CORETYPE', undefined);
    const path = 'libopenblas.so.0';
    const library = reload(koffi as Koffi, (koffi as Koffi).load(path), path, 'Haswell');
    expect(coreOf(library)).toBe('Haswell');
    library.unload?.();
  },
);
