// Who may import whom. The arrows of docs/architecture.md never run the other way, no file reaches
// into another package's folder, and nothing that a browser loads imports `node:` up front.
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { entriesOf, folderOf, manifestOf, type PackageName, packageNames, root } from './workspace';

const allowed: Readonly<Record<PackageName, readonly PackageName[]>> = {
  tensor: [],
  tokenizer: [],
  attention: ['tensor'],
  classifier: ['attention', 'tensor'],
  trainer: ['tensor'],
};

/** Entries for Node alone, which may import `node:` up front. */
const nodeOnly: readonly string[] = [];

function sourcesUnder(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile() && /\.[cm]?ts$/.test(e.name)).map((e) => join(e.parentPath, e.name));
}

/** Every module a file imports, statically or not, for its types or its values. */
const importsOf = (file: string): string[] =>
  ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles.map((i) => i.fileName);

/** A module and all that it imports, but for what is imported lazily. */
function loadedUpFront(inputs: Metafile['inputs'], module: string, seen = new Set<string>()): Set<string> {
  seen.add(module);
  for (const { path, kind } of inputs[module]?.imports ?? []) {
    if (kind !== 'dynamic-import' && !seen.has(path)) loadedUpFront(inputs, path, seen);
  }
  return seen;
}

describe.each(packageNames)('%s', (name) => {
  const ours = allowed[name].map((other) => `@heddle/${other}`);

  test('imports only what lies below it, through its exports', () => {
    const entries = new Set(
      ours.flatMap((other) => [...entriesOf(other.slice('@heddle/'.length) as PackageName).keys()]),
    );
    const wrong: string[] = [];
    for (const file of sourcesUnder(join(folderOf(name), 'src'))) {
      for (const specifier of importsOf(file)) {
        const outside = specifier.startsWith('.') && !resolve(dirname(file), specifier).startsWith(folderOf(name));
        const above = specifier.startsWith('@heddle/') && !entries.has(specifier);
        if (outside || above) wrong.push(`${relative(root, file)} imports ${specifier}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('declares what it imports, and tensor as a peer', () => {
    const { dependencies = {}, peerDependencies = {} } = manifestOf(name);
    const declared = { ...dependencies, ...peerDependencies };
    expect(Object.keys(declared).filter((d) => d.startsWith('@heddle/') && !ours.includes(d))).toEqual([]);
    expect(Object.keys(dependencies)).not.toContain('@heddle/tensor');
    const imported = new Set(sourcesUnder(join(folderOf(name), 'src')).flatMap(importsOf));
    const packagesOf = [...imported]
      .filter((specifier) => !/^[./]|^node:/.test(specifier))
      .map((specifier) =>
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    expect(packagesOf.filter((specifier) => !(specifier in declared))).toEqual([]);
  });

  test.each([...entriesOf(name)])('%s imports no node: module up front', async (specifier, file) => {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: [file],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      external: ['@heddle/*', 'gpu.js', 'webgpu', 'koffi'],
      logLevel: 'silent',
    });
    const seen = loadedUpFront(metafile.inputs, relative(root, file));
    if (!nodeOnly.includes(specifier)) expect([...seen].filter((path) => isBuiltin(path))).toEqual([]);
  });
});

test('the benchmark imports the built packages, never their sources', () => {
  const app = join(root, 'apps/benchmark');
  const entries = new Set(packageNames.flatMap((name) => [...entriesOf(name).keys()]));
  const wrong: string[] = [];
  for (const file of sourcesUnder(join(app, 'src'))) {
    for (const specifier of importsOf(file)) {
      const outside = specifier.startsWith('.') && !resolve(dirname(file), specifier).startsWith(app);
      const hidden = specifier.startsWith('@heddle/') && !entries.has(specifier);
      if (outside || hidden) wrong.push(`${relative(root, file)} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});
