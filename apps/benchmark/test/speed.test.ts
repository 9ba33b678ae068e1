// The speed suites without their peers: ratios, agreement, alternation, the page. Peers are run by hand and in reports.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { median } from '../src/median.js';
import { alternate } from '../src/suites/speed/alternate.js';
import { earlier, record } from '../src/suites/speed/history.js';
import { renderSpeedPage } from '../src/suites/speed/page.js';
import { ONE_THREAD, rate, ratios, table } from '../src/suites/speed/ratios.js';
import { type Row, type SpeedReport, speedReport } from '../src/suites/speed/schema.js';
import type { System } from '../src/suites/speed/systems.js';

const row = (system: string, setting: string, medianMs: number): Row => ({
  workload: 'tiny',
  mode: 'train',
  system,
  setting,
  medianMs,
  minMs: medianMs - 1,
  maxMs: medianMs + 1,
  runs: 3,
  peakBytes: 1e6,
});
const rows = [row('heddle', 'a', 10), row('heddle', 'b', 20), row('pytorch', '1', 40), row('pytorch', '2', 30)];

const reportOf = (measured: readonly Row[]): SpeedReport =>
  speedReport.parse({
    version: 1,
    suite: 'speed',
    createdAt: '2026-01-01T00:00:00Z',
    heddle: '1.0.0',
    command: 'bench speed',
    quick: false,
    clock: 'wall',
    environment: {
      cpu: 'a cpu',
      cores: 2,
      cpuFlags: ['avx2'],
      platform: 'linux x64',
      node: '20',
      loadAverage: 0.1,
      openblasCoretype: 'not set',
      ran: {},
    },
    rows: measured,
    ratios: ratios(measured),
    skipped: ['tfjs: not found'],
    disagreements: [],
  });

test('a peer counts with its best setting', () => {
  expect(ratios(rows).map(({ setting, peer, ratio }) => [setting, peer, ratio])).toEqual([
    ['a', 'pytorch', 3],
    ['b', 'pytorch', 1.5],
  ]);
  expect(table(rows, ratios(rows))).toMatch(/heddle, a +10\.0 ms .*3\.00× pytorch/);
});

test('threads are held against one thread of the same setting', () => {
  const own = [row('heddle', 'Node 20, 2 threads', 10), row('heddle', 'Node 20, 1 thread', 18)];
  expect(ratios(own)).toEqual([
    { workload: 'tiny', mode: 'train', setting: 'Node 20, 2 threads', peer: ONE_THREAD, ratio: 1.8, memory: 1 },
  ]);
});

test('a kernel shows its rate, and generation its tokens', () => {
  expect(rate({ ...row('heddle', 'a', 2), flops: 4e6 })).toBe('2.0 GFLOP/s');
  expect(rate({ ...row('heddle', 'a', 2), bytes: 3e6 })).toBe('1.5 GB/s');
  expect(rate({ ...row('heddle', 'a', 20), mode: 'generate' })).toBe('50.0 tokens/s');
  expect(rate({ ...row('heddle', 'a', 20), mode: 'load', peakBytes: 6e8, bytes: 5e8 })).toBe('1.20× its size');
});

test('the page is one file without scripts, and what it shows is escaped', () => {
  const report = reportOf([...rows, row('<script>', 'x', 5)]);
  const page = renderSpeedPage(report);
  expect(page).not.toContain('<script');
  expect(page).toContain('&lt;script&gt;');
  expect(page).toContain('tfjs: not found');
});

test('a report is kept by version, and shown beside later ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-history-'));
  const older = { ...reportOf(rows), heddle: '0.9.0', createdAt: '2025-01-01T00:00:00Z' };
  expect(await record(folder, older)).toBe('speed-0.9.0.json');
  await writeFile(join(folder, 'speed-0.1.0.json'), '{"version":1}');
  const history = await earlier(folder, reportOf(rows));
  expect(history).toEqual([older]);
  expect(await earlier(folder, older)).toEqual([]);
  expect(renderSpeedPage(reportOf(rows), history)).toMatch(/<th[^>]*>1\.0\.0.*<th[^>]*>0\.9\.0/);
  await rm(folder, { recursive: true });
});

test('a median lies between the two values in the middle', () => {
  expect([[], [3], [1, 5], [9, 1, 2], [8, 1, 3, 2]].map(median)).toEqual([0, 3, 3, 2, 2.5]);
});

describe('processes', () => {
  let folder = '';
  const log: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'heddle-speed-'));
    const program = (check: number): string => `
      const load = process.argv[process.argv.indexOf('--load') + 1];
      console.log(JSON.stringify({ ran: { node: process.version } }));
      console.log('chatter');
      const own = { workload: load, mode: 'infer', medianMs: 5, peakBytes: 7, check: [${check}] };
      console.log(JSON.stringify(own));`;
    await writeFile(join(folder, 'right.mjs'), program(1));
    await writeFile(join(folder, 'wrong.mjs'), program(1.1));
    await writeFile(
      join(folder, 'broken.mjs'),
      `console.error('Warning: vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER');
      throw new Error("no such kernel")`,
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const system = (name: string): System => ({
    system: name,
    setting: 's',
    file: process.execPath,
    args: [join(folder, `${name}.mjs`)],
    env: {},
    cwd: folder,
    modes: () => ['infer'],
  });
  const effort = {
    rounds: 2,
    seconds: 0,
    clock: 'wall' as const,
    signal: new AbortController().signal,
    say: (line: string) => void log.push(line),
  };

  test('run in turn; one that fails is left out with its reason, one that differs is named', async () => {
    const found = await alternate(['right', 'wrong', 'broken'].map(system), ['tiny'], effort);
    expect(log.filter((line) => line.includes('round')).map((line) => line.split(': ')[1])).toEqual([
      'right, s',
      'wrong, s',
      'broken, s',
      'right, s',
      'wrong, s',
    ]);
    expect(log).toContain('  failed: exit code 1: Error: no such kernel');
    expect(found.rows.map(({ system: name, runs, medianMs }) => [name, runs, medianMs])).toEqual([
      ['right', 2, 5],
      ['wrong', 2, 5],
    ]);
    expect(found.failures).toEqual(['broken, s: tiny']);
    expect(found.disagreements).toEqual(['tiny infer: wrong gives 1.1 where right gives 1']);
    expect(found.ran['right, s']).toEqual({ node: process.version });
  });
});
