// What loading asks for, counted byte by byte: whatever the collector does, a checkpoint of either format is never held twice.
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { init, memory, zeros } from '../../src/index';
import { loadWeights, openCheckpoint, saveSafetensors } from '../../src/io/index';
import { Module, Parameter } from '../../src/nn/index';
import { torchFile } from './torch-writer';

const SHAPES = new Map([
  ['tables.0', [7_000, 1_024]],
  ['tables.1', [5_000, 1_024]],
  ['tables.2', [1_024]],
]);
const SIZE = 4 * [...SHAPES.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

class Weights extends Module {
  readonly tables = [...SHAPES.values()].map((shape) => new Parameter(zeros(shape)));
  override forward(): void {}
}

let folder: string;
beforeAll(async () => {
  await init({ backend: 'wasm', threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'heddle-'));
  await writeFile(
    join(folder, 'pytorch_model.bin'),
    torchFile(SHAPES, (size) => Float32Array.from({ length: size }, (_, i) => i % 251)),
  );
  const file = await openCheckpoint(join(folder, 'pytorch_model.bin'));
  const state = new Map(
    await Promise.all([...SHAPES.keys()].map(async (name) => [name, await file.tensor(name)] as const)),
  );
  await saveSafetensors(join(folder, 'model.safetensors'), state);
  await file.close();
  for (const t of state.values()) t.dispose();
});
afterAll(() => rm(folder, { recursive: true }));

it.each(['pytorch_model.bin', 'model.safetensors'])('of %s: at most a fifth beside the tensors', async (name) => {
  const handle = await open(join(folder, name));
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const before = memory();
  const module = new Weights();
  const buffers = new Set<ArrayBufferLike>();
  const plain = prototype.read;
  const spy = vi.spyOn(prototype, 'read').mockImplementation(function (this: FileHandle, ...given: unknown[]) {
    buffers.add((given[0] as Uint8Array).buffer);
    return Reflect.apply(plain, this, given);
  });
  try {
    await loadWeights(module, join(folder, name));
  } finally {
    spy.mockRestore();
  }
  const read = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  // Some bytes were counted, and of the tensors themselves there is one copy.
  expect(read).toBeGreaterThan(1 << 20);
  expect(memory().bytes - before.bytes).toBe(SIZE);
  expect((SIZE + read) / SIZE).toBeLessThan(1.2);
  expect(memory().peakBytes - before.bytes).toBeLessThan(1.2 * SIZE);
  const [first] = module.tables;
  expect(Array.from((await first.data()).subarray(250, 253))).toEqual([250, 0, 1]);
  module.dispose();
});
