// A peer's process on the GPU: bundles a program of this folder, runs it in Chromium, and prints what it prints.
// Usage: node gpu/run.mjs PROGRAM --gpu webgpu|webgl2 [flags of the program]
import { fileURLToPath } from 'node:url';
import { bundle, openPage } from './browser.mjs';

const [program, ...args] = process.argv.slice(2);
const mode = args[args.indexOf('--gpu') + 1];
const files = await bundle(fileURLToPath(new URL(`../${program}`, import.meta.url)));
const { page, flags, close } = await openPage(files, mode);
let ending;
const ended = new Promise((resolve, reject) => {
  ending = resolve;
  page.on('console', (message) => {
    if (message.text().startsWith('{')) console.log(message.text());
    else if (message.type() === 'error') console.error(message.text());
  });
  page.on('pageerror', reject);
  page.on('crash', () => reject(new Error('the page crashed')));
});
try {
  await page.exposeFunction('benchEnded', ending);
  await page.evaluate((given) => globalThis.benchStart(given), [...args, '--adapter', flags]);
  await ended;
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  await close();
}
