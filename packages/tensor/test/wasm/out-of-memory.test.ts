// Kernels that run out of memory half-way: a typed error at the next await, nothing left behind, the engine goes on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createWasm } from '../../src/backends/wasm/index';
import { OutOfMemory } from '../../src/errors';
import { scaledDotProductAttention } from '../../src/fused/attention';
import { crossEntropy } from '../../src/fused/cross-entropy';
import { linear } from '../../src/fused/linear';
import { layerNorm } from '../../src/fused/norm';
import { scope } from '../../src/lifetime';
import { Parameter } from '../../src/nn/index';
import { full, zeros } from '../../src/ops/create';
import { matmul } from '../../src/ops/matmul';
import { sum } from '../../src/ops/reduce';
import { permute } from '../../src/ops/views';
import { AdamW, clipGradNorm, SGD } from '../../src/optim/index';
import { memory } from '../../src/storage';
import type { Tensor } from '../../src/tensor';
import { on } from '../support/backends';

const MEGABYTE = 1 << 20;

const ops: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  add: (x) => x.add(x),
  'sum of a transposed copy': (x) => sum(permute(x, [1, 0]).reshape([-1, 2]), { axis: 0 }),
  linear: (x) => linear(x, zeros([4096, 512]), { activation: 'gelu' }),
  matmul: (x) => matmul(x, zeros([512, 4096])),
  layerNorm: (x) => layerNorm(x.reshape([-1, 2]), { weight: full([2], 1), bias: zeros([2]) }),
  crossEntropy: (x) => crossEntropy(permute(x, [1, 0]), new Int32Array(512)),
  attention: (x) => {
    const heads = x.reshape([1, 1, -1, 8]);
    return scaledDotProductAttention(heads, heads, heads);
  },
};

