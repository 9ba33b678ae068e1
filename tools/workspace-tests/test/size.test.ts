// What a browser downloads for each package: the main entry bundled with what it needs beyond
// @heddle, minified and gzipped. What is imported lazily counts where every program needs it. The
// limits are promises to users; raising one needs a reason.
import { builtinModules } from 'node:module';
import { basename, join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { build as vite } from 'vite';
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
  // With what reads a file. The components that the file names come in families of 3 to 10 kB; trainers when they are used.
  tokenizer: { kb: 25, lazy: ['load'] },
  // All layers, models, adapters, attributions and the usual ways of writing, of which a bundler leaves out what a program
  // doesn't name; beams, drafts, forms of text and the Hub are loaded when they are asked for. 46 since CLIP's towers and
  // T5's heads stand alone, 49 since every head of transformers is there, 50 since wrong calls of generate are named.
  attention: { kb: 50 },
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

/** Bytes, gzipped, that a program on a page fetches before it starts. */
async function startOf(program: string): Promise<number> {
  const id = 'program.js';
  const result = await vite({
    root: import.meta.dirname,
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: id,
        resolveId: (path) => (path === id ? join(import.meta.dirname, id) : null),
        load: (path) => (path.endsWith(id) ? program : null),
      },
    ],
    build: { write: false, target: 'es2022', modulePreload: false, rollupOptions: { input: id } },
  });
  if (!('output' in result)) throw new Error('Vite wrote no bundle');
  const chunks = new Map(result.output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file]] : [])));
  const seen = new Set([...chunks.values()].filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const name of seen) for (const next of chunks.get(name)?.imports ?? []) seen.add(next); // a set walks what is added
  return [...seen].reduce((sum, name) => sum + gzipSync(chunks.get(name)?.code ?? '', { level: 9 }).byteLength, 0);
}

const COMPOSED = `import { Tokenizer } from '@heddle/tokenizer';
  import { Whitespace, WordLevel } from '@heddle/tokenizer/components';
  const model = new WordLevel(['[UNK]', 'so', 'small'], { unkToken: '[UNK]' });
  const tokenizer = new Tokenizer({ preTokenizer: new Whitespace(), model });
  console.log(tokenizer.encode('so very small').ids.join(' '));`;

test('a tokenizer put together from components costs what they cost', async () => {
  const core = await startOf(`import { Tokenizer } from '@heddle/tokenizer'; console.log(Tokenizer);`);
  const composed = await startOf(COMPOSED);
  const all = await startOf(`${COMPOSED} import * as all from '@heddle/tokenizer/components'; console.log(all);`);
  const sync = await startOf(`import * as sync from '@heddle/tokenizer/sync'; console.log(sync);`);
  expect(core).toBeGreaterThan(5000);
  expect(core).toBeLessThan(16_000);
  // The vocabulary, the two components, and what says where a file is wrong, or nests too deep.
  expect(composed - core).toBeLessThan(2600);
  expect(all - core).toBeGreaterThan(15_000);
  // 42 since patterns that could take for ever are searched in linear time, 43 since batches use their memory again, 43.5
  // since graphemes and streams take linear time and saved ids keep their holes, 44 since wrong calls are refused by name.
  expect(sync).toBeLessThan(44_000);
});

test('it runs where there is nothing of Node’s or of a page’s, from a bundle for no platform', async () => {
  const { outputFiles } = await build({
    stdin: { contents: COMPOSED, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'neutral',
    logLevel: 'silent',
  });
  const lines: string[] = [];
  runInNewContext(outputFiles[0].text, {
    TextEncoder,
    TextDecoder,
    console: { log: (line: string) => lines.push(line) },
  });
  expect(lines).toEqual(['1 0 2']);
});
