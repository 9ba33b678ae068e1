import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './tools/summary-reporter';

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'tools/workspace-tests'],
    reporters: [new SummaryReporter({ summary: false })],
  },
});
