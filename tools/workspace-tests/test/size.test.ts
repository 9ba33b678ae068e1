// What a browser downloads for each package: its main entry bundled with what it needs beyond
// @heddle, minified and gzipped. The limits are promises to users; raising one needs a reason.
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { folderOf, type PackageName, packageNames } from './workspace';

const limitKb: Readonly<Record<PackageName, number>> = {
  tensor: 100,
  tokenizer: 25,
  attention: 25,
  classifier: 15,
  trainer: 40,
};

test.each(packageNames)('%s stays below its limit', async (name) => {
  const { outputFiles } = await build({
    entryPoints: [join(folderOf(name), 'dist/index.js')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    external: [...builtinModules, 'node:*', '@heddle/*', 'gpu.js', 'webgpu', 'koffi'],
    logLevel: 'silent',
  });
  const kb = gzipSync(outputFiles[0].contents, { level: 9 }).byteLength / 1000;
  expect(kb).toBeLessThan(limitKb[name]);
});
