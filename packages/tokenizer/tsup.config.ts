import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    chat: 'src/chat.ts',
    cli: 'src/cli.ts',
    threads: 'src/threads.ts',
    worker: 'src/worker.ts',
  },
  format: 'esm',
  target: 'es2022',
  dts: true,
  sourcemap: true,
  clean: true,
  splitting: true,
  treeshake: true,
});
