import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'tokenizer', testTimeout: 60_000 } });
