// A loop by hand, in a process of its own: what is alive after a thousand steps and more, and how much memory the
// process takes.
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

const STEPS = 2_500;

async function loop(leak: number): Promise<Reading[]> {
  const program = join(import.meta.dirname, 'programs/loop.mjs');
  // The young generation's size is the engine's own affair: it doubles now and then, whatever runs.
  const flags = ['--expose-gc', '--max-semi-space-size=2'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, `${STEPS}`, `${leak}`]);
  return stdout
    .trim()
    .split('\n')
    .map((line): Reading => JSON.parse(line));
}

/**
 * Bytes of heap that a step leaves behind: the median slope between any two readings after the thousandth step (Theil
 * and Sen's estimator). A leak raises them all. Code that the engine compiles, or throws away, moves single readings by
 * hundreds of kilobytes, at times that depend on how busy the machine is: a difference of two readings would mistake it.
 */
function heapPerStep(readings: readonly Reading[]): number {
  const warm = readings.filter(({ step }) => step >= 1_000);
  const slopes = warm.flatMap((a, i) => warm.slice(i + 1).map((b) => (b.heap - a.heap) / (b.step - a.step)));
  return slopes.sort((a, b) => a - b)[slopes.length >> 1];
}

it('a loop without any scope keeps its live buffers, and its resident memory within 5 % over 1,000 steps', async () => {
  const readings = await loop(0);
  expect(readings[0].step).toBe(10);
  expect(readings.at(-1)?.step).toBe(STEPS);
  expect(new Set(readings.map(({ buffers }) => buffers)).size).toBe(1);
  // The first reading comes before the engine has compiled what runs hot.
  const warm = readings.filter(({ step }) => step >= 250 && step <= 1_000).map(({ resident }) => resident);
  expect(Math.max(...warm) / Math.min(...warm)).toBeLessThan(1.05);
  // A kilobyte a step would hide in the resident memory.
  expect(heapPerStep(readings)).toBeLessThan(600);
}, 240_000);

it('would see a kilobyte a step', async () => {
  expect(heapPerStep(await loop(1_024))).toBeGreaterThan(900);
}, 240_000);
