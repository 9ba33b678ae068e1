import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'workspace',
    globalSetup: './test/pack.ts',
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
