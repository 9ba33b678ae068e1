// The code in the documentation: every `ts` block type-checks, and every `ts run` block runs in a
// fresh Node, as a reader would run it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CodeBlock, codeBlocksOf, documents, fileOf, toJavaScript, typeCheck } from './code-blocks';
import { packageNames, run } from './workspace';

// Inside this package, so that imports of @heddle/* resolve as a user's would.
const folder = join(import.meta.dirname, '../build/docs');
const blocks = documents().flatMap(codeBlocksOf);
let errorsOf: (block: CodeBlock) => string[];

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  errorsOf = typeCheck(blocks, folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(blocks)('$file, line $line', (block) => {
  test('type-checks', () => {
    expect(errorsOf(block)).toEqual([]);
  });

  test.runIf(block.runs)('runs', async () => {
    const file = fileOf(block, folder).replace(/\.ts$/, '.mjs');
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
