import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'workspace', testTimeout: 300_000, hookTimeout: 300_000 } });
