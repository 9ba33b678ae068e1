// One file from a server to the disk: continued where it broke off, and held against its hash before it counts. Node only.
import { HubError } from './errors';

/** A file of a repository. */
export interface RemoteFile {
  readonly path: string;
  readonly size: number;
  /** SHA-256 of the content, 64 hex digits; or git's name of it, 40. */
  readonly hash: string;
}

/** How a file is fetched. */
export interface FetchOptions {
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
  /** Called with the bytes that arrived since the last call. */
  readonly onBytes: (bytes: number) => void;
}

/** Connections that may break before it is given up. */
const ATTEMPTS = 5;

/**
 * Fetches a file into `to`. What arrived before the connection broke stays in `to.incomplete`, and is continued by the
 * next attempt, or the next program.
 *
 * @throws {HubError} where the server says no, it breaks off again and again, or what arrived isn't what was announced.
 */
export async function download(
  id: string,
  url: string,
  file: RemoteFile,
  to: string,
  options: FetchOptions,
): Promise<void> {
  const fs = process.getBuiltinModule('node:fs/promises');
  const partial = `${to}.incomplete`;
  const sizeOf = async (): Promise<number> => (await fs.stat(partial).catch(() => null))?.size ?? 0;
  if ((await sizeOf()) > file.size) await fs.rm(partial);
  options.onBytes(await sizeOf());
  let broken: unknown;
  for (let attempt = 0; attempt < ATTEMPTS && (await sizeOf()) < file.size; attempt++) {
    try {
      await append(id, url, partial, await sizeOf(), options);
    } catch (error) {
      if (error instanceof HubError) throw error;
      broken = error;
    }
  }
  // A file of no bytes is never asked for.
  if (file.size === 0) await fs.writeFile(partial, '');
  const arrived = await sizeOf();
  if (arrived < file.size) {
    const problem = `${file.path}: broke off at byte ${arrived} of ${file.size}; loading again goes on from there`;
    throw new HubError(id, problem, { cause: broken });
  }
  const found = await hashOf(partial, file);
  if (found !== file.hash) {
    await fs.rm(partial, { force: true });
    throw new HubError(id, `${file.path}: arrived damaged: its hash is ${found}, not ${file.hash}; load it again`);
  }
  await fs.rename(partial, to);
}

/** Writes what the server sends from `from` on to the end of the file. */
async function append(id: string, url: string, partial: string, from: number, options: FetchOptions): Promise<void> {
  const fs = process.getBuiltinModule('node:fs/promises');
  const range: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  const response = await options.fetch(url, { headers: { ...options.headers, ...range } });
  if (!response.ok) throw new HubError(id, `${url}: the server answered ${response.status}`);
  // A server without ranges begins at the beginning.
  const anew = from > 0 && response.status !== 206;
  if (anew) options.onBytes(-from);
  const handle = await fs.open(partial, anew ? 'w' : 'a');
  try {
    const body = response.body?.getReader();
    for (let part = await body?.read(); part?.value !== undefined; part = await body?.read()) {
      await handle.writeFile(part.value);
      options.onBytes(part.value.length);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The hash of a file's content, of the kind that was announced. */
async function hashOf(path: string, { hash, size }: RemoteFile): Promise<string> {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { createReadStream } = process.getBuiltinModule('node:fs');
  const git = hash.length === 40;
  const hasher = createHash(git ? 'sha1' : 'sha256');
  if (git) hasher.update(`blob ${size}\0`);
  for await (const part of createReadStream(path)) hasher.update(part);
  return hasher.digest('hex');
}
