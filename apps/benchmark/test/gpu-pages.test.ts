// The pages of the GPU's peers: each program bundles for a browser, and one of them runs there from end to end.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bundle, executable } from '../peers/gpu/browser.mjs';

const peers = fileURLToPath(new URL('../peers/', import.meta.url));
if (executable === undefined) console.log('pages of the GPU’s peers: skipped: apt-get install chromium');

describe('pages of the GPU’s peers', { timeout: 120_000 }, () => {
  it.each(['heddle.mjs', 'gpu/kernels.mjs', 'gpu/tfjs.mjs', 'jax.mjs'])('%s bundles', async (program) => {
    expect((await bundle(`${peers}${program}`)).has('/stdin.js')).toBe(true);
  });

  it.skipIf(executable === undefined)('heddle.mjs measures in Chromium', () => {
    const args = [`${peers}gpu/run.mjs`, 'heddle.mjs', '--gpu', 'webgl2', '--kernels', 'portable', '--load', 'tiny'];
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [...args, '--modes', 'infer1', '--seconds', '0.05'],
      {
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0].ran.gpu.mode).toBe('webgl2');
    expect(lines[1]).toMatchObject({ workload: 'tiny', mode: 'infer1' });
    expect(lines[1].check).toHaveLength(2);
  });
});
