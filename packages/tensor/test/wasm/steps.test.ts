// Ten thousand training steps leave nothing behind: neither buffers of tensors nor memory of the engine.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createWasm } from '../../src/backends/wasm/index';
import { scaledDotProductAttention } from '../../src/fused/attention';
import { crossEntropy } from '../../src/fused/cross-entropy';
import { dropout } from '../../src/fused/dropout';
import { keep } from '../../src/lifetime';
import { Embedding, LayerNorm, Linear } from '../../src/nn/layers';
import { Module } from '../../src/nn/module';
import { randint } from '../../src/ops/create';
import { mean } from '../../src/ops/reduce';
import { AdamW } from '../../src/optim/algorithms';
import { clipGradNorm } from '../../src/optim/clip';
import { memory } from '../../src/storage';
import type { Tensor } from '../../src/tensor';
import { on } from '../support/backends';

class Tiny extends Module {
  readonly embedding = new Embedding({ count: 11, dim: 8 });
  readonly norm = new LayerNorm({ dim: 8 });
  readonly up = new Linear({ inputs: 8, outputs: 16, activation: 'gelu' });
  readonly down = new Linear({ inputs: 16, outputs: 3 });

  override forward(ids: Tensor<'int32'>): Tensor {
    const x = this.norm.call(this.embedding.call(ids));
    const heads = x.reshape([2, 5, 2, 4]).permute([0, 2, 1, 3]);
    const attended = scaledDotProductAttention(heads, heads, heads, { causal: true, dropout: 0.1 });
    const h = x.add(attended.permute([0, 2, 1, 3]).reshape([2, 5, 8]));
    return this.down.call(dropout(this.up.call(mean(h, { axis: 1 })), 0.1));
  }
}

let backend: Backend;
beforeAll(async () => {
  // So little memory that one forgotten buffer a step would not fit.
  backend = await createWasm({ threads: 1, blas: 'off', maxBytes: 1_600_000 });
});
afterAll(() => backend.dispose());

test('ten thousand steps', { timeout: 300_000 }, async () => {
  await on(backend, async () => {
    const model = new Tiny();
    const optimizer = new AdamW(model.parameters(), { lr: 1e-3 });
    const ids = keep(randint(0, 11, [2, 5]));
    const targets = keep(randint(0, 3, [2]));
    const step = (): Tensor => {
      const loss = crossEntropy(model.call(ids), targets);
      loss.backward();
      clipGradNorm(model.parameters(), 1);
      optimizer.step();
      return loss;
    };
    const first = await step().item();
    for (let i = 0; i < 99; i++) step();
    const before = { ...memory() };
    for (let i = 0; i < 9_900; i++) step();
    const after = { ...memory() };
    expect({ buffers: after.buffers, bytes: after.bytes }).toEqual({ buffers: before.buffers, bytes: before.bytes });
    expect(after.peakBytes).toBe(before.peakBytes);
    expect(await step().item()).toBeLessThan(first);
  });
});
