// The engine itself: variants, launches, threads. Kernels have tests of their own.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Engine } from '../../src/backends/wasm/engine/engine';
import { hasRelaxedSimd } from '../../src/backends/wasm/engine/features';
import { BackendError } from '../../src/errors';

const levels = hasRelaxedSimd() ? (['plain', 'relaxed'] as const) : (['plain'] as const);

describe.each(levels)('%s SIMD', (simd) => {
  test.each([
    { shared: false, threads: 1 },
    { shared: true, threads: 1 },
    { shared: true, threads: 2 },
    { shared: true, threads: 4 },
  ])('launches on %o', async ({ shared, threads }) => {
    const engine = await Engine.create({ simd, shared, threads });
    expect(engine.info).toMatchObject({ simd, shared, threads });
    for (let i = 0; i < 1000; i++) engine.launch('noop', 100, 1e9);
    await engine.dispose();
  });
});

test('unshared memory means one thread, and says so', async () => {
  const engine = await Engine.create({ shared: false, threads: 4 });
  expect(engine.info.threads).toBe(1);
  expect(engine.info.notes.join()).toMatch('cross-origin isolated');
});

describe('what is missing', () => {
  afterEach(() => void vi.restoreAllMocks());

  test('no SIMD is a typed error', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(Engine.create()).rejects.toThrow(BackendError);
    await expect(Engine.create()).rejects.toThrow('no WebAssembly SIMD');
  });

  test('no WebAssembly at all', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    try {
      await expect(Engine.create()).rejects.toThrow('no WebAssembly SIMD');
      await expect(Engine.create()).rejects.toThrow(BackendError);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('relaxed SIMD that was asked for and is not there', async () => {
    const validate = WebAssembly.validate.bind(WebAssembly);
    // The relaxed module is the longer of the two that are asked about.
    vi.spyOn(WebAssembly, 'validate').mockImplementation((bytes) => bytes.byteLength < 35 && validate(bytes));
    await expect(Engine.create({ simd: 'relaxed' })).rejects.toThrow('no relaxed SIMD');
    expect((await Engine.create({ threads: 1 })).info.simd).toBe('plain');
  });

  test('a BLAS that is not there is a line in the info, never a failure', async () => {
    expect((await Engine.create({ threads: 1, blas: 'off' })).info.blas).toBe('off');
    const engine = await Engine.create({ threads: 1, blas: '/nowhere/libblas.so' });
    expect(engine.info.blas).toMatch(/^none \(/);
    expect(engine.hasBlas).toBe(false);
  });
});
