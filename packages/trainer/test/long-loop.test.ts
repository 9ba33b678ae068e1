// A thousand steps by hand, in a process of its own: what is alive afterwards, and how much memory the process takes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

interface Reading {
  readonly step: number;
  readonly buffers: number;
  readonly resident: number;
  readonly heap: number;
}

it('a loop of 1,000 steps without any scope keeps its live buffers, and its resident memory within 5 %', async () => {
  const program = join(import.meta.dirname, 'programs/loop.mjs');
  // The young generation's size is the engine's own affair: it doubles now and then, whatever runs.
  const flags = ['--expose-gc', '--max-semi-space-size=2'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
  const readings = stdout
    .trim()
    .split('\n')
    .map((line): Reading => JSON.parse(line));
  expect(readings.map(({ step }) => step)).toEqual([10, 250, 500, 750, 1000]);
  expect(new Set(readings.map(({ buffers }) => buffers)).size).toBe(1);
  // The first reading comes before the engine has compiled what runs hot.
  const [, ...warm] = readings.map(({ resident }) => resident);
  expect(Math.max(...warm) / Math.min(...warm)).toBeLessThan(1.05);
  // A kilobyte a step would hide in the resident memory.
  expect(readings[4].heap - readings[2].heap).toBeLessThan(500 * 700);
}, 120_000);
