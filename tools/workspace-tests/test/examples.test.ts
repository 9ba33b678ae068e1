// The docstrings: every export says what it is, every `@example` type-checks and runs. They run in
// this process, one after another, since starting Node for each would take minutes.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CodeBlock, examplesOf, fileOf, filesUnder, toJavaScript, typeCheck } from './code-blocks';
import { entriesOf, packageNames, root } from './workspace';

const folder = join(import.meta.dirname, '../build/examples');
const examples = packageNames.flatMap((name) => filesUnder(`packages/${name}/src`, /\.ts$/).flatMap(examplesOf));
let errorsOf: (block: CodeBlock) => string[];

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  errorsOf = typeCheck(examples, folder);
  process.chdir(folder); // for examples that save
});

afterAll(() => {
  process.chdir(root);
  rmSync(folder, { recursive: true, force: true });
});

describe.each(examples)('$file, line $line', (example) => {
  test('type-checks', () => {
    expect(errorsOf(example)).toEqual([]);
  });

  test.runIf(example.runs)('runs', async () => {
    const file = fileOf(example, folder).replace(/\.ts$/, '.mjs');
    writeFileSync(file, toJavaScript(example.code));
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await import(file);
    } finally {
      log.mockRestore();
    }
  });
});

test.each(packageNames.flatMap((name) => [...entriesOf(name).keys()].map((entry) => [entry, name] as const)))(
  'every export of %s says what it is',
  (entry, name) => {
    const index = entriesOf(name).get(entry)?.replace(/\.js$/, '.d.ts') ?? '';
    const program = ts.createProgram([index], {
      target: ts.ScriptTarget.ES2022,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      module: ts.ModuleKind.ESNext,
      skipLibCheck: true,
    });
    const checker = program.getTypeChecker();
    const module = checker.getSymbolAtLocation(program.getSourceFile(index) ?? expect.fail(`${index} is missing`));
    const silent = (module === undefined ? [] : checker.getExportsOfModule(module))
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .filter((symbol) => symbol.getDocumentationComment(checker).length === 0)
      .map((symbol) => symbol.name);
    expect(silent).toEqual([]);
  },
);
