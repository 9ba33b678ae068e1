import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './tools/summary-reporter';

// Tests of public types, for all packages by one compiler: each assertion is a test of its own.
const types = {
  test: {
    name: 'types',
    typecheck: {
      enabled: true,
      only: true,
      include: ['packages/*/test/**/*.test-d.ts'],
      tsconfig: './tools/tsconfig.types.json',
      // Sources are checked by the workspace's own tests, whole.
      ignoreSourceErrors: true,
    },
  },
};

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'tools/workspace-tests', types],
    globalSetup: './tools/temporary-folder.ts',
    reporters: [new SummaryReporter({ summary: false })],
  },
});
