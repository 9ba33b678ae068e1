import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Node 20 has relaxed SIMD behind a flag: with it, every Node tests both variants of the kernels.
  test: {
    name: 'tensor',
    execArgv: Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-wasm-relaxed-simd'] : [],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globalSetup: './test/wasm/build.ts',
  },
});
