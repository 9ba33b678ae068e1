import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'tensor', testTimeout: 60_000, hookTimeout: 60_000, globalSetup: './test/wasm/build.ts' },
});
