// The launcher behind the two commands: one plain sentence for what is missing, flags and exit codes
// passed on as they are.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { copyManifests, root } from './workspace';

function launch(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  nodeOptions: readonly string[] = [],
) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeOptions, join(folder, 'tools/run.mjs'), ...args],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    },
  );
  return { status, stdout, lastLine: stderr.trim().split('\n').at(-1) };
}

function emptyClone(): string {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-launcher-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  copyManifests(folder);
  return folder;
}

test('an old Node is named, with the one that is needed', () => {
  const older = "data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.18.3' })";
  const { status, lastLine } = launch(root, ['bench'], {}, ['--import', older]);
  expect(lastLine).toBe('heddle: Node 20.19 or newer is needed, and this is 20.18.3.');
  expect(status).toBe(1);
});

test('a registry that cannot be reached is said in one sentence', () => {
  const folder = emptyClone();
  const { status, lastLine } = launch(folder, ['test'], {
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    // For npx, and for a pnpm that started the tests.
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_fetch_retries: '0',
    pnpm_config_registry: 'http://127.0.0.1:9/',
    pnpm_config_store_dir: join(folder, 'store'),
    pnpm_config_fetch_retries: '0',
  });
  expect(lastLine).toMatch(/^heddle: the npm registry cannot be reached: /);
  expect(status).toBe(1);
});

test('flags and the exit code pass through', () => {
  const help = launch(root, ['bench', '--help']);
  expect(help.stdout).toContain('--quick');
  expect(help.status).toBe(0);
  expect(launch(root, ['bench', '--no-such-flag']).status).not.toBe(0);
});
