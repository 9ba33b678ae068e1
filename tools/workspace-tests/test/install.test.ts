// A user's first minutes: the packed tarballs installed one by one with npm into an empty project,
// each README's example run from there in plain Node, and bundled for the browser.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { codeBlocksOf, toJavaScript } from './code-blocks';
import { entriesOf, type PackageName, packageNames, run, runTool } from './workspace';

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

  test.each(packageNames)('every subpath of %s is imported there in Node, and ends', async (name) => {
    const specifiers = [...entriesOf(name).keys()];
    const imports = specifiers.map((specifier) => `names.push(Object.keys(await import('${specifier}')));`);
    const lines = ['const names = [];', ...imports, 'console.log(JSON.stringify(names));'];
    writeFileSync(join(project, 'subpaths.js'), lines.join('\n'));
    const names = JSON.parse(await run(process.execPath, ['subpaths.js'], project)) as string[][];
    for (const [i, specifier] of specifiers.entries()) {
      // The worker's program answers messages, and has nothing to give.
      if (specifier === '@heddle/tokenizer/worker') expect(names[i]).toEqual([]);
      else expect(names[i], specifier).not.toEqual([]);
    }
  });

  test.each([
    ['NodeNext', 'NodeNext'],
    ['Bundler', 'ESNext'],
  ])('TypeScript finds the types of every subpath there: --moduleResolution %s', async (resolution, module) => {
    const specifiers = packageNames.flatMap((name) => [...entriesOf(name).keys()]);
    const imports = specifiers.map((specifier, i) => `import * as m${i} from '${specifier}';`);
    const uses = specifiers.map((_, i) => `m${i} satisfies object;`);
    writeFileSync(join(project, 'subpaths.ts'), [...imports, ...uses].join('\n'));
    const flags = ['--noEmit', '--strict', '--target', 'ES2022', '--lib', 'ES2022,ESNext.Disposable,DOM'];
    const modules = ['--module', module, '--moduleResolution', resolution];
    expect(await runTool('typescript/bin/tsc', [...flags, ...modules, 'subpaths.ts'], project)).toBe('');
  });

  test('the tokenizer’s threads start there, from the packed worker', async () => {
    const program = [
      "import { tokenizerFromJSON } from '@heddle/tokenizer/sync';",
      "import { TokenizerPool } from '@heddle/tokenizer/threads';",
      "import { renderChat } from '@heddle/tokenizer/chat';",
      "const model = { type: 'WordLevel', vocab: { '[UNK]': 0, a: 1, b: 2 }, unk_token: '[UNK]' };",
      "const tokenizer = tokenizerFromJSON({ pre_tokenizer: { type: 'Whitespace' }, model });",
      'const pool = await TokenizerPool.start(tokenizer, { threads: 2 });',
      "const { ids } = await pool.encodeBatch(['a b', 'b a']);",
      "const chat = await renderChat(tokenizer, [], { template: 'x' }).catch(({ message }) => message);",
      'console.log(JSON.stringify([pool.threads, [...ids], chat]));',
      'pool.close();',
    ];
    writeFileSync(join(project, 'threads.js'), program.join('\n'));
    const [threads, ids, chat] = JSON.parse(await run(process.execPath, ['threads.js'], project)) as unknown[];
    expect([threads, ids]).toEqual([2, [1, 2, 2, 1]]);
    expect(chat).toContain('@huggingface/jinja'); // an optional peer, which this project lacks
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
