// The gpu backend in Chromium against the reference, on webgl2 and on webgpu: every op × sample, then training.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PART } from '../../src/backends/gpu/parts';
import { createReference } from '../../src/backends/reference/index';
import { createWasm } from '../../src/backends/wasm/index';
import { on, onReference } from '../support/backends';
import { cases } from '../support/cases';
import { expectClose } from '../support/compare';
import { run } from '../support/run-case';
import { dense } from '../support/samples';
import { special, specials } from '../support/special';
import { missing, type OpenPage, openPage } from './browser';
import type { Page } from './browser-entry';
import { onHardware } from './dawn';
import { LAUNCHES, train } from './training';
import { updated, updates } from './updates';

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

    it.each(Object.keys(specials))('special numbers: %s', async (name) => {
      const expected = await onReference(() => special(name));
      const actual = await open.page.evaluate((n) => page.special(n), name);
      actual.forEach((values, i) => {
        expectClose(values, expected[i], 1e-4, `result ${i}`);
      });
    });

    it.each(Object.keys(updates))('updates in place: %s', async (name) => {
      const reference = createReference();
      const expected = await on(reference, () => updated(reference, name));
      const actual = await open.page.evaluate((n) => page.update(n), name);
      actual.forEach((values, i) => {
        expectClose(values, expected[i], 1e-5, `tensor ${i}`);
      });
    });

    it('trains as wasm does', async () => {
      const wasm = await createWasm({ threads: 1, blas: 'off' });
      const expected = await on(wasm, () => train(STEPS));
      const losses = await open.page.evaluate((steps) => page.train(steps), STEPS);
      const strays = losses.map((loss, step) => Math.abs(loss - expected[step]));
      expect(Math.max(...strays)).toBeLessThan(1e-3);
      await wasm.dispose();
    });

    it('compiles nothing, and takes no more memory, after the first steps', async () => {
      const { compiled, bytes } = await open.page.evaluate(() => page.course(8));
      console.log(`${mode}, ${kernels} kernels: ${compiled.join(', ')} compiled after each step`);
      // Parameters lie elsewhere after the first step.
      expect(compiled[7]).toBe(compiled[2]);
      expect(bytes[7]).toBe(bytes[3]);
      expect(bytes[7]).toBeGreaterThan(0);
    });

    it('launches few kernels a layer, and one for the optimizer', async () => {
      for (const tokens of [12, 40]) {
        const [one, two] = await open.page.evaluate(
          async (n) => [await page.launches(1, n), await page.launches(2, n)],
          tokens,
        );
        const layer = two.graph - one.graph;
        const clip = two.clip - one.clip;
        console.log(
          `${mode}, ${kernels} kernels, ${4 * tokens} rows: ${layer} launches a layer and step, ${clip} more for clipping ` +
            `(${one.clip} of one layer), ${two.optimizer} for the optimizer`,
        );
        expect(layer).toBeGreaterThan(0);
        expect(layer + clip).toBeLessThanOrEqual(LAUNCHES[kernels]);
        expect(two.optimizer).toBe(1);
      }
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

    it.runIf(mode === 'webgl2')('keeps results, and lets go of them, when their kernel is thrown out', async () => {
      const { read, alive } = await open.page.evaluate(() => page.evicted());
      expect(read).toEqual([1, 2, 3, 4]);
      expect(alive).toEqual([true, false, true, false]);
    });

    it.runIf(mode === 'webgl2')(
      'puts more pieces side by side than one kernel reads, or two rounds of them',
      async () => {
        const count = 300;
        const expected = Array.from({ length: count }, (_, i) => [i, ...new Array<number>(PART - 1).fill(0)]).flat();
        expect(await open.page.evaluate((n) => page.pieces(n), count)).toEqual(expected);
      },
    );

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
