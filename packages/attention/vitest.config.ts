import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'attention', testTimeout: 60_000, setupFiles: ['./test/support/collect.ts'] },
});
