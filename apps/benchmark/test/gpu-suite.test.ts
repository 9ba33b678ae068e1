// The GPU's side of the speed suites without a browser: who is measured, and what is said beside the figures.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gpuKernelLineup, gpuLineup } from '../src/suites/gpu/lineup.js';
import { overheadRemarks, softwareRemarks } from '../src/suites/gpu/remarks.js';
import type { Row } from '../src/suites/speed/schema.js';

let before: string | undefined;
beforeEach(() => {
  before = process.env['HEDDLE_CHROMIUM'];
  process.env['HEDDLE_CHROMIUM'] = '/a/chromium';
});
afterEach(() => {
  if (before === undefined) delete process.env['HEDDLE_CHROMIUM'];
  else process.env['HEDDLE_CHROMIUM'] = before;
});

test('both modes of heddle stand beside gpu.js alone, TensorFlow.js and jax-js', () => {
  const names = gpuKernelLineup('/peers').systems.map(({ system, setting }) => `${system}: ${setting}`);
  expect(names).toEqual([
    'heddle: webgpu',
    'heddle: webgpu, gpu.js kernels alone',
    'heddle: webgl2',
    'gpu.js: webgpu',
    'gpu.js: webgl2',
    'tfjs: webgpu',
    'tfjs: webgl',
    'jax-js: webgpu',
  ]);
  const { systems } = gpuLineup('/peers');
  const inPages = systems.filter(({ args }) => args[0] === '/peers/gpu/run.mjs').map(({ system }) => system);
  expect(inPages).toEqual(['heddle', 'heddle', 'heddle', 'tfjs', 'tfjs', 'jax-js']);
  expect(systems.find(({ setting }) => setting === 'webgpu in Node')?.args[0]).toBe('/peers/heddle.mjs');
  for (const { modes } of systems) expect(modes('gpt2')).toEqual([]);
  expect(systems[2].args).toEqual(['/peers/gpu/run.mjs', 'heddle.mjs', '--gpu', 'webgl2', '--kernels', 'portable']);
});

test('a software adapter is said to be one, once', () => {
  const gpu = { adapter: 'SwiftShader', software: true };
  const ran = { 'heddle, webgpu': { gpu }, 'heddle, webgl2': { gpu }, tfjs: { backend: 'webgpu' } };
  expect(softwareRemarks(ran)).toEqual([expect.stringMatching(/^SwiftShader is a software adapter: .*no time here/)]);
  expect(softwareRemarks({ heddle: { gpu: { adapter: 'a card', software: false } } })).toEqual([]);
});

test("what an op costs beyond gpu.js's dispatch is said for each setting", () => {
  const row = (setting: string, medianMs: number): Row => ({
    workload: 'one op beyond gpu.js, of the thread',
    mode: 'kernel',
    system: 'heddle',
    setting,
    medianMs,
    minMs: medianMs,
    maxMs: medianMs,
    runs: 1,
    peakBytes: 1,
  });
  expect(overheadRemarks([row('webgpu', 0.008), row('webgl2', -0.002)])).toEqual([
    expect.stringContaining('heddle, webgpu, costs the thread 8.0 µs beyond'),
    expect.stringContaining('heddle, webgl2, costs the thread -2.0 µs beyond'),
  ]);
});
