import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { cli: 'src/cli.ts' },
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  clean: true,
  // The packages are used as their users use them: through their exports, not copied into this program.
  skipNodeModulesBundle: true,
});
