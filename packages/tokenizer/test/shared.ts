// Where the larger fixtures lie, on machines that have them. Tests that need them skip, and say so, elsewhere.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

function findShared(): string | undefined {
  const candidates = [process.env['HEDDLE_SHARED'], join(root, '../shared'), join(root, 'shared')];
  return candidates.find((path) => path !== undefined && existsSync(join(path, 'fixtures/expected')));
}

/** The folder with the shared fixtures, or undefined. */
export const shared: string | undefined = findShared();
if (shared === undefined)
  console.log(
    'tokenizer: no shared fixtures found (HEDDLE_SHARED or ../shared): the tests on real tokenizers are skipped',
  );

export function readLines<T>(path: string): T[] {
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

/** The tokenizer.json that a fixture's name stands for. */
export function tokenizerFile(folder: string, name: string): string {
  const [kind, rest] = name.startsWith('model-') ? ['models', name.slice(6)] : ['tokenizers', name];
  return join(folder, 'fixtures', kind, rest, 'tokenizer.json');
}
