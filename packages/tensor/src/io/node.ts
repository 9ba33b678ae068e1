// Node's own modules where there is a Node. Asked for at run time, so that no bundler for browsers ever sees an import.
import { HeddleError } from '../errors';

type FileSystem = typeof import('node:fs/promises');
type Crypto = typeof import('node:crypto');
type Path = typeof import('node:path');

/** True where `node:` modules can be had. */
export function hasNode(): boolean {
  return typeof process !== 'undefined' && typeof process.getBuiltinModule === 'function';
}

/** The file system; `user` is who needs it. */
export function fileSystem(user: string): FileSystem {
  if (!hasNode()) throw new HeddleError(`${user}: paths need Node: give a URL, bytes, or a Map of files here`);
  return process.getBuiltinModule('node:fs/promises');
}

export function nodeCrypto(): Crypto {
  return process.getBuiltinModule('node:crypto');
}

export function nodePath(): Path {
  return process.getBuiltinModule('node:path');
}

/** The code of a system error, such as ENOENT; an empty string for anything else. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
