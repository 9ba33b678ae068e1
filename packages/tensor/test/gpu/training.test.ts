// Training on the gpu backend: the losses of wasm, nothing compiled or allocated after the first steps, few dispatches.
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createGpu } from '../../src/backends/gpu/index';
import { createWasm } from '../../src/backends/wasm/index';
import { memory } from '../../src/storage';
import { on } from '../support/backends';
import { missing } from './dawn';
import { train } from './training';

const STEPS = 20;

/** Launches of one training step, after the first ones. */
async function launchesOf(
  backend: Backend,
  layers: number,
): Promise<{ readonly portable: number; readonly own: number }> {
  const counts: { readonly portable: number; readonly own: number }[] = [];
  const after = (): void => {
    const { portable = 0, own = 0 } = backend.info().gpu?.counts ?? {};
    counts.push({ portable, own });
  };
  await on(backend, () => train(4, { layers, after }));
  const [before, last] = counts.slice(-2);
  return { portable: last.portable - before.portable, own: last.own - before.own };
}

describe.skipIf(missing !== null).each(['portable', 'auto'] as const)('training, %s kernels', (kernels) => {
  it('loses what wasm loses, step by step', async () => {
    const wasm = await createWasm({ threads: 1, blas: 'off' });
    const expected = await on(wasm, () => train(STEPS));
    const backend = await createGpu({ mode: 'webgpu', kernels });
    try {
      const compiled: number[] = [];
      const after = (): void => void compiled.push(backend.info().gpu?.counts.compiled ?? 0);
      const losses = await on(backend, () => train(STEPS, { after }));
      const strays = losses.map((loss, step) => Math.abs(loss - expected[step]));
      expect(Math.max(...strays)).toBeLessThan(1e-3);
      expect(expected[STEPS - 1]).toBeLessThan(expected[0]);
      // Everything is compiled after the second step.
      expect(compiled[STEPS - 1]).toBe(compiled[1]);
      expect(compiled[STEPS - 1]).toBeLessThan(200);
    } finally {
      await backend.dispose();
      await wasm.dispose();
    }
  });

  it('launches few kernels a layer, and none of our own where portable ones are asked for', async () => {
    const backend = await createGpu({ mode: 'webgpu', kernels });
    try {
      const one = await launchesOf(backend, 1);
      const two = await launchesOf(backend, 2);
      const layer = two.portable + two.own - one.portable - one.own;
      console.log(`launches a layer and step, ${kernels} kernels: ${layer} (${two.own - one.own} of our own)`);
      if (kernels === 'portable') expect(backend.info().gpu?.counts.own).toBe(0);
      else expect(two.own).toBeGreaterThan(0);
      expect(layer).toBeLessThanOrEqual(BOUNDS[kernels]);
    } finally {
      await backend.dispose();
    }
  });

  it('keeps memory flat', async () => {
    const backend = await createGpu({ mode: 'webgpu', kernels });
    try {
      const bytes: number[] = [];
      const buffers: number[] = [];
      const after = (): void => {
        bytes.push(backend.info().gpu?.reservedBytes ?? 0);
        buffers.push(memory().buffers);
      };
      const before = memory().buffers;
      await on(backend, () => train(60, { layers: 1, after, reads: false }));
      expect(buffers.at(-1)).toBe(buffers[10]);
      expect(bytes.at(-1)).toBe(bytes[10]);
      expect(bytes[10]).toBeGreaterThan(0);
      expect(memory().buffers).toBeLessThanOrEqual(before + 2 * (buffers[10] - before));
    } finally {
      await backend.dispose();
    }
  });
});

/** Launches that a layer may take; the optimizer's are counted in. */
const BOUNDS = { portable: 220, auto: 120 } as const;
