// Bytes of a dataset from a path, a URL or memory, unpacked and decoded. Knows nothing of rows.
import { TableError } from './table-error.js';

/** Where a dataset comes from: a path (Node), a URL, or the bytes themselves. */
export type TableSource = string | URL | Uint8Array;

/** A short name of the source for messages. */
export function sourceName(source: TableSource): string {
  return source instanceof Uint8Array ? 'the given bytes' : String(source);
}

/** Reads the whole source; bytes that start like gzip are unpacked whatever the name says. */
export async function readBytes(source: TableSource): Promise<Uint8Array> {
  const bytes = source instanceof Uint8Array ? source : await fetchBytes(source);
  const isGzip = bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) return bytes;
  try {
    const unpacked = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(unpacked).arrayBuffer());
  } catch {
    throw new TableError('syntax', 'the gzip data is damaged or cut off', { source: sourceName(source) });
  }
}

async function fetchBytes(source: string | URL): Promise<Uint8Array> {
  const name = String(source);
  if (/^https?:/.test(name)) {
    const response = await fetch(name);
    if (!response.ok) throw new TableError('not-found', `the server answered ${response.status}`, { source: name });
    return new Uint8Array(await response.arrayBuffer());
  }
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  try {
    return await readFile(source);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'this is a folder' : `${error}`;
    throw new TableError('not-found', why, { source: name });
  }
}

/** Decodes UTF-8 strictly and refuses NUL bytes, both by line. A byte order mark is dropped. */
export function decodeText(bytes: Uint8Array, source: string): string {
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    const hint = 'a NUL byte: is this a binary file, or UTF-16? save it as UTF-8';
    throw new TableError('nul-byte', hint, { source, line: lineOf(bytes, nul) });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const line = firstUndecodableLine(bytes);
    throw new TableError('encoding', 'not valid UTF-8: save the file as UTF-8', { source, line });
  }
}

function lineOf(bytes: Uint8Array, position: number): number {
  let line = 1;
  for (let i = 0; i < position; i++) if (bytes[i] === 10) line++;
  return line;
}

function firstUndecodableLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  // A line feed never occurs inside a multi-byte character, so that lines can be tried one by one.
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const feed = bytes.indexOf(10, start);
    const end = feed < 0 ? bytes.length : feed;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return 1;
}
