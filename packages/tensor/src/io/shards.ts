// Finds the files that make up a checkpoint, and checks all their headers against each other before any data is read.
import { FormatError } from '../errors';
import { type Header, headerLength, parseHeader, parseJson, requireSafeName } from './header';
import { type ByteReader, type Folder, openSource, readAll, type Source } from './source';
import { type TorchEntry, torchEntries } from './torch/torch-file';
import { isZip } from './torch/zip';

/** One tensor, and the file that holds it. */
export interface Located extends TorchEntry {
  readonly reader: ByteReader;
}

/** The files of a checkpoint with everything that their headers say. */
export interface Shards {
  readonly readers: readonly ByteReader[];
  readonly entries: ReadonlyMap<string, Located>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Which files are read: safetensors alone, or PyTorch's zip archives too. */
export type CheckpointFormat = 'safetensors' | 'any';

/** A folder's files by their names, in the order in which they are looked for. */
interface Names {
  readonly whole: string;
  readonly index: string;
  readonly suffix: string;
}

const SAFETENSORS: Names = {
  whole: 'model.safetensors',
  index: 'model.safetensors.index.json',
  suffix: '.safetensors',
};
const TORCH: Names = { whole: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', suffix: '.bin' };

/** Opens a file, or the model in a folder: one file, or shards with an index. Closes everything where it fails. */
export async function openShards(source: Source, format: CheckpointFormat): Promise<Shards> {
  const opened: ByteReader[] = [];
  try {
    const found = await openSource(source);
    if (found.kind === 'file') {
      opened.push(found.reader);
      return await single(found.reader, format);
    }
    return await inFolder(found.folder, opened, format);
  } catch (error) {
    for (const reader of opened) await reader.close();
    throw error;
  }
}

async function inFolder(folder: Folder, opened: ByteReader[], format: CheckpointFormat): Promise<Shards> {
  const open = async (file: string): Promise<ByteReader | null> => {
    const reader = await folder.open(file);
    if (reader !== null) opened.push(reader);
    return reader;
  };
  const kinds = format === 'any' ? [SAFETENSORS, TORCH] : [SAFETENSORS];
  for (const names of kinds) {
    const whole = await open(names.whole);
    if (whole !== null) return single(whole, format);
    const index = await folder.open(names.index);
    if (index === null) continue;
    const bytes = await readAll(index).finally(() => index.close());
    return sharded(index.name, parseIndex(index.name, bytes, names), open, format);
  }
  const others = (await folder.list()).filter((file) => file.endsWith(SAFETENSORS.suffix));
  const only = others.length === 1 ? await open(others[0]) : null;
  if (only !== null) return single(only, format);
  const expected = kinds.flatMap(({ whole, index }) => [whole, index]).join(' or ');
  const held =
    others.length === 0 ? 'no .safetensors file' : `several files (${others.join(', ')}) and no ${SAFETENSORS.index}`;
  throw new FormatError(folder.name, `expected ${expected}, found ${held}`);
}

async function single(reader: ByteReader, format: CheckpointFormat): Promise<Shards> {
  const { entries, metadata } = await headerOf(reader, format);
  return { readers: [reader], entries: locate(entries, reader), metadata };
}

/** What a file says about its tensors. Its first bytes tell which format it has. */
async function headerOf(
  reader: ByteReader,
  format: CheckpointFormat,
): Promise<Pick<Header, 'metadata'> & { readonly entries: ReadonlyMap<string, TorchEntry> }> {
  if (format === 'any' && (await isZip(reader))) return { entries: await torchEntries(reader), metadata: new Map() };
  const prefix = new Uint8Array(Math.min(8, reader.size));
  await reader.readInto(prefix, 0);
  if (format === 'any' && isOldPickle(prefix))
    throw new FormatError(reader.name, "is in PyTorch's format from before 1.6: load it there and save it again");
  const bytes = new Uint8Array(headerLength(reader.name, prefix, reader.size));
  await reader.readInto(bytes, 8);
  return parseHeader(reader.name, bytes, reader.size);
}

/** A bare pickle: its protocol, then the magic number as a long of ten bytes. */
function isOldPickle(prefix: Uint8Array): boolean {
  return prefix[0] === 0x80 && prefix[1] <= 5 && prefix[2] === 0x8a && prefix[3] === 0x0a;
}

function locate(entries: ReadonlyMap<string, TorchEntry>, reader: ByteReader): Map<string, Located> {
  return new Map([...entries].map(([name, entry]) => [name, { ...entry, reader }]));
}

/** The index's map from tensor to file. */
function parseIndex(file: string, bytes: Uint8Array, { suffix }: Names): ReadonlyMap<string, string> {
  const map: unknown = new Map(Object.entries(parseJson(file, bytes, 'the index'))).get('weight_map');
  if (typeof map !== 'object' || map === null) throw new FormatError(file, 'weight_map: expected an object');
  return new Map(
    Object.entries(map).map(([name, shard]) => {
      if (typeof shard !== 'string' || /[/\\]/.test(shard) || !shard.endsWith(suffix)) {
        throw new FormatError(file, `weight_map: ${name}: expected a ${suffix} file beside the index`);
      }
      return [requireSafeName(file, name), shard];
    }),
  );
}

async function sharded(
  index: string,
  weightMap: ReadonlyMap<string, string>,
  open: (file: string) => Promise<ByteReader | null>,
  format: CheckpointFormat,
): Promise<Shards> {
  const readers: ByteReader[] = [];
  const entries = new Map<string, Located>();
  const metadata = new Map<string, string>();
  for (const file of new Set(weightMap.values())) {
    const reader = await open(file);
    if (reader === null) throw new FormatError(index, `names ${file}, which is not there`);
    readers.push(reader);
    const header = await headerOf(reader, format);
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
