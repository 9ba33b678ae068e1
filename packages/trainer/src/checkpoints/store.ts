// Where checkpoints live: a folder on a disk, or a map in memory. Files and names only; what they mean is checkpoint.ts' affair.
import { ArgumentError } from '@heddle/tensor';
import { type Source, sha256, WriteError, writeFile } from '@heddle/tensor/io';
import { CheckpointError } from './errors.js';

/** A folder's path (Node), or a map from path to bytes that stands for one. */
export type CheckpointTarget = string | Map<string, Uint8Array>;

/** What checkpoints need of a file system. Paths are relative and use slashes. */
export interface Store {
  readonly name: string;
  /** What goes into the `into` option of the writing functions. */
  readonly into: { readonly into?: Map<string, Uint8Array> };
  /** A path as the writing functions take it. */
  path(file: string): string;
  /** Names directly below the root, without what is still being written. */
  list(): Promise<readonly string[]>;
  /** Null where there is no such file. */
  read(file: string): Promise<Uint8Array | null>;
  /** For the loading functions. */
  source(file: string): Source;
  /** Null where there is no such file. */
  hash(file: string): Promise<string | null>;
  /** Gives a folder its final name, all at once. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or folder, if there is one. */
  remove(name: string): Promise<void>;
}

/** Opens a place for checkpoints. */
export function openStore(target: CheckpointTarget): Store {
  if (typeof target !== 'string') return mapStore(target);
  if (typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function') {
    throw new ArgumentError('Trainer', 'checkpoints', 'a Map outside Node', target);
  }
  return diskStore(target);
}

function diskStore(root: string): Store {
  const fs = process.getBuiltinModule('node:fs/promises');
  const { join } = process.getBuiltinModule('node:path');
  const path = (file: string): string => join(root, file);
  // A folder in a file's place, or a file in a folder's, is as good as nothing there.
  const unlessMissing = async <T>(work: Promise<T>): Promise<T | null> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Error && 'code' in error && ['ENOENT', 'EISDIR', 'ENOTDIR'].includes(String(error.code)))
        return null;
      throw error;
    }
  };
  const orWriteError = async (file: string, work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
      throw new WriteError(path(file), code, { cause });
    }
  };
  return {
    name: root,
    into: {},
    path,
    async list() {
      try {
        return (await fs.readdir(root)).sort();
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
        const sentence = 'is a file, or lies below one: checkpoints need a folder';
        if (cause instanceof Error && 'code' in cause && cause.code === 'ENOTDIR') {
          throw new CheckpointError(root, 'no-folder', sentence, { cause });
        }
        throw cause;
      }
    },
    read: (file) => unlessMissing(fs.readFile(path(file))),
    source: path,
    hash: async (file) => unlessMissing(hashOfFile(path(file))),
    async rename(from, to) {
      await orWriteError(to, fs.rm(path(to), { recursive: true, force: true }));
      await orWriteError(to, fs.rename(path(from), path(to)));
      // Makes the name last through a power cut, where the system lets folders be flushed.
      const folder = await fs.open(root, 'r').catch(() => null);
      await folder?.sync().catch(() => undefined);
      await folder?.close();
    },
    remove: (name) => orWriteError(name, fs.rm(path(name), { recursive: true, force: true })),
  };
}

async function hashOfFile(path: string): Promise<string> {
  const { createReadStream } = process.getBuiltinModule('node:fs');
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part);
  return hash.digest('hex');
}

function mapStore(files: Map<string, Uint8Array>): Store {
  const below = (name: string): string[] =>
    [...files.keys()].filter((file) => file === name || file.startsWith(`${name}/`));
  return {
    name: 'the given map',
    into: { into: files },
    path: (file) => file,
    list: async () => [...new Set([...files.keys()].map((file) => file.split('/')[0]))].sort(),
    read: async (file) => files.get(file) ?? null,
    source: (file) => files.get(file) ?? new Uint8Array(0),
    async hash(file) {
      const bytes = files.get(file);
      return bytes === undefined ? null : sha256(bytes);
    },
    async rename(from, to) {
      for (const file of below(to)) files.delete(file);
      for (const file of below(from)) {
        files.set(to + file.slice(from.length), files.get(file) ?? new Uint8Array(0));
        files.delete(file);
      }
    },
    async remove(name) {
      for (const file of below(name)) files.delete(file);
    },
  };
}

/** Writes a small text file. */
export async function writeText(store: Store, file: string, text: string): Promise<void> {
  await writeFile(store.path(file), text, store.into);
}
