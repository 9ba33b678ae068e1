// Heddle as a user of Vite has it: the built packages in a page of Chromium, training the spam classifier in a worker.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Browser, chromium, type Page as Tab } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from '../browser/main';
import type { Row } from '../browser/messages';

declare const heddle: Page;

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => existsSync(file));
const DATA = fileURLToPath(new URL('../../../../shared/data/sms/SMSSpamCollection.tsv.gz', import.meta.url));
const missing =
  CHROMIUM === undefined
    ? 'no Chromium here: apt-get install chromium'
    : existsSync(DATA)
      ? null
      : 'the SMS spam collection does not lie beside the repository';
if (missing !== null) console.log(`the library in a browser: skipped: ${missing}`);

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

const LARGE = { dim: 32, layers: 2, heads: 4, maxLength: 48 } as const;
/** For processors that play GPUs. */
const SMALL = { dim: 16, layers: 1, heads: 2, maxLength: 24 } as const;

/** Every fourth message, so that both labels are there: three in four of them to learn, one to test. */
function rows(): { readonly train: readonly Row[]; readonly test: readonly Row[] } {
  const all = gunzipSync(readFileSync(DATA))
    .toString('utf8')
    .split('\n')
    .filter((line) => line.includes('\t'))
    .map((line) => ({ text: line.slice(line.indexOf('\t') + 1), label: line.startsWith('spam') ? 1 : 0 }));
  const some = all.filter((_, i) => i % 2 === 0);
  return { train: some.filter((_, i) => i % 4 !== 0), test: some.filter((_, i) => i % 4 === 0) };
}

async function serve(folder: string, isolated: boolean): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const file = join(folder, path === '/' ? 'index.html' : path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    const headers = isolated
      ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
      : {};
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', ...headers });
    response.end(await readFile(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe.skipIf(missing !== null)('the library in a browser', () => {
  const { train, test } = missing === null ? rows() : { train: [], test: [] };
  let folder: string;
  let browser: Browser;
  const servers: Server[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'heddle-page-'));
    await build({
      root: fileURLToPath(new URL('../browser', import.meta.url)),
      base: './',
      logLevel: 'error',
      worker: { format: 'es' },
      build: { outDir: folder, emptyOutDir: true, target: 'es2022' },
    });
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', headless: true, args: FLAGS });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function openTab(isolated: boolean): Promise<Tab> {
    const server = await serve(folder, isolated);
    servers.push(server);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tab = await (await browser.newContext({ acceptDownloads: true })).newPage();
    tab.on('request', (request) => {
      if (!request.url().startsWith(origin) && !/^(blob|data):/.test(request.url())) foreign.push(request.url());
    });
    tab.on('pageerror', (error) => console.error(`page: ${error.message}`));
    await tab.goto(`${origin}/`);
    await tab.waitForFunction(() => 'heddle' in globalThis);
    return tab;
  }

  it.each([false, true])(
    'learns to tell spam on wasm, cross-origin isolated: %s',
    async (isolated) => {
      const tab = await openTab(isolated);
      const task = { kind: 'train', init: { seed: 1 }, train, test, steps: 160, batchSize: 32, model: LARGE } as const;
      const answer = await tab.evaluate((t) => heddle.train(t), task);
      expect(answer.info.backend).toBe('wasm');
      expect(answer.isolated).toBe(isolated);
      if (!isolated) expect(answer.info.threads).toBe(1);
      expect(answer.accuracy).toBeGreaterThanOrEqual(0.95);
    },
    180_000,
  );

  it.each(['webgpu', 'webgl2'] as const)(
    'trains on %s, saves the model as downloads, and loads it with the same predictions',
    async (mode) => {
      const tab = await openTab(false);
      const init = { backend: 'gpu', gpu: { mode }, seed: 1 } as const;
      const few = test.slice(0, 20);
      const task = { kind: 'train', init, train, test: few, steps: 30, batchSize: 8, model: SMALL } as const;
      const answer = await tab.evaluate((t) => heddle.train(t), task);
      expect(answer.info).toMatchObject({ backend: 'gpu', gpu: { mode, software: true } });
      const mean = (from: number, to: number): number =>
        answer.losses.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
      expect(mean(20, 30)).toBeLessThan(mean(0, 10));

      const files: string[] = [];
      const kept = new Promise<void>((resolve) => {
        tab.on('download', async (file) => {
          const path = join(folder, `${mode}-${file.suggestedFilename()}`);
          await file.saveAs(path);
          files.push(path);
          if (files.length === 3) resolve();
        });
      });
      const names = await tab.evaluate(() => heddle.save());
      expect([...names].sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
      await kept;
      const buffers = await Promise.all(
        files.map(async (path) => ({
          name: path.slice(path.indexOf(`${mode}-`) + mode.length + 1),
          mimeType: 'application/octet-stream',
          buffer: await readFile(path),
        })),
      );
      await tab.setInputFiles('#files', buffers);
      const again = await tab.evaluate(
        (texts) => heddle.predict(texts),
        few.map((row) => row.text),
      );
      expect(again.map(({ label }) => label)).toEqual(answer.predictions.map(({ label }) => label));
      again.forEach(({ score }, i) => {
        expect(score).toBeCloseTo(answer.predictions[i].score, 4);
      });
    },
    180_000,
  );

  it('asks no other server for anything', () => {
    expect(foreign).toEqual([]);
  });

  it('loads gpu.js only where the GPU is asked for', async () => {
    const scripts = (await readdir(join(folder, 'assets'))).filter((name) => name.endsWith('.js'));
    const texts = await Promise.all(scripts.map((name) => readFile(join(folder, 'assets', name), 'utf8')));
    const withGpuJs = scripts.filter((_, i) => texts[i].includes('createKernel') && texts[i].includes('WebGL2'));
    expect(withGpuJs.length).toBeGreaterThan(0);
    for (const name of withGpuJs) expect(name).not.toMatch(/^(index|worker|wasm)-/);
  });
});
