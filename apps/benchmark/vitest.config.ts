import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'benchmark', testTimeout: 120_000 } });
