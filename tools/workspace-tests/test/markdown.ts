// The code that the documentation shows. A block marked `ts` must type-check by itself, and one
// marked `ts run` must also run. Nothing is checked here.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { root } from './workspace';

export interface CodeBlock {
  /** The Markdown file, from the repository's root. */
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
    line: text.slice(0, match.index).split('\n').length,
    runs: match[1] !== undefined,
    code: match[2],
  }));
}

/** Every Markdown file that a reader of the repository or of a package meets. */
export function documents(): string[] {
  const found = ['README.md', 'CONTRIBUTING.md'];
  for (const name of readdirSync(join(root, 'packages'))) found.push(`packages/${name}/README.md`);
  for (const entry of readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })) {
    if (entry.name.endsWith('.md')) found.push(relative(root, join(entry.parentPath, entry.name)));
  }
  return found.filter((file) => existsSync(join(root, file)));
}

/** The block as plain JavaScript for Node. */
export function toJavaScript(code: string): string {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return outputText;
}
