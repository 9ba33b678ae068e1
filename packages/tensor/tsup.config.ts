import { defineConfig } from 'tsup';

export default defineConfig({
  // A subpath of package.json's `exports` each.
  entry: {
    index: 'src/index.ts',
    nn: 'src/nn/index.ts',
    optim: 'src/optim/index.ts',
    io: 'src/io/index.ts',
    reference: 'src/reference.ts',
  },
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
