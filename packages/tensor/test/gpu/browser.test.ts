// The gpu backend in Chromium against the reference, on webgl2 and on webgpu: every op × sample, then training.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWasm } from '../../src/backends/wasm/index';
import { on, onReference } from '../support/backends';
import { cases } from '../support/cases';
import { expectClose } from '../support/compare';
import { run } from '../support/run-case';
import { dense } from '../support/samples';
import { missing, type OpenPage, openPage } from './browser';
import type { Page } from './browser-entry';
import { onHardware } from './dawn';
import { train } from './training';

declare const page: Page;

const MODES = [
  { mode: 'webgl2', kernels: 'portable' },
  { mode: 'webgpu', kernels: 'auto' },
] as const;

const STEPS = 20;

describe.skipIf(missing !== null)('browser', () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage('./browser-entry.ts');
  });
  afterAll(async () => {
    expect(open.foreign).toEqual([]);
    await open.close();
  });

  describe.each(MODES)('$mode', ({ mode, kernels }) => {
    beforeAll(async () => {
      await open.page.evaluate((options) => page.start(options), { mode, kernels });
    });
    afterAll(async () => {
      await open.page.evaluate(() => page.stop());
    });

    it('runs what it says', async () => {
      expect(await open.page.evaluate(() => page.info())).toMatchObject({
        backend: 'gpu',
        gpu: { mode, kernels, software: !onHardware, gpujs: '2.24.1', viaHost: [] },
      });
    });

    it.each(cases().map((c, index) => ({ name: c.name, c, index })))('$name', async ({ c, index }) => {
      const expected = await onReference(() => run(c, dense));
      const { results, leaked } = await open.page.evaluate((i) => page.runCase(i), index);
      const bound = c.tolerance;
      for (const actual of results) {
        expect(actual.shape).toEqual(expected.shape);
        expect(actual.dtype).toBe(expected.dtype);
        expectClose(actual.output, expected.output, bound, 'output');
        actual.gradients.forEach((g, i) => {
          expectClose(g, expected.gradients[i], bound, `gradient of input ${i}`);
        });
      }
      expect(leaked).toBe(0);
    });

    it('trains as wasm does', async () => {
      const wasm = await createWasm({ threads: 1, blas: 'off' });
      const expected = await on(wasm, () => train(STEPS));
      const losses = await open.page.evaluate((steps) => page.train(steps), STEPS);
      const strays = losses.map((loss, step) => Math.abs(loss - expected[step]));
      expect(Math.max(...strays)).toBeLessThan(1e-3);
      await wasm.dispose();
    });

    it('says how much was asked for where a result is larger than the device holds', async () => {
      const { asked, limit, error } = await open.page.evaluate(() => page.tooLarge());
      expect(asked).toBeGreaterThan(limit);
      expect(error).toEqual({ name: 'OutOfMemory', requestedBytes: asked, limitBytes: limit });
    });

    it.runIf(mode === 'webgl2')('says how many arrays a kernel needs where that is too many', async () => {
      const { most, sum, error } = await open.page.evaluate(() => page.arrays());
      expect(most).toBeGreaterThanOrEqual(16);
      expect(sum).toBe((most * (most + 1)) / 2);
      expect(error).toMatchObject({
        name: 'LimitExceeded',
        limit: 'maxTextureImageUnits',
        requested: most + 1,
        allowed: most,
        message: expect.stringContaining(`maxTextureImageUnits = ${most + 1}, and this device allows ${most}`),
      });
    });

    it('joins more tensors than a kernel takes arrays', async () => {
      const { limits } = (await open.page.evaluate(() => page.info()))?.gpu ?? {};
      const most = limits?.['maxTextureImageUnits'] ?? limits?.['maxStorageBuffersPerShaderStage'] ?? 0;
      expect(most).toBeGreaterThan(0);
      const count = 2 * most + 1;
      const expected = Array.from({ length: count }, (_, i) => [i, i + 0.5]).flat();
      expect(await open.page.evaluate((n) => page.joined(n), count)).toEqual(expected);
    });

    it('rejects reads once the device is gone', async () => {
      expect(await open.page.evaluate(() => page.loseContext())).toMatch(/DeviceLost.*lost.*init\(\) again/);
    });
  });
});
