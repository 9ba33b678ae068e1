// A thousand steps by hand, in a process of its own: what is alive afterwards, and how much memory the process takes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

interface Reading {
  readonly step: number;
  readonly buffers: number;
  readonly resident: number;
}

it('a loop of 1,000 steps without any scope keeps its live buffers, and its resident memory within 5 %', async () => {
  const program = join(import.meta.dirname, 'programs/loop.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program]);
  const readings = stdout
    .trim()
    .split('\n')
    .map((line): Reading => JSON.parse(line));
  expect(readings.map(({ step }) => step)).toEqual([10, 250, 500, 750, 1000]);
  expect(new Set(readings.map(({ buffers }) => buffers)).size).toBe(1);
  // The first reading comes before the engine has compiled what runs hot.
  const [, ...warm] = readings.map(({ resident }) => resident);
  expect(Math.max(...warm) / Math.min(...warm)).toBeLessThan(1.05);
}, 120_000);
