// What runs inside the page: cases of the registry on a backend that the test names. Bundled by browser.ts.
import type { Backend, BackendInfo } from '../../src/backends/backend';
import { createGpu, type GpuOptions } from '../../src/backends/gpu/index';
import { createWebGlDevice } from '../../src/backends/gpu/webgl-device';
import { useBackend } from '../../src/runtime';
import { memory } from '../../src/storage';
import { cases } from '../support/cases';
import { type Result, run } from '../support/run-case';
import { dense, strided } from '../support/samples';
import { train } from './training';

let backend: Backend | null = null;

/** What a case gives on dense and on strided inputs, and the buffers that it left alive. */
export interface CaseResult {
  readonly results: readonly Result[];
  readonly leaked: number;
}

/** What the test calls. */
export interface Page {
  start(options: GpuOptions): Promise<BackendInfo>;
  runCase(index: number): Promise<CaseResult>;
  train(steps: number): Promise<readonly number[]>;
  info(): BackendInfo | undefined;
  tooLarge(): Promise<{ readonly asked: number; readonly limit: number; readonly error: unknown }>;
  arrays(): Promise<{ readonly most: number; readonly sum: number; readonly error: unknown }>;
  joined(count: number): Promise<readonly number[]>;
  loseContext(): Promise<string>;
  stop(): Promise<void>;
}

const page: Page = {
  async start(options) {
    backend = await createGpu(options);
    useBackend(backend);
    return backend.info();
  },

  async runCase(index) {
    const before = memory().buffers;
    const results: Result[] = [];
    for (const make of [dense, strided]) {
      const { shape, dtype, output, gradients } = await run(cases()[index], make);
      results.push({ shape, dtype, output: Array.from(output), gradients: gradients.map((g) => Array.from(g)) });
    }
    // The collector may free what an earlier test dropped: only growth is a leak.
    return { results, leaked: Math.max(0, memory().buffers - before) };
  },

  train: (steps) => train(steps),

  info: () => backend?.info(),

  /** What reading a result says that no buffer, and no texture, holds. */
  async tooLarge() {
    const { tensor } = await import('../../src/ops/create');
    const { maxTextureSize, maxBufferSize, maxStorageBufferBindingSize } = backend?.info().gpu?.limits ?? {};
    const limit =
      maxTextureSize === undefined ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : 4 * maxTextureSize ** 2;
    const elements = limit / 4 + 1;
    const one = tensor([1]);
    const large = one.expand([elements]).mul(2);
    const error = await large.data().then(
      () => null,
      ({ name, requestedBytes, limitBytes }) => ({ name, requestedBytes, limitBytes }),
    );
    for (const t of [one, large]) t.dispose();
    return { asked: elements * 4, limit, error };
  },

  /** On webgl2: the sum of as many arrays as a kernel takes, and what one array more says. */
  async arrays() {
    const device = await createWebGlDevice();
    const most = device.facts.limits['maxTextureImageUnits'];
    const made = Array.from({ length: most + 1 }, (_, i) => device.upload(Float32Array.of(i + 1)));
    const add = (count: number) => {
      const names = Array.from({ length: count }, (_, i) => `x${i}`);
      return device.launch({
        key: `add ${count}`,
        source: () => `function(${names.join()}) { return ${names.map((x) => `${x}[this.thread.x]`).join(' + ')}; }`,
        helpers: () => [],
        output: [1],
        args: made.slice(0, count).map((buffer) => ({ buffer, dims: [1] })),
        loops: 1,
      });
    };
    const [sum] = await device.read(add(most), 0, 1);
    let error: unknown = null;
    try {
      add(most + 1);
    } catch (thrown) {
      error = { ...(thrown as object), message: String(thrown) };
    }
    await device.dispose();
    return { most, sum, error };
  },

  /** As many tensors of one row, one after another. */
  async joined(count) {
    const { tensor } = await import('../../src/ops/create');
    const { concat } = await import('../../src/index');
    const rows = Array.from({ length: count }, (_, i) => tensor([i, i + 0.5]));
    const all = concat(rows);
    const data = await all.data();
    for (const t of [...rows, all]) t.dispose();
    return Array.from(data);
  },

  /** What a read of a tensor says once the WebGL context is gone. */
  async loseContext() {
    const { tensor } = await import('../../src/ops/create');
    const x = tensor([1, 2, 3]);
    await backend?.dispose();
    return x.data().then(
      () => 'read',
      (error: unknown) => String(error),
    );
  },

  async stop() {
    await backend?.dispose();
    backend = null;
    useBackend(null);
  },
};

Object.assign(globalThis, { page });
