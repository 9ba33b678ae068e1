import { readdirSync } from 'node:fs';
import { defineConfig } from 'tsup';

const entry = {
  index: 'src/index.ts',
  chat: 'src/chat.ts',
  cli: 'src/cli.ts',
  components: 'src/components.ts',
  sync: 'src/sync.ts',
  threads: 'src/threads.ts',
  worker: 'src/worker.ts',
};

/** A file for each component, so that a bundler keeps those that a program names. */
const components = ['decoders', 'models', 'normalizers', 'post-processors', 'pre-tokenizers'].flatMap((folder) =>
  readdirSync(`src/${folder}`).map((file) => [`${folder}/${file.replace(/\.ts$/, '')}`, `src/${folder}/${file}`]),
);

export default defineConfig({
  entry: { ...Object.fromEntries(components), ...entry },
  format: 'esm',
  target: 'es2022',
  dts: { entry },
  sourcemap: true,
  clean: true,
  splitting: true,
  treeshake: true,
  // Within the package `import './core'` counts, though nothing in it has an effect; users' bundlers drop it.
  esbuildOptions: (options) => {
    options.ignoreAnnotations = true;
  },
});
