// What loading a model costs at its peak: at most 1.2 times its size, measured on a process of its own.
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileOf } from './support';

const program = join(import.meta.dirname, 'programs/load.mjs');
// Two thirds of the elements are in one tensor, as an embedding's are in a small model.
const COUNTS = [32 << 20, 8 << 20, 8 << 20];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-'));
  for (const [dtype, bytes] of [
    ['F32', 4],
    ['BF16', 2],
  ] as const) {
    let at = 0;
    const entries = COUNTS.map((count, i) => {
      const offsets = [at, at + count * bytes];
      at += count * bytes;
      return [`tables.${i}`, { dtype, shape: [count / 1024, 1024], data_offsets: offsets }];
    });
    const file = await open(join(folder, `${dtype}.safetensors`), 'w');
    await file.writeFile(fileOf(Object.fromEntries(entries)));
    // Real bytes, as holes in a file would cost nothing to read.
    for (let written = 0; written < at; written += 1 << 20) await file.writeFile(new Uint8Array(1 << 20).fill(1));
    await file.close();
    const small = { parts: { dtype, shape: [1], data_offsets: [0, bytes] } };
    await writeFile(join(folder, `${dtype}-small.safetensors`), fileOf(small, new Uint8Array(bytes)));
  }
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(['F32', 'BF16'])('a checkpoint of %s', (dtype) => {
  it.each(['tensors', 'weights'])('costs at most 1.2 times its size to load into %s', async (what) => {
    const files = [join(folder, `${dtype}.safetensors`), join(folder, `${dtype}-small.safetensors`)];
    const size = 4 * COUNTS.reduce((a, b) => a + b);
    // On a busy machine the collector may come late: what loading needs is the least of a few processes, some time apart.
    const all: number[] = [];
    while (all.length < 6 && !(Math.min(...all) < 1.2)) {
      if (all.length > 0) await setTimeout(2000);
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...files, what]);
      const measured: Record<'process' | 'tensors' | 'peak', number> = JSON.parse(stdout);
      expect(measured.tensors).toBe(size);
      expect(measured.peak / size).toBeLessThan(1.2);
      all.push(measured.process / size);
    }
    expect(Math.min(...all)).toBeLessThan(1.2);
    // A measurement that saw nothing would pass as well.
    expect(Math.min(...all)).toBeGreaterThan(0.9);
  });
});
