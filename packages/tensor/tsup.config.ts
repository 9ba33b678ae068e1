import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';

// Entries that are written already; a subpath of package.json's `exports` each.
const entries = { index: 'index', nn: 'nn/index', optim: 'optim/index', io: 'io/index', reference: 'reference' };
const present = Object.entries(entries).filter(([, file]) => existsSync(`src/${file}.ts`));

export default defineConfig({
  entry: Object.fromEntries(present.map(([name, file]) => [name, `src/${file}.ts`])),
  format: 'esm',
  target: 'es2022',
  dts: true,
  sourcemap: true,
  clean: true,
  splitting: true,
  treeshake: true,
  // The kernels and the worker as files, for `wasmUrl` and `workerUrl`.
  publicDir: 'build/public',
});
