// Folders, files and maps of bytes: what load needs. `node:` modules are imported only when a path is given.
import { TokenizerError } from './errors';
import { inputError } from './options';

/** Where a tokenizer is read from: a file, a folder, or files in memory by name. */
export type TokenizerSource = string | ReadonlyMap<string, Uint8Array>;

/** A set of files that can be asked for by name. */
export interface FileSet {
  /** For error messages. */
  readonly name: string;
  /** The bytes of a file, or undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
}

function missing(path: string, cause: unknown): TokenizerError {
  return new TokenizerError({ kind: 'file', where: path, expected: 'a readable file or folder', cause });
}

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** Opens a source. `single` is the file's name when the source is one file, not a folder. */
export async function openSource(source: TokenizerSource): Promise<FileSet & { readonly single?: string }> {
  if (typeof source !== 'string' && typeof source?.get !== 'function')
    throw inputError('load: source', 'a path or a map of files', source);
  if (typeof source !== 'string') return { name: 'memory', read: async (name) => source.get(name) };
  const { readFile, stat } = process.getBuiltinModule('node:fs/promises');
  const { basename, dirname, join } = process.getBuiltinModule('node:path');
  let isFolder: boolean;
  try {
    isFolder = (await stat(source)).isDirectory();
  } catch (cause) {
    throw missing(source, cause);
  }
  const folder = isFolder ? source : dirname(source);
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    try {
      return await readFile(join(folder, name));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw missing(join(folder, name), error);
    }
  };
  return isFolder ? { name: source, read } : { name: folder, read, single: basename(source) };
}

/** Reads text, refusing bytes that are no UTF-8. */
export function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TokenizerError({ kind: 'file', file, where: '$', expected: 'text in UTF-8', cause });
  }
}
