// The code that documentation shows, in Markdown and in docstrings. A block marked `ts` must
// type-check by itself. In Markdown `ts run` must also run; in docstrings all do but `ts no-run`.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { root } from './workspace';

export interface CodeBlock {
  /** The file that shows it, from the repository's root. */
  readonly file: string;
  readonly line: number;
  readonly runs: boolean;
  readonly code: string;
}

/** The TypeScript blocks of one Markdown file. */
export function codeBlocksOf(file: string): CodeBlock[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```ts( run)?\n([\s\S]*?)^```$/gm)].map((match) => ({
    file,
    line: lineAt(text, match.index),
    runs: match[1] !== undefined,
    code: match[2],
  }));
}

/** The `@example` blocks of one source file. */
export function examplesOf(file: string): CodeBlock[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern = /^ *\* @example.*\n *\* ```ts( no-run)?\n((?: *\*.*\n)*?) *\* ```$/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    line: lineAt(text, match.index),
    runs: match[1] === undefined,
    code: match[2].replaceAll(/^ *\* ?/gm, ''),
  }));
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;

/** Every Markdown file that a reader of the repository or of a package meets. */
export function documents(): string[] {
  const found = ['README.md', 'CONTRIBUTING.md'];
  for (const name of readdirSync(join(root, 'packages'))) found.push(`packages/${name}/README.md`);
  return [...found, ...filesUnder('docs', /\.md$/)].filter((file) => existsSync(join(root, file)));
}

/** Files below a folder of the repository whose names match. */
export function filesUnder(folder: string, name: RegExp): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries.filter((e) => name.test(e.name)).map((e) => relative(root, join(e.parentPath, e.name)));
}

/** The file in `folder` that a block is written to. */
export function fileOf(block: CodeBlock, folder: string): string {
  return join(folder, `${block.file.replaceAll(/\W+/g, '-')}-${block.line}.ts`);
}

/** Writes the blocks into `folder`, compiles them as one program, and tells the errors of a block. */
export function typeCheck(blocks: readonly CodeBlock[], folder: string): (block: CodeBlock) => string[] {
  for (const block of blocks) writeFileSync(fileOf(block, folder), block.code);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (file) => readFileSync(file, 'utf8'));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram(
    blocks.map((block) => fileOf(block, folder)),
    // An example may name a value only to show it.
    { ...options, noUnusedLocals: false, moduleDetection: ts.ModuleDetectionKind.Force },
  );
  return (block) => {
    const source = program.getSourceFile(fileOf(block, folder));
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start = 0, messageText }) => {
      const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `${block.file}:${block.line + 1 + line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  };
}

/** The block as plain JavaScript for Node. */
export function toJavaScript(code: string): string {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return outputText;
}
