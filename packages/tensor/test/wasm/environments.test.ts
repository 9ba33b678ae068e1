// The engine in other places than a test's main thread: its own process, a worker, files instead of inlined modules.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
let folder = '';

// Multiplies with all threads, waits until the workers have come up, and reports how many there were.
const program = (options: string): string => `
  import { Engine } from './engine.js';
  import { gemm } from './gemm.js';
  import * as threads from 'node:worker_threads';
  const engine = await Engine.create(${options});
  const n = 256;
  const [a, b, c] = [0, 0, 0].map(() => engine.alloc(n * n * 4));
  const multiply = () => {
    for (const x of [a, b]) engine.f32.fill(1, x / 4, x / 4 + n * n);
    const m = (address) => ({ address, rowStride: n, colStride: 1 });
    gemm(engine, { M: n, N: n, K: n, a: m(a), b: m(b), c });
    if (!engine.f32.subarray(c / 4, c / 4 + n * n).every((x) => x === n)) throw new Error('wrong product');
  };
  for (let i = 0; i < 500 && engine.workersReady < engine.info.threads - 1; i++) {
    multiply();
    await new Promise((done) => setTimeout(done, 5));
  }
  multiply();
  const result = JSON.stringify({ threads: engine.info.threads, workers: engine.workersReady });
  threads.parentPort?.postMessage(result);
  if (threads.isMainThread) console.log(result);
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-engine-'));
  await build({
    entryPoints: ['engine', 'gemm'].map((name) => join(root, `src/backends/wasm/engine/${name}.ts`)),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir: folder,
    logLevel: 'error',
  });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, options: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, program(options));
  return file;
}

test('workers that wait never keep a process alive', async () => {
  const { stdout } = await run(process.execPath, [await write('main.js', '{ threads: 3 }')], { timeout: 30_000 });
  expect(JSON.parse(stdout)).toEqual({ threads: 3, workers: 2 });
});

test('runs inside a worker, with workers of its own', async () => {
  const worker = new Worker(await write('nested.js', '{ threads: 2 }'));
  const message = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  expect(JSON.parse(message)).toEqual({ threads: 2, workers: 1 });
  await worker.terminate();
});

test('loads kernels and worker from files', async () => {
  const files = pathToFileURL(join(root, 'build/public/wasm'));
  const options = `{ threads: 2, wasmUrl: '${files}', workerUrl: '${files}/worker.js' }`;
  const { stdout } = await run(process.execPath, [await write('files.js', options)], { timeout: 30_000 });
  expect(JSON.parse(stdout)).toEqual({ threads: 2, workers: 1 });
});

test('says where the kernels are not', async () => {
  const file = await write('missing.js', `{ wasmUrl: '/nowhere' }`);
  await expect(run(process.execPath, [file])).rejects.toThrow('the kernels are not at /nowhere');
});

test('without SharedArrayBuffer, on one thread, which it says', async () => {
  const file = join(folder, 'unshared.js');
  const body = program('{ threads: 3 }')
    .replace('const engine', 'delete globalThis.SharedArrayBuffer;\nconst engine')
    .replace('workers: engine.workersReady', 'workers: engine.workersReady, notes: engine.info.notes');
  await writeFile(file, body);
  const { stdout } = await run(process.execPath, [file], { timeout: 30_000 });
  expect(JSON.parse(stdout)).toMatchObject({ threads: 1, workers: 0, notes: [expect.stringContaining('one thread')] });
});

describe('the public API', () => {
  /** Bundles it under a name of its own, as a second copy in node_modules is. */
  async function copy(name: string): Promise<void> {
    await build({
      entryPoints: { [name]: join(root, 'src/index.ts') },
      bundle: true,
      format: 'esm',
      platform: 'node',
      outdir: folder,
      logLevel: 'error',
      external: ['gpu.js', 'webgpu', 'koffi'],
    });
  }

  test('explains two copies in one process', async () => {
    await Promise.all([copy('first'), copy('second')]);
    const file = join(folder, 'two.js');
    await writeFile(
      file,
      `import * as first from './first.js';
      import * as second from './second.js';
      await first.init({ threads: 1, blas: 'off' });
      const answer = await second.init().then(() => 'started', (error) => error.name + ': ' + error.message);
      console.log(answer, await first.ones([2]).sum().item());`,
    );
    const { stdout } = await run(process.execPath, [file], { timeout: 30_000 });
    expect(stdout).toMatch(/^BackendError: .*two copies of @heddle\/tensor .*single \(peer\) dependency.* 2\n$/);
  });

  test('trains under fake timers, which stand still', async () => {
    await copy('third');
    const file = join(folder, 'fake-timers.js');
    await writeFile(
      file,
      `for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) globalThis[name] = () => 1;
      Date.now = () => 0;
      performance.now = () => 0;
      const { init, ones, backendInfo } = await import('./third.js');
      await init({ threads: 2, blas: 'off' });
      const w = ones([512, 512], { requiresGrad: true });
      for (let i = 0; i < 20; i++) ones([512, 512]).matmul(w).sum().backward();
      console.log(backendInfo().threads, (await w.grad.data())[0]);`,
    );
    const { stdout } = await run(process.execPath, [file], { timeout: 60_000 });
    expect(stdout).toBe(`2 ${20 * 512}\n`);
  });
});
