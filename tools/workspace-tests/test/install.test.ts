// A user's first minutes: the packed tarballs installed one by one with npm into an empty project,
// each README's example run from there in plain Node, and bundled for the browser.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { codeBlocksOf, toJavaScript } from './code-blocks';
import { type PackageName, packageNames, run } from './workspace';

const tarballs = inject('tarballs');
let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'heddle-project-'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'fresh', private: true, type: 'module' }));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

/** Writes the README's first runnable example into the project and returns its file's name. */
function example(name: PackageName): string {
  const block = codeBlocksOf(`packages/${name}/README.md`).find(({ runs }) => runs);
  if (block === undefined) throw new Error(`packages/${name}/README.md has no block marked \`ts run\``);
  writeFileSync(join(project, `${name}.js`), toJavaScript(block.code));
  return `${name}.js`;
}

describe.sequential('packages installed one by one', () => {
  test.each(packageNames)('%s installs, and its README’s example runs', async (name) => {
    const npm = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarballs[name]];
    await run('npm', npm, project);
    expect(await run(process.execPath, [example(name)], project)).not.toBe('');
  });

  test('npm finds no second copy and no unmet peer', async () => {
    const tree = JSON.parse(await run('npm', ['ls', '--all', '--json', '--loglevel=error'], project)) as object;
    expect(tree).not.toHaveProperty('problems');
  });

  test('the contract’s program trains there, and ten lines load its model folder and classify a message', async () => {
    const [program, loader] = codeBlocksOf('docs/api.md');
    writeFileSync(join(project, 'train.js'), toJavaScript(program.code));
    await run(process.execPath, ['train.js'], project);
    expect(loader.code.trim().split('\n').length).toBeLessThanOrEqual(10);
    writeFileSync(join(project, 'load.js'), toJavaScript(loader.code));
    expect(await run(process.execPath, ['load.js'], project)).toBe('spam\n');
  });

  test.each(['tensor', 'tokenizer'] as const)('%s bundled by esbuild for the browser prints the same', async (name) => {
    const outfile = join(project, 'esbuild', `${name}.mjs`);
    const entry = join(project, example(name));
    const { warnings } = await esbuild({
      entryPoints: [entry],
      outfile,
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    expect(await run(process.execPath, [outfile], project)).toBe(await run(process.execPath, [entry], project));
  });

  test.each(['tensor', 'tokenizer'] as const)('%s bundled by Vite prints the same', async (name) => {
    const outDir = join(project, 'vite', name);
    const entry = join(project, example(name));
    await vite({
      root: project,
      configFile: false,
      logLevel: 'silent',
      build: { outDir, target: 'es2022', lib: { entry, formats: ['es'], fileName: () => 'bundle.mjs' } },
    });
    expect(await run(process.execPath, [join(outDir, 'bundle.mjs')], project)).toBe(
      await run(process.execPath, [entry], project),
    );
  });
});
