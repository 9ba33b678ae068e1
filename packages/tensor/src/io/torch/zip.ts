// Where the files of a zip archive lie. Only archives that store them as they are: PyTorch writes no others.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7, 4.3.12 to 4.3.16
import { FormatError } from '../../errors';
import type { ByteReader } from '../source';

/** A directory beyond this is refused: it would hold a million files. */
const MAX_DIRECTORY_BYTES = 100_000_000;

/** Where a file's bytes lie in the archive. */
export interface ZipEntry {
  readonly begin: number;
  readonly bytes: number;
}

/** One file as the directory lists it. */
interface Listed {
  readonly header: number;
  readonly bytes: number;
}

/** Whether a file begins as a zip archive does. */
export async function isZip(reader: ByteReader): Promise<boolean> {
  if (reader.size < 4) return false;
  const magic = await read(reader, 0, 4);
  return magic.getUint32(0, true) === 0x04034b50;
}

/** The directory of an open archive. */
export class Zip {
  private constructor(
    private readonly reader: ByteReader,
    private readonly files: ReadonlyMap<string, Listed>,
  ) {}

  /** @throws {FormatError} where the directory is damaged, or a file in it is compressed or encrypted. */
  static async open(reader: ByteReader): Promise<Zip> {
    const { begin, bytes } = await directoryOf(reader);
    return new Zip(reader, parseDirectory(reader, await read(reader, begin, bytes)));
  }

  /** Names of all files. */
  get names(): readonly string[] {
    return [...this.files.keys()];
  }

  /** Where a file lies; null where there is none of that name. */
  async find(name: string): Promise<ZipEntry | null> {
    const listed = this.files.get(name);
    if (listed === undefined) return null;
    const { header, bytes } = listed;
    const local = header + 30 <= this.reader.size ? await read(this.reader, header, 30) : null;
    if (local === null || local.getUint32(0, true) !== 0x04034b50)
      throw new FormatError(this.reader.name, `${name}: the archive has no file where its directory says`);
    const begin = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    if (begin + bytes > this.reader.size)
      throw new FormatError(
        this.reader.name,
        `${name}: ends at byte ${begin + bytes} of ${this.reader.size}: the file is cut off or damaged`,
      );
    return { begin, bytes };
  }
}

async function read(reader: ByteReader, begin: number, bytes: number): Promise<DataView> {
  const into = new Uint8Array(bytes);
  await reader.readInto(into, begin);
  return new DataView(into.buffer);
}

/** Finds the directory from the record at the archive's end. */
async function directoryOf(reader: ByteReader): Promise<ZipEntry> {
  const { name, size } = reader;
  const tail = Math.min(size, 22 + 65_535);
  const view = await read(reader, size - tail, tail);
  let at = tail - 22;
  while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw new FormatError(name, 'the zip archive has no directory: the file is cut off or damaged');
  let bytes = view.getUint32(at + 12, true);
  let begin = view.getUint32(at + 16, true);
  const locator = at - 20;
  if (locator >= 0 && view.getUint32(locator, true) === 0x07064b50) {
    const record = whole(name, view.getBigUint64(locator + 8, true));
    if (record + 56 > size) throw new FormatError(name, 'the zip archive has no directory where it says');
    const large = await read(reader, record, 56);
    if (large.getUint32(0, true) !== 0x06064b50)
      throw new FormatError(name, 'the zip archive has no directory where it says');
    bytes = whole(name, large.getBigUint64(40, true));
    begin = whole(name, large.getBigUint64(48, true));
  }
  if (bytes > MAX_DIRECTORY_BYTES)
    throw new FormatError(name, `a directory of ${bytes} bytes, more than the ${MAX_DIRECTORY_BYTES} that are read`);
  if (begin + bytes > size) throw new FormatError(name, 'the zip archive is cut off or damaged');
  return { begin, bytes };
}

function whole(name: string, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError(name, `the zip archive claims ${value} bytes`);
  return Number(value);
}

function parseDirectory({ name: archive }: ByteReader, view: DataView): Map<string, Listed> {
  const files = new Map<string, Listed>();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let at = 0; at < view.byteLength; ) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== 0x02014b50)
      throw new FormatError(archive, 'the directory of the zip archive is damaged');
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [nameBytes, extraBytes] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true)];
    const end = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (end > view.byteLength) throw new FormatError(archive, 'the directory of the zip archive is damaged');
    let name: string;
    try {
      name = decoder.decode(new Uint8Array(view.buffer, at + 46, nameBytes));
    } catch (cause) {
      throw new FormatError(archive, 'a name in the zip archive is not UTF-8', { cause });
    }
    if (files.has(name)) throw new FormatError(archive, `names ${name} twice`);
    if ((flags & 1) !== 0) throw new FormatError(archive, `${name}: is encrypted`);
    if (method !== 0) throw new FormatError(archive, `${name}: is compressed, which PyTorch's own files never are`);
    files.set(name, sizes(archive, name, view, at, at + 46 + nameBytes, extraBytes));
    at = end;
  }
  return files;
}

/** Size and place of a file, from the extra field where they don't fit 32 bits. */
function sizes(archive: string, name: string, view: DataView, at: number, extra: number, extraBytes: number): Listed {
  const packed = view.getUint32(at + 20, true);
  let bytes = view.getUint32(at + 24, true);
  let header = view.getUint32(at + 42, true);
  const wide = [bytes, packed, header].filter((field) => field === 0xffffffff).length;
  if (wide > 0) {
    let field = extra;
    while (field + 4 <= extra + extraBytes && view.getUint16(field, true) !== 1)
      field += 4 + view.getUint16(field + 2, true);
    if (field + 4 + 8 * wide > extra + extraBytes)
      throw new FormatError(archive, `${name}: its size is not in the zip archive`);
    let next = field + 4;
    const take = (narrow: number): number => {
      if (narrow !== 0xffffffff) return narrow;
      next += 8;
      return whole(archive, view.getBigUint64(next - 8, true));
    };
    bytes = take(bytes);
    take(packed);
    header = take(header);
  }
  return { header, bytes };
}
