import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'classifier', testTimeout: 60_000 } });