describe('with 20 MB', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createWasm({ simd: 'plain', threads: 1, blas: 'off', maxBytes: 20 * MEGABYTE });
  });
  afterAll(() => backend.dispose());

  // How much can be allocated at once now, to the megabyte: less where something was left behind.
  const room = (): number => {
    for (let megabytes = 20; megabytes > 0; megabytes--) {
      try {
        backend.free(backend.upload(new Float32Array((megabytes * MEGABYTE) / 4)));
        return megabytes;
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemory);
      }
    }
    return 0;
  };

  test.each(Object.keys(ops))('%s', async (name) => {
    await on(backend, async () => {
      room(); // the memory has its final size from here on
      const before = { room: room(), buffers: memory().buffers };
      const failed = scope(() => {
        // 8 MB of input and 6 MB of ballast leave room for a part of what the op wants.
        const x = full([4096, 512], 0.5, { requiresGrad: true });
        zeros([6 * (MEGABYTE / 4) - 1000]);
        return ops[name](x);
      });
      await expect(failed.data()).rejects.toBeInstanceOf(OutOfMemory);
      await expect(failed.data()).rejects.toMatchObject({ limitBytes: 20 * MEGABYTE });
      await expect(failed.data()).rejects.toThrow(
        /^[a-z ]+.*: out of memory: asked for .* MB in use of at most 21\.0 MB/i,
      );
      failed.dispose();
      expect({ room: room(), buffers: memory().buffers }).toEqual(before);
      expect(await full([4], 2).add(1).data()).toEqual(Float32Array.of(3, 3, 3, 3));
    });
  });

  test('in the middle of a backward pass: the op, its sizes, what is in use; parameters untouched', async () => {
    await on(backend, async () => {
      room();
      const before = { room: room(), buffers: memory().buffers };
      const w = new Parameter(full([1024, 512], 0.01)); // 2 MB
      const optimizer = new SGD([w], { lr: 1 });
      const loss = scope(() => {
        return linear(full([1024, 512], 0.5), w, { activation: 'gelu' }).sum(); // 2, 4 and 4 MB
      });
      const ballast = zeros([4 * (MEGABYTE / 4)]);
      loss.backward();
      let error: unknown;
      try {
        optimizer.step();
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(OutOfMemory);
      expect(error).toMatchObject({
        op: 'backward of linear',
        shapes: [
          [1024, 512],
          [1024, 512],
        ],
      });
      expect(String(error)).toMatch(/of \[1024, 512\], \[1024, 512\]: out of memory: asked for .* with .* in use/);
      expect((await w.data()).every((x) => x === Math.fround(0.01))).toBe(true);
      for (const t of [loss, ballast, w]) t.dispose();
      w.grad?.dispose();
      expect({ room: room(), buffers: memory().buffers }).toEqual(before);
      expect(await full([4], 2).add(1).data()).toEqual(Float32Array.of(3, 3, 3, 3));
    });
  });

  test("an optimizer whose state doesn't fit: no parameter has changed, and the next step works", async () => {
    await on(backend, async () => {
      room();
      const before = { room: room(), buffers: memory().buffers };
      const weights = [1, 2].map((x) => new Parameter(full([512, 1024], x))); // 2 MB each, and 8 MB of state
      const optimizer = new AdamW(weights, { lr: 0.5, weightDecay: 0 });
      const step = (): void => {
        scope(() => {
          for (const w of weights) w.sum().backward();
        });
        optimizer.step();
      };
      const values = (): Promise<number[]> => Promise.all(weights.map(async (w) => (await w.data())[0]));
      const ballast = zeros([5 * (MEGABYTE / 4)]);
      expect(step).toThrow(OutOfMemory);
      expect(step).toThrow(/^state of AdamW of \[512, 1024\]: out of memory: asked for 2.1 MB/);
      expect(await values()).toEqual([1, 2]);
      expect(optimizer.stepCount).toBe(0);
      ballast.dispose();
      step();
      expect(await values()).toEqual([0.5, 1.5]);
      optimizer.dispose();
      for (const w of weights) w.dispose();
      expect(room()).toBe(before.room);
      expect(memory().buffers).toBeLessThanOrEqual(before.buffers); // steps also end what earlier tests made
    });
  });

  test('an optimizer that has no room to load a state: it has not changed', async () => {
    await on(backend, async () => {
      room();
      const before = room();
      const w = new Parameter(full([1024, 1024], 1)); // 4 MB, and as much for each of two states
      const saved = new SGD([w], { lr: 0.5, momentum: 0.9 });
      scope(() => w.sum().backward());
      saved.step();
      const state = saved.stateDict();
      const optimizer = new SGD([w], { lr: 0.25, momentum: 0.9 });
      const ballast = Array.from({ length: 10 }, () => zeros([MEGABYTE / 4]));
      expect(() => optimizer.loadStateDict(state)).toThrow(OutOfMemory);
      expect({ steps: optimizer.stepCount, lr: optimizer.lr }).toEqual({ steps: 0, lr: 0.25 });
      expect(optimizer.stateDict().tensors.size).toBe(0);
      for (const t of ballast) t.dispose();
      optimizer.loadStateDict(state);
      expect({ steps: optimizer.stepCount, lr: optimizer.lr }).toEqual({ steps: 1, lr: 0.5 });
      for (const t of [saved, optimizer, w]) t.dispose();
      expect(room()).toBe(before);
    });
  });

  test('clipping that has no room for its sums: gradients untouched, nothing left behind', async () => {
    await on(backend, async () => {
      room();
      const params = Array.from({ length: 1000 }, () => new Parameter(zeros([1])));
      for (const p of params) p.grad = full([1], 3);
      const ballast: Tensor[] = [];
      // Less than 4 kB are left: enough for the norm, too little for the sums of 1,000 gradients.
      for (const elements of [MEGABYTE / 4, 1000])
        while (ballast.at(-1)?.storage.error == null || ballast.at(-1)?.size !== elements)
          ballast.push(zeros([elements]));
      const inUse = (): number => {
        try {
          clipGradNorm(params, 1);
        } catch (error) {
          if (error instanceof OutOfMemory && error.op === 'sumSquares') return error.liveBytes;
        }
        return expect.fail('was to run out of memory');
      };
      const first = inUse();
      expect(inUse()).toBe(first);
      expect(await params[999].grad?.item()).toBe(3);
      for (const p of params) p.grad?.dispose();
      for (const t of [...ballast, ...params]) t.dispose();
    });
  });
});
