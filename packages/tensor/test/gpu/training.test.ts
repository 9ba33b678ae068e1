// Training on the gpu backend: the losses of wasm, nothing compiled or allocated after the first steps, few dispatches.
import { describe, expect, it } from 'vitest';
import { createGpu } from '../../src/backends/gpu/index';
import { createWasm } from '../../src/backends/wasm/index';
import { crossEntropy, dropout, gelu, tensor } from '../../src/index';
import { LayerNorm, Linear } from '../../src/nn/index';
import { AdamW, clipGradNorm } from '../../src/optim/index';
import { Generator } from '../../src/random';
import { memory } from '../../src/storage';
import { on } from '../support/backends';
import { missing } from './dawn';
import { LAUNCHES, launchesOf, train } from './training';

const STEPS = 20;

/** A processor that plays a GPU, and may have other things to do. */
const SLOW = { timeout: 240_000 };

describe.skipIf(missing !== null).each(['portable', 'auto'] as const)('training, %s kernels', SLOW, (kernels) => {
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
      // Few rows, and more than one thread adds up for gradients of biases.
      for (const tokens of [12, 40]) {
        const one = await on(backend, () => launchesOf(backend, 1, tokens));
        const two = await on(backend, () => launchesOf(backend, 2, tokens));
        const layer = two.graph - one.graph;
        const clip = two.clip - one.clip;
        console.log(
          `${kernels} kernels, ${4 * tokens} rows: ${layer} launches a layer and step, ${two.clip} for clipping`,
        );
        expect(layer).toBeGreaterThan(0);
        expect(layer + clip).toBeLessThanOrEqual(LAUNCHES[kernels]);
        expect(clip).toBe(0);
        expect(two.optimizer).toBe(1);
        expect(two.own > 0).toBe(kernels === 'auto');
      }
    } finally {
      await backend.dispose();
    }
  });

  it('compiles a bounded number of kernels for sequences of bucketed lengths', async () => {
    const backend = await createGpu({ mode: 'webgpu', kernels });
    try {
      const compiled: number[] = [];
      const after = (): void => {
        compiled.push(backend.info().gpu?.counts.compiled ?? 0);
      };
      const buckets = [8, 16, 24, 32];
      await on(backend, () => train(12, { layers: 1, reads: false, after, tokens: (step) => buckets[step % 4] }));
      console.log(`kernels compiled, ${kernels}: ${compiled[0]} at one length, ${compiled[3]} at four`);
      expect(compiled[11]).toBe(compiled[3]);
      expect(compiled[3]).toBeLessThan(kernels === 'portable' ? 180 : 40);
    } finally {
      await backend.dispose();
    }
  });

  it('reads nothing back in a training step unless asked for the loss', async () => {
    const backend = await createGpu({ mode: 'webgpu', kernels });
    const read = (): number => backend.info().gpu?.counts.reads ?? 0;
    try {
      await on(backend, () => train(3, { layers: 1, reads: false }));
      expect(read()).toBe(0);
      await on(backend, () => train(3, { layers: 1 }));
      expect(read()).toBe(3);
    } finally {
      await backend.dispose();
    }
  });

  it('keeps memory flat over 500 steps', async () => {
    const backend = await createGpu({ mode: 'webgpu', kernels });
    try {
      const bytes: number[] = [];
      const buffers: number[] = [];
      await on(backend, async () => {
        const model = new Linear({ inputs: 12, outputs: 3 });
        const norm = new LayerNorm({ dim: 12 });
        const parameters = [...model.parameters(), ...norm.parameters()];
        const optimizer = new AdamW(parameters, { lr: 1e-3 });
        const draws = new Generator(5);
        for (let step = 0; step < 500; step++) {
          const x = tensor<'float32'>(draws.normal(5 * 12), { shape: [5, 12] });
          crossEntropy(dropout(gelu(model.call(norm.call(x))), 0.1), [0, 1, 2, 1, 0]).backward();
          clipGradNorm(parameters, 1);
          optimizer.step();
          bytes.push(backend.info().gpu?.reservedBytes ?? 0);
          buffers.push(memory().buffers);
          // The device keeps up: otherwise work piles up that no program that reads a loss has.
          if (step % 50 === 49) await parameters[0].data();
        }
        optimizer.dispose();
        for (const p of parameters) p.dispose();
      });
      expect(bytes[10]).toBeGreaterThan(0);
      expect(new Set(bytes.slice(10)).size).toBe(1);
      expect(new Set(buffers.slice(10)).size).toBe(1);
    } finally {
      await backend.dispose();
    }
  });

  it('keeps memory flat in an encoder', async () => {
    const backend = await createGpu({ mode: 'webgpu', kernels });
    try {
      const bytes: number[] = [];
      const buffers: number[] = [];
      const after = (): void => {
        bytes.push(backend.info().gpu?.reservedBytes ?? 0);
        buffers.push(memory().buffers);
      };
      const before = memory().buffers;
      await on(backend, () => train(40, { layers: 1, after, reads: false }));
      expect(buffers.at(-1)).toBe(buffers[10]);
      expect(bytes.at(-1)).toBe(bytes[10]);
      expect(bytes[10]).toBeGreaterThan(0);
      expect(memory().buffers).toBeLessThanOrEqual(before + 2 * (buffers[10] - before));
    } finally {
      await backend.dispose();
    }
  });
});
