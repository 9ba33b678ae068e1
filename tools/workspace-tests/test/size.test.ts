// What a browser downloads for each package: the main entry bundled with what it needs beyond
// @heddle, minified and gzipped. What is imported lazily counts where every program needs it. The
// limits are promises to users; raising one needs a reason.
import { builtinModules } from 'node:module';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { expect, test } from 'vitest';
import { folderOf, type PackageName } from './workspace';

interface Limit {
  readonly kb: number;
  /** Chunks that are imported lazily and yet always needed, by the beginning of their names. */
  readonly lazy?: readonly string[];
}

const limits: Readonly<Record<PackageName, Limit>> = {
  // With the default backend: its kernels in the largest variant, and the worker's code.
  tensor: { kb: 100, lazy: ['wasm', 'relaxed', 'worker'] },
  // 25 is the aim. `fromJSON` reads every component of the format at once, without waiting, and that is 35.4 so far.
  tokenizer: { kb: 36 },
  // All layers, models, adapters, attributions and the usual ways of writing, of which a bundler leaves out what a program
  // doesn't name; beams, drafts, forms of text and the Hub are loaded when they are asked for.
  attention: { kb: 45 },
  classifier: { kb: 15 },
  trainer: { kb: 25 },
};

/** The entry's output and every chunk that it imports up front. */
function upFront(outputs: Metafile['outputs'], file: string, seen = new Set<string>()): Set<string> {
  seen.add(file);
  for (const { path, kind, external } of outputs[file].imports) {
    if (kind === 'import-statement' && external !== true && !seen.has(path)) upFront(outputs, path, seen);
  }
  return seen;
}

test.each(Object.entries(limits))('%s stays below its limit', async (name, { kb, lazy = [] }) => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: folderOf(name as PackageName),
    entryPoints: [join('dist', 'index.js')],
    outdir: 'build/size',
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    external: [...builtinModules, 'node:*', '@heddle/*', 'gpu.js', 'webgpu', 'koffi'],
    logLevel: 'silent',
  });
  const outputs = Object.keys(metafile.outputs);
  const needed = upFront(metafile.outputs, join('build/size', 'index.js'));
  for (const prefix of lazy) {
    const chunk = outputs.find((file) => basename(file).startsWith(`${prefix}-`));
    if (chunk === undefined) expect.fail(`there is no chunk ${prefix}-*.js: mend this test`);
    upFront(metafile.outputs, chunk, needed);
  }
  const bytes = outputFiles
    .filter(({ path }) => needed.has(path.slice(folderOf(name as PackageName).length + 1)))
    .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).byteLength, 0);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes / 1000).toBeLessThan(kb);
});
