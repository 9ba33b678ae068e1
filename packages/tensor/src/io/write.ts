// Writing files so that a crash or a full disk leaves either the old file or the new one, whole.
import { HeddleError } from '../errors';
import { errorCode, fileSystem, nodePath } from './node';
import { sha256Hasher } from './sha256';

/** A file could not be written. What stood there before is unchanged. */
export class WriteError extends HeddleError {
  override readonly name = 'WriteError';
  /**
   * @param code the system's code, such as ENOSPC
   */
  constructor(
    readonly file: string,
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(
      `${file}: ${reasons.get(code) ?? `could not be written (${code})`}; what was there before is unchanged`,
      options,
    );
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EACCES', 'no permission to write here'],
  ['EPERM', 'no permission to write here'],
  ['EROFS', 'the disk is read-only'],
  ['ENOTDIR', 'a part of the path is a file, not a folder'],
  ['EEXIST', 'a part of the path is a file, not a folder'],
  ['EISDIR', 'this is a folder'],
]);

/** What is written: bytes at once, or part by part. */
export type Content = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** How a file is written. */
export interface WriteOptions {
  /** A folder in memory that takes the file instead of the disk. */
  readonly into?: Map<string, Uint8Array>;
}

/** What was written. */
export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes a file under a temporary name, flushes it to the disk, and renames it: whoever looks finds the file before or
 * the file after, never half of one. Missing folders are made.
 *
 * @throws {WriteError} where the disk is full or refuses; the file before is unchanged then.
 * @example
 * ```ts
 * import { writeFile } from '@heddle/tensor/io';
 * const files = new Map<string, Uint8Array>();
 * const { sha256 } = await writeFile('note.txt', 'hello', { into: files });
 * console.log(files.has('note.txt'), sha256);
 * ```
 */
export async function writeFile(path: string, content: Content, options: WriteOptions = {}): Promise<Written> {
  if (options.into !== undefined) return writeToMap(options.into, path, content);
  const prepared = await writeTemporary(path, content);
  await prepared.commit();
  return prepared;
}

/** A file that lies beside its place and waits to be moved there. */
export interface Prepared extends Written {
  commit(): Promise<void>;
  discard(): Promise<void>;
}

let counter = 0;

/** Writes and flushes a file under a temporary name beside `path`. */
export async function writeTemporary(path: string, content: Content): Promise<Prepared> {
  const fs = fileSystem(path);
  const folder = nodePath().dirname(path);
  const temporary = `${path}.${process.pid}-${counter++}.tmp`;
  const discard = (): Promise<void> => fs.rm(temporary, { force: true }).catch(() => undefined);
  const failed = async (error: unknown): Promise<never> => {
    await discard();
    throw errorCode(error) === '' ? error : new WriteError(path, errorCode(error), { cause: error });
  };
  const hasher = sha256Hasher();
  let bytes = 0;
  try {
    await fs.mkdir(folder, { recursive: true });
    const handle = await fs.open(temporary, 'w');
    try {
      for await (const part of partsOf(content)) {
        hasher.update(part);
        bytes += part.length;
        await handle.writeFile(part);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    return failed(error);
  }
  return {
    bytes,
    sha256: hasher.digest(),
    discard,
    commit: async () => {
      await fs.rename(temporary, path).catch(failed);
      await flushFolder(folder);
    },
  };
}

/** Makes a rename last through a power cut, where the system lets folders be flushed. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await fileSystem(folder)
    .open(folder, 'r')
    .catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

async function writeToMap(into: Map<string, Uint8Array>, path: string, content: Content): Promise<Written> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const hasher = sha256Hasher();
  for await (const part of partsOf(content)) {
    parts.push(new Uint8Array(part));
    hasher.update(part);
  }
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  into.set(path, whole);
  return { bytes: whole.length, sha256: hasher.digest() };
}

function partsOf(content: Content): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof content === 'string') return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}
