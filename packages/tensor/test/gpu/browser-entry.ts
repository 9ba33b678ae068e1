// What runs inside the page: cases of the registry on a backend that the test names. Bundled by browser.ts.
import type { Backend, BackendInfo } from '../../src/backends/backend';
import type { TextureResult } from '../../src/backends/gpu/gpujs';
import { createGpu, type GpuOptions } from '../../src/backends/gpu/index';
import { createWebGlDevice } from '../../src/backends/gpu/webgl-device';
import { useBackend } from '../../src/runtime';
import { memory } from '../../src/storage';
import { cases } from '../support/cases';
import { type Result, run } from '../support/run-case';
import { dense, strided } from '../support/samples';
import { special } from '../support/special';
import { type Launches, launchesOf, train } from './training';
import { updated } from './updates';

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
  special(name: string): Promise<readonly (readonly number[])[]>;
  update(name: string): Promise<readonly (readonly number[])[]>;
  train(steps: number): Promise<readonly number[]>;
  course(steps: number): Promise<{ readonly compiled: readonly number[]; readonly bytes: readonly number[] }>;
  launches(layers: number, tokens: number): Promise<Launches>;
  info(): BackendInfo | undefined;
  tooLarge(): Promise<{ readonly asked: number; readonly limit: number; readonly error: unknown }>;
  arrays(): Promise<{ readonly most: number; readonly sum: number; readonly error: unknown }>;
  evicted(): Promise<{ readonly read: readonly number[]; readonly alive: readonly boolean[] }>;
  pieces(count: number): Promise<readonly number[]>;
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

  special: (name) => special(name),

  async update(name) {
    if (backend === null) throw new Error('start() first');
    return (await updated(backend, name)).map((values) => Array.from(values));
  },

  train: (steps) => train(steps),

  /** Kernels compiled, and bytes taken, after each step of a training. */
  async course(steps) {
    const [compiled, bytes]: number[][] = [[], []];
    const after = (): void => {
      const { counts, reservedBytes = 0 } = backend?.info().gpu ?? {};
      compiled.push(counts?.compiled ?? 0);
      bytes.push(reservedBytes);
    };
    await train(steps, { layers: 1, reads: false, after });
    return { compiled, bytes };
  },

  async launches(layers, tokens) {
    if (backend === null) throw new Error('start() first');
    return launchesOf(backend, layers, tokens);
  },

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
        once: false,
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

  /** On webgl2: results whose kernel was thrown out, and whether their textures are there before and after they are freed. */
  async evicted() {
    const device = await createWebGlDevice({ capacity: 1 });
    const upload = (...values: number[]) => device.upload(Float32Array.from(values));
    const results = [upload(1, 2), upload(3, 4)];
    device.free(upload(5));
    const read = (await Promise.all(results.map((buffer) => device.read(buffer, 0, 2)))).flatMap((data) => [...data]);
    const alive = results.flatMap((buffer) => {
      const { texture, context } = buffer.resource as TextureResult & { readonly context: WebGL2RenderingContext };
      const before = context.isTexture(texture);
      device.free(buffer);
      return [before, context.isTexture(texture)];
    });
    await device.dispose();
    return { read, alive };
  },

  /** On webgl2: as many pieces of one element, the second of a pair, side by side. */
  async pieces(count) {
    const device = await createWebGlDevice();
    const pieces = Array.from({ length: count }, (_, i) => {
      return { buffer: device.upload(Float32Array.of(-1, i)), offset: 1, size: 1 };
    });
    const all = device.join(pieces, true);
    const data = await device.read(all, 0, all.length);
    await device.dispose();
    return Array.from(data);
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
