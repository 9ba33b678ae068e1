// What npm would get: publint and "Are the types wrong?" on the packed tarballs, and what lies in them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, inject, test } from 'vitest';
import { type Manifest, packageNames, run } from './workspace';

const tarballs = inject('tarballs');

describe.each(packageNames)('%s', (name) => {
  test('passes publint --strict', async () => {
    const bytes = readFileSync(tarballs[name]);
    const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const { messages, pkg } = await publint({ strict: true, level: 'warning', pack: { tarball } });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('has the right types for every way of importing it', async () => {
    const attw = join(import.meta.dirname, '../node_modules/@arethetypeswrong/cli/dist/index.js');
    const output = await run(process.execPath, [attw, tarballs[name], '--profile', 'esm-only', '--no-color']);
    expect(output).toContain('🟢 (ESM)'); // and it exits with an error on any problem
  });

  test('ships what it should, with real version ranges', async () => {
    const files = (await run('tar', ['-tzf', tarballs[name]])).trim().split('\n');
    for (const file of ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'dist/index.js.map']) {
      expect(files).toContain(`package/${file}`);
    }
    expect(files.filter((file) => /package\/(src|test)\//.test(file))).toEqual([]);
    const manifest = JSON.parse(await run('tar', ['-xzOf', tarballs[name], 'package/package.json'])) as Manifest & {
      readonly license: string;
      readonly sideEffects: boolean;
      readonly publishConfig: { readonly access: string; readonly provenance: boolean };
    };
    expect(manifest).toMatchObject({ license: 'Apache-2.0', sideEffects: false });
    expect(manifest.publishConfig).toEqual({ access: 'public', provenance: true });
    const ranges = { ...manifest.dependencies, ...manifest.peerDependencies };
    for (const [dependency, range] of Object.entries(ranges))
      expect(`${dependency} ${range}`).not.toContain('workspace:');
  });
});
