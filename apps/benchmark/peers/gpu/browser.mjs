// Chromium for the GPU's peers: on the hardware where the mode has an adapter there, else on a processor that plays one.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const NAMED = process.env.HEDDLE_CHROMIUM;
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Chromium is; undefined where there is none. */
export const executable = NAMED ?? PLACES.find((file) => existsSync(file));

const COMMON = ['--no-sandbox', '--disable-gpu-sandbox', '--enable-unsafe-webgpu', '--enable-features=Vulkan'];
// Without a display Vulkan has no surface to draw on, and without saying so Chromium then has no WebGPU either.
const HARDWARE = [...COMMON, '--ignore-gpu-blocklist', '--use-angle=vulkan', '--disable-vulkan-surface'];
const SOFTWARE = [
  ...COMMON,
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--use-webgpu-adapter=swiftshader',
];

const SOFTWARE_NAMES = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i;

/** A program and everything that it imports, for a page. What it wants of Node comes from node-shims.mjs. */
export async function bundle(entry) {
  const shims = fileURLToPath(new URL('./node-shims.mjs', import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `globalThis.benchStart = (args) => { globalThis.benchArgs = args; void import(${JSON.stringify(entry)}); };`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    write: false,
    outdir: 'out',
    splitting: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
    inject: [shims],
    alias: { 'node:util': shims, 'node:module': shims, 'node:worker_threads': shims },
    external: ['webgpu', 'gl', 'koffi', 'node:*'],
  });
  return new Map(outputFiles.map(({ path, contents }) => [`/${path.split('/').pop()}`, contents]));
}

/** Opens a page that has the mode, and says with which of the two sets of flags. */
export async function openPage(files, mode) {
  if (executable === undefined)
    throw new Error('no Chromium: apt-get install chromium, or name one in HEDDLE_CHROMIUM');
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const file = files.get(path);
    if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><script type="module" src="/stdin.js"></script>');
    } else if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'text/javascript' }).end(file);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}/`;
  for (const [flags, args] of Object.entries({ hardware: HARDWARE, software: SOFTWARE })) {
    const browser = await chromium.launch({ executablePath: executable, headless: true, args });
    const page = await browser.newPage();
    await page.goto(address);
    const adapter = await page.evaluate(adapterOf, mode);
    if (adapter !== null && (flags === 'software' || !SOFTWARE_NAMES.test(adapter))) {
      await page.waitForFunction(() => 'benchStart' in globalThis);
      const close = async () => {
        await browser.close();
        server.close();
      };
      return { page, flags, close };
    }
    await browser.close();
  }
  server.close();
  throw new Error(`no ${mode} in this Chromium, neither on hardware nor in software`);
}

/** What the page's adapter of the mode is called; null where there is none. Runs there. */
async function adapterOf(mode) {
  if (mode === 'webgpu') {
    const info = (await navigator.gpu?.requestAdapter())?.info;
    return info === undefined ? null : [info.vendor, info.architecture, info.device, info.description].join(' ');
  }
  const gl = document.createElement('canvas').getContext('webgl2');
  const names = gl?.getExtension('WEBGL_debug_renderer_info') ?? null;
  return names === null ? null : String(gl.getParameter(names.UNMASKED_RENDERER_WEBGL));
}
