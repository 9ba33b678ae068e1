// Finds the files that make up a checkpoint, and checks all their headers against each other before any data is read.
import { FormatError } from '../errors';
import { type HeaderEntry, headerLength, parseHeader, parseJson, requireSafeName } from './header';
import { type ByteReader, type Folder, openSource, readAll, type Source } from './source';

/** One tensor, and the file that holds it. */
export interface Located extends HeaderEntry {
  readonly reader: ByteReader;
}

/** The files of a checkpoint with everything that their headers say. */
export interface Shards {
  readonly readers: readonly ByteReader[];
  readonly entries: ReadonlyMap<string, Located>;
  readonly metadata: ReadonlyMap<string, string>;
}

export const SINGLE = 'model.safetensors';
export const INDEX = 'model.safetensors.index.json';

/** Opens a file, or the model in a folder: one file, or shards with an index. Closes everything where it fails. */
export async function openShards(source: Source): Promise<Shards> {
  const opened: ByteReader[] = [];
  try {
    const found = await openSource(source);
    if (found.kind === 'file') {
      opened.push(found.reader);
      return await single(found.reader);
    }
    return await inFolder(found.folder, opened);
  } catch (error) {
    for (const reader of opened) await reader.close();
    throw error;
  }
}

async function inFolder(folder: Folder, opened: ByteReader[]): Promise<Shards> {
  const open = async (file: string): Promise<ByteReader | null> => {
    const reader = await folder.open(file);
    if (reader !== null) opened.push(reader);
    return reader;
  };
  const whole = await open(SINGLE);
  if (whole !== null) return single(whole);
  const index = await folder.open(INDEX);
  if (index !== null) {
    const bytes = await readAll(index).finally(() => index.close());
    return sharded(index.name, parseIndex(index.name, bytes), open);
  }
  const others = (await folder.list()).filter((file) => file.endsWith('.safetensors'));
  const only = others.length === 1 ? await open(others[0]) : null;
  if (only !== null) return single(only);
  const held = others.length === 0 ? 'no .safetensors file' : `several files (${others.join(', ')}) and no ${INDEX}`;
  throw new FormatError(folder.name, `expected ${SINGLE} or ${INDEX}, found ${held}`);
}

async function single(reader: ByteReader): Promise<Shards> {
  const { entries, metadata } = await headerOf(reader);
  return { readers: [reader], entries: locate(entries, reader), metadata };
}

async function headerOf(reader: ByteReader): Promise<ReturnType<typeof parseHeader>> {
  const prefix = new Uint8Array(Math.min(8, reader.size));
  await reader.readInto(prefix, 0);
  const bytes = new Uint8Array(headerLength(reader.name, prefix, reader.size));
  await reader.readInto(bytes, 8);
  return parseHeader(reader.name, bytes, reader.size);
}

function locate(entries: ReadonlyMap<string, HeaderEntry>, reader: ByteReader): Map<string, Located> {
  return new Map([...entries].map(([name, entry]) => [name, { ...entry, reader }]));
}

/** The index's map from tensor to file. */
function parseIndex(file: string, bytes: Uint8Array): ReadonlyMap<string, string> {
  const map: unknown = new Map(Object.entries(parseJson(file, bytes, 'the index'))).get('weight_map');
  if (typeof map !== 'object' || map === null) throw new FormatError(file, 'weight_map: expected an object');
  return new Map(
    Object.entries(map).map(([name, shard]) => {
      if (typeof shard !== 'string' || !/^[^/\\]+\.safetensors$/.test(shard)) {
        throw new FormatError(file, `weight_map: ${name}: expected a .safetensors file beside the index`);
      }
      return [requireSafeName(file, name), shard];
    }),
  );
}

async function sharded(
  index: string,
  weightMap: ReadonlyMap<string, string>,
  open: (file: string) => Promise<ByteReader | null>,
): Promise<Shards> {
  const readers: ByteReader[] = [];
  const entries = new Map<string, Located>();
  const metadata = new Map<string, string>();
  for (const file of new Set(weightMap.values())) {
    const reader = await open(file);
    if (reader === null) throw new FormatError(index, `names ${file}, which is not there`);
    readers.push(reader);
    const header = await headerOf(reader);
    for (const [name, entry] of locate(header.entries, reader)) {
      if (weightMap.get(name) !== file)
        throw new FormatError(reader.name, `holds ${name}, which the index does not say`);
      entries.set(name, entry);
    }
    for (const [key, value] of header.metadata) metadata.set(key, value);
  }
  const missing = [...weightMap.keys()].find((name) => !entries.has(name));
  if (missing !== undefined)
    throw new FormatError(index, `says that ${weightMap.get(missing)} holds ${missing}: it doesn't`);
  return { readers, entries, metadata };
}
