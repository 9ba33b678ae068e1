import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'trainer', testTimeout: 60_000 } });
