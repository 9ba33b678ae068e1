// Writes a tokenizer into a folder. Only who saves loads it.
import './core';
import { TokenizerError } from './errors';
import type { JsonObject } from './json';
import { inputError } from './options';

/** Writes `tokenizer.json` into a folder, or to a path that ends in `.json`. */
export async function saveTokenizer(path: string, json: JsonObject): Promise<void> {
  if (typeof path !== 'string') throw inputError('save: path', 'a string', path);
  await writeWhole(
    path.endsWith('.json') ? path : `${path.replace(/[/\\]+$/, '')}/tokenizer.json`,
    JSON.stringify(json),
  );
}

/** Writes a file whole: under another name first, so that a full disk leaves the old one as it was. */
async function writeWhole(path: string, text: string): Promise<void> {
  const { mkdir, rename, rm, writeFile } = process.getBuiltinModule('node:fs/promises');
  const { dirname } = process.getBuiltinModule('node:path');
  const temporary = `${path}.${Math.random().toString(36).slice(2)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new TokenizerError({ kind: 'file', where: path, expected: 'a place that can be written', cause });
  }
}
