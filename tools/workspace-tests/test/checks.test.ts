// Lint and types of the whole workspace, as tests, so that one command says everything.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageNames, root, runTool } from './workspace';

test('biome finds nothing to mend', async () => {
  const output = await runTool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']);
  expect(output).toMatch(/Checked \d+ files/);
});

test.each([...packageNames.map((name) => `packages/${name}`), 'apps/benchmark', 'tools/workspace-tests'])(
  '%s passes the type checker',
  async (folder) => {
    expect(existsSync(join(root, folder, 'tsconfig.json'))).toBe(true);
    expect(await runTool('typescript/bin/tsc', ['-p', folder])).toBe('');
  },
);
