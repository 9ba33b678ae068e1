// Where files are read from: a disk, a server, memory. All give the same: bytes at a place. What they mean is not known.
import { FormatError } from '../errors';
import { openUrl } from './http';
import { errorCode, fileSystem, nodePath } from './node';

/**
 * A file or a folder of files: a path (Node), a URL (a folder's ends in a slash), the bytes themselves, or a folder in
 * memory as a map from name to bytes.
 */
export type Source = string | URL | Uint8Array | ReadonlyMap<string, Uint8Array>;

/** Reads parts of one file. */
export interface ByteReader {
  /** What messages call the file. */
  readonly name: string;
  readonly size: number;
  /** Fills `into` with the bytes from `offset` on. Reading forwards is cheap everywhere, jumping back may not be. */
  readInto(into: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** Files under one roof. */
export interface Folder {
  readonly name: string;
  /** Null where there is no such file. */
  open(file: string): Promise<ByteReader | null>;
  /** Names of all files, where the source can tell. */
  list(): Promise<readonly string[]>;
}

/** What a source is: one file, or a folder. */
export type Opened =
  | { readonly kind: 'file'; readonly reader: ByteReader }
  | { readonly kind: 'folder'; readonly folder: Folder };

/**
 * Looks what a source is and opens it.
 *
 * @throws {FormatError} where there is nothing.
 */
export async function openSource(source: Source): Promise<Opened> {
  if (source instanceof Uint8Array) return { kind: 'file', reader: inMemory('the given bytes', source) };
  if (source instanceof Map) return { kind: 'folder', folder: mapFolder(source) };
  const name = String(source);
  if (/^https?:/.test(name)) {
    if (new URL(name).pathname.endsWith('/')) return { kind: 'folder', folder: urlFolder(name) };
    const reader = await openUrl(name);
    if (reader === null) throw new FormatError(name, 'the server has no such file');
    return { kind: 'file', reader };
  }
  return openPath(/^file:/.test(name) ? process.getBuiltinModule('node:url').fileURLToPath(name) : name);
}

async function openPath(path: string): Promise<Opened> {
  const fs = fileSystem(path);
  const stat = await fs.stat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') throw new FormatError(path, 'there is no such file or folder', { cause: error });
    throw error;
  });
  if (stat.isDirectory()) return { kind: 'folder', folder: diskFolder(path) };
  const reader = await openFile(path);
  if (reader === null) throw new FormatError(path, 'there is no such file');
  return { kind: 'file', reader };
}

async function openFile(path: string): Promise<ByteReader | null> {
  const fs = fileSystem(path);
  const handle = await fs.open(path, 'r').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (handle === null) return null;
  const { size } = await handle.stat();
  return {
    name: path,
    size,
    async readInto(into, offset) {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await handle.read(into, done, into.length - done, offset + done);
        if (bytesRead === 0) throw new FormatError(path, `ended at byte ${offset + done} while it was read`);
        done += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}

function diskFolder(path: string): Folder {
  return {
    name: path,
    open: (file) => openFile(nodePath().join(path, file)),
    list: async () => {
      const entries = await fileSystem(path).readdir(path, { withFileTypes: true });
      return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
    },
  };
}

function inMemory(name: string, bytes: Uint8Array): ByteReader {
  return {
    name,
    size: bytes.length,
    readInto: async (into, offset) => into.set(bytes.subarray(offset, offset + into.length)),
    close: async () => undefined,
  };
}

function mapFolder(files: ReadonlyMap<string, Uint8Array>): Folder {
  return {
    name: 'the given files',
    open: async (file) => {
      const bytes = files.get(file);
      return bytes === undefined ? null : inMemory(file, bytes);
    },
    list: async () => [...files.keys()],
  };
}

function urlFolder(url: string): Folder {
  return { name: url, open: (file) => openUrl(String(new URL(file, url))), list: async () => [] };
}

/** The whole of a file. */
export async function readAll(reader: ByteReader): Promise<Uint8Array> {
  const bytes = new Uint8Array(reader.size);
  await reader.readInto(bytes, 0);
  return bytes;
}
