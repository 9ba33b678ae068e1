// The engine in a browser: what it runs on with and without isolation, on the page and in a worker, under a policy.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineOptions } from '../../src/backends/wasm/engine/engine';
import type { Outcome, Trained } from './browser-entry';

const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => existsSync(file));
if (found === undefined) console.log('wasm tests in a browser: skipped: no Chromium here: apt-get install chromium');

const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

describe.skipIf(found === undefined)('in Chromium', () => {
  let browser: Browser;
  const servers: Server[] = [];
  let files: Map<string, Uint8Array>;

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('./browser-entry.ts', import.meta.url))],
      bundle: true,
      write: false,
      outdir: 'out',
      splitting: true,
      format: 'esm',
      platform: 'browser',
      logLevel: 'error',
      external: ['node:*', 'koffi'],
    });
    files = new Map(outputFiles.map(({ path, contents }) => [`/${path.split('/').pop()}`, contents]));
    for (const name of ['plain.wasm', 'relaxed.wasm', 'worker.js', 'engine.js']) {
      const file = fileURLToPath(new URL(`../../build/public/wasm/${name}`, import.meta.url));
      files.set(`/wasm/${name}`, readFileSync(file));
    }
    browser = await chromium.launch({ executablePath: found ?? '', headless: true, args: ['--no-sandbox'] });
  });

  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  const run = (where: 'multiply' | 'inside', options: EngineOptions, headers: Record<string, string>) =>
    call<Outcome>(where, options, headers);
  const train = (options: EngineOptions, headers: Record<string, string>) => call<Trained>('train', options, headers);

  async function call<R>(where: string, options: EngineOptions, headers: Record<string, string>): Promise<R> {
    const server = createServer(({ url = '/' }, response) => {
      const file = files.get(url);
      const html = '<!doctype html><script type="module" src="/browser-entry.js"></script>';
      const type = file === undefined ? 'text/html' : url.endsWith('.js') ? 'text/javascript' : 'application/wasm';
      response.writeHead(200, { 'content-type': type, ...headers }).end(file ?? html);
    });
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => 'inside' in globalThis);
    const outcome = await page.evaluate(
      ([name, given]) => {
        const run = (globalThis as unknown as Record<string, (o: EngineOptions) => Promise<R>>)[name];
        return run(given);
      },
      [where, options] as const,
    );
    await page.close();
    return outcome;
  }

  test('inside a worker of an isolated page, on all threads', async () => {
    const outcome = await run('inside', { threads: 3 }, ISOLATED);
    expect(outcome).toEqual({ threads: 3, workers: 2, notes: [], right: true });
  });

  test('on the page itself on one thread, which it says: a page must not block', async () => {
    const outcome = await run('multiply', { threads: 3 }, ISOLATED);
    expect(outcome).toMatchObject({ threads: 1, right: true });
    expect(outcome.notes.join()).toMatch('a page must not block');
  });

  describe('training on an isolated page', () => {
    const rightLosses = ({ losses }: Trained): void => {
      expect(losses).toHaveLength(5);
      expect(losses[4]).toBeLessThan(losses[0]);
    };

    test('runs on all threads in a worker, and the page goes on', async () => {
      const found = await train({ threads: 2 }, ISOLATED);
      console.log(
        `  page: busy ${found.busy.toFixed(0)} ms, stood still ${found.longest.toFixed(1)} ms at the longest, ${found.turns} turns`,
      );
      expect(found).toMatchObject({ threads: 2, warnings: [] });
      expect(found.notes.join()).toContain('in a worker of its own');
      rightLosses(found);
      // A page that waited for its kernels would turn about once a step, and stand still for a step's time.
      expect(found.turns).toBeGreaterThan(50);
      expect(found.longest).toBeLessThan(found.busy / 4);
    });

    test('from files, under a strict policy', async () => {
      const options = { threads: 2, wasmUrl: '/wasm', workerUrl: '/wasm/worker.js' };
      const found = await train(options, { ...ISOLATED, 'content-security-policy': POLICY });
      expect(found).toMatchObject({ threads: 2, warnings: [] });
      rightLosses(found);
      expect(found.turns).toBeGreaterThan(50);
    });

    test('where no worker may start, on the page, which it says', async () => {
      const found = await train({ wasmUrl: '/wasm' }, { ...ISOLATED, 'content-security-policy': POLICY });
      expect(found.threads).toBe(1);
      rightLosses(found);
    });

    test('and without isolation: on one thread, said once', async () => {
      const found = await train({ threads: 2 }, {});
      expect(found.threads).toBe(1);
      expect(found.warnings).toHaveLength(1);
      expect(found.warnings[0]).toMatch(/^heddle: one thread: .*cross-origin isolated/);
      rightLosses(found);
    });
  });

  test('without isolation on one thread, which it says', async () => {
    const outcome = await run('inside', { threads: 3 }, {});
    expect(outcome).toMatchObject({ threads: 1, right: true });
    expect(outcome.notes.join()).toMatch('cross-origin isolated');
  });

  test('under a strict policy, from files', async () => {
    const options = { threads: 2, wasmUrl: '/wasm', workerUrl: '/wasm/worker.js' };
    const outcome = await run('inside', options, { ...ISOLATED, 'content-security-policy': POLICY });
    expect(outcome).toEqual({ threads: 2, workers: 1, notes: [], right: true });
  });

  test('where the policy forbids WebAssembly, an error that says what the policy needs', async () => {
    const policy = "default-src 'none'; script-src 'self'; connect-src 'self'";
    const options = { threads: 1, wasmUrl: '/wasm' };
    await expect(run('multiply', options, { 'content-security-policy': policy })).rejects.toThrow('wasm-unsafe-eval');
  });

  test('where the policy forbids the inlined worker, on the calling thread', async () => {
    const outcome = await run('inside', { threads: 2 }, { ...ISOLATED, 'content-security-policy': POLICY });
    expect(outcome).toMatchObject({ threads: 1, workers: 0, right: true });
    expect(outcome.notes.join()).toMatch('no worker starts here');
  });
});
