// The documentation's code: every `ts` block type-checks, and every `ts run` block runs.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CodeBlock, codeBlocksOf, documents, toJavaScript } from './markdown';
import { packageNames, root, run } from './workspace';

// Inside this package, so that imports of @heddle/* resolve as a user's would.
const folder = join(import.meta.dirname, '../build/docs');
const blocks = documents().flatMap(codeBlocksOf);
const fileOf = (block: CodeBlock): string => join(folder, `${block.file.replaceAll(/\W/g, '-')}-${block.line}.ts`);

let program: ts.Program;

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const block of blocks) writeFileSync(fileOf(block), block.code);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (file) => readFileSync(file, 'utf8'));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  // An example may name a value only to show its type.
  program = ts.createProgram(blocks.map(fileOf), {
    ...options,
    noUnusedLocals: false,
    moduleDetection: ts.ModuleDetectionKind.Force,
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(blocks)('$file, line $line', (block) => {
  test('type-checks', () => {
    const source = program.getSourceFile(fileOf(block));
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    const messages = found.map((diagnostic) => {
      const { line = 0 } = source?.getLineAndCharacterOfPosition(diagnostic.start ?? 0) ?? {};
      return `${block.file}:${block.line + 1 + line}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`;
    });
    expect(messages).toEqual([]);
  });

  test.runIf(block.runs)('runs', async () => {
    const file = fileOf(block).replace(/\.ts$/, '.mjs');
    writeFileSync(file, toJavaScript(block.code));
    await run(process.execPath, [file], folder);
  });
});

test.each(['README.md', 'docs/api.md', ...packageNames.map((name) => `packages/${name}/README.md`)])(
  '%s has an example that runs',
  (file) => {
    expect(codeBlocksOf(file).some((block) => block.runs)).toBe(true);
  },
);
