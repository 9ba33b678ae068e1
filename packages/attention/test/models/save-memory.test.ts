// What saving asks for: tensors that a checkpoint packs or turns, or that are held in 16 bits, are made one at a time.
import { init, memory } from '@heddle/tensor';
import { halve } from '@heddle/tensor/nn';
import { beforeAll, expect, test } from 'vitest';
import { Gpt2, type Gpt2Config } from '../../src/index.js';

const CONFIG: Gpt2Config = {
  ...{ vocabSize: 64, maxLength: 32, dim: 64, layers: 6, heads: 4, hiddenDim: 256, activation: 'gelu', eps: 1e-5 },
  ...{ dropout: 0, attentionDropout: 0, embeddingDropout: 0, eosIds: [] },
};
/** The largest tensor of a layer: the feed-forward's, 64 by 256 floats. */
const LARGEST = 64 * 256 * 4;

beforeAll(() => init({ backend: 'wasm', threads: 1 }));

test.each(['float32', 'bfloat16'] as const)('a model in %s is never held twice', async (dtype) => {
  const model = new Gpt2(CONFIG);
  if (dtype !== 'float32') await halve(model, { format: dtype });
  // So much was in use at once before, at least: whatever saving needs comes on top.
  const before = memory();
  const spare = before.peakBytes - before.bytes;
  const files = new Map<string, Uint8Array>();
  await model.savePretrained(files);
  const { bytes, peakBytes } = memory();
  expect(files.get('model.safetensors')?.length).toBeGreaterThan(6 * LARGEST);
  expect(bytes).toBe(before.bytes);
  expect(peakBytes - before.bytes).toBeLessThan(Math.max(spare, 4 * LARGEST) + 1);
});
