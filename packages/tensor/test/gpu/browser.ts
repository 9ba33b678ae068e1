// A page of Debian's Chromium with software adapters, or with the machine's own GPU where HEDDLE_TEST_GPU=hardware:
// bundles what runs there, serves it from this machine, drives it.
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onHardware } from './dawn';

const CHROMIUM =
  process.env['HEDDLE_CHROMIUM'] ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => existsSync(file));

/** Why there is no browser here, or null where there is one. */
export const missing: string | null =
  CHROMIUM === undefined ? 'skipped: no Chromium here: apt-get install chromium libvulkan1' : null;

if (missing !== null) console.log(`gpu tests in a browser: ${missing}`);

const ADAPTERS = onHardware
  ? ['--ignore-gpu-blocklist', '--use-angle=vulkan', '--disable-vulkan-surface']
  : ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--use-webgpu-adapter=swiftshader'];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu-sandbox',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  ...ADAPTERS,
];

/** An open page, and how to close everything behind it. */
export interface OpenPage {
  readonly page: Page;
  /** Addresses that the page asked for beyond its own server. */
  readonly foreign: readonly string[];
  close(): Promise<void>;
}

/** Bundles a module of this folder and opens a page that runs it. */
export async function openPage(entry: string): Promise<OpenPage> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    outdir: 'out',
    splitting: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
    external: ['webgpu', 'gl', 'node:*', 'koffi'],
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [`/${path.split('/').pop()}`, contents]));
  const script = `/${entry.replace(/^\.\//, '').replace(/\.ts$/, '.js')}`;
  const server = await serve(files, `<!doctype html><script type="module" src="${script}"></script>`);
  const browser = await launch();
  const page = await browser.newPage();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(blob|data):/.test(request.url())) foreign.push(request.url());
  });
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => 'page' in globalThis);
  return {
    page,
    foreign,
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM ?? '', headless: true, args: FLAGS });
}

async function serve(files: ReadonlyMap<string, Uint8Array>, html: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const file = files.get(path);
    if (path === '/') response.writeHead(200, { 'content-type': 'text/html' }).end(html);
    else if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'text/javascript' }).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
