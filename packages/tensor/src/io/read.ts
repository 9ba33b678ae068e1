// Reading small files that lie beside a checkpoint: configs, vocabularies. Nothing is known of their content.
import { FormatError } from '../errors';
import { parseJson } from './header';
import { openSource, readAll, type Source } from './source';

/** Configs beyond this are refused: nobody writes such by intention. */
const MAX_JSON_BYTES = 100_000_000;

/**
 * A file of a folder; null where there is none.
 *
 * @param source a folder: a path (Node), a URL that ends in a slash, or a map from name to bytes
 * @throws {FormatError} where the source is a single file.
 * @example
 * ```ts
 * import { readFile } from '@heddle/tensor/io';
 * const files = new Map([['note.txt', new TextEncoder().encode('hello')]]);
 * console.log((await readFile(files, 'note.txt'))?.length, await readFile(files, 'other.txt')); // 5 null
 * ```
 */
export async function readFile(source: Source, file: string): Promise<Uint8Array | null> {
  const opened = await openSource(source);
  if (opened.kind === 'file') {
    await opened.reader.close();
    throw new FormatError(opened.reader.name, `expected a folder with ${file}, got a file`);
  }
  const reader = await opened.folder.open(file);
  if (reader === null) return null;
  try {
    return await readAll(reader);
  } finally {
    await reader.close();
  }
}

/**
 * A JSON object in a folder.
 *
 * @throws {FormatError} where it is missing, not JSON, not an object, or names something twice.
 * @example
 * ```ts
 * import { readJson } from '@heddle/tensor/io';
 * const files = new Map([['config.json', new TextEncoder().encode('{ "dim": 64 }')]]);
 * console.log(await readJson(files, 'config.json')); // { dim: 64 }
 * ```
 */
export async function readJson(source: Source, file: string): Promise<object> {
  const bytes = await readFile(source, file);
  if (bytes === null) throw new FormatError(file, 'there is no such file');
  if (bytes.length > MAX_JSON_BYTES) throw new FormatError(file, `${bytes.length} bytes are too many for a config`);
  return parseJson(file, bytes, 'the file');
}
