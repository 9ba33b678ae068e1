// The engine itself: variants, launches, threads. Kernels have tests of their own.
import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/backends/wasm/engine/engine';
import { hasRelaxedSimd } from '../../src/backends/wasm/engine/features';

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
