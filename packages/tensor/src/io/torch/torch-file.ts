// The tensors in a file that `torch.save` wrote (since PyTorch 1.6): a zip archive with a pickle that describes them and
// a file of raw elements for each storage.
import { FormatError } from '../../errors';
import { type Shape, show, sizeOf } from '../../shape';
import { fileDTypes } from '../file-dtype';
import { type HeaderEntry, requireSafeName } from '../header';
import type { ByteReader } from '../source';
import { describe, isKind, type TensorRef, unpickle, type Value } from './pickle';
import { Zip, type ZipEntry } from './zip';

/** Pickles beyond this are refused: they only describe tensors. */
const MAX_PICKLE_BYTES = 100_000_000;

/** Where a tensor of the file lies; its elements may be strided. */
export interface TorchEntry extends HeaderEntry {
  /** Steps in elements, where they aren't those of a dense tensor. */
  readonly strides?: readonly number[];
}

/**
 * Every tensor of a state dictionary.
 *
 * @throws {FormatError} naming what the file holds besides tensors, or what is wrong with it.
 */
export async function torchEntries(reader: ByteReader): Promise<Map<string, TorchEntry>> {
  const zip = await Zip.open(reader);
  const pickle = zip.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  const place = pickle === undefined ? null : await zip.find(pickle);
  if (pickle === undefined || place === null)
    throw new FormatError(reader.name, 'is a zip archive, but not one of PyTorch: it holds no data.pkl');
  const root = pickle.slice(0, -'data.pkl'.length);
  await requireLittleEndian(reader, await zip.find(`${root}byteorder`));
  if (place.bytes > MAX_PICKLE_BYTES)
    throw new FormatError(
      reader.name,
      `a pickle of ${place.bytes} bytes, more than the ${MAX_PICKLE_BYTES} that are read`,
    );
  const state = unpickle(reader.name, await bytesOf(reader, place));
  const entries = new Map<string, TorchEntry>();
  for (const [name, tensor] of tensorsOf(reader.name, state)) {
    const storage = await zip.find(`${root}data/${tensor.storage.key}`);
    if (storage === null)
      throw new FormatError(reader.name, `${name}: its storage ${tensor.storage.key} is not in the file`);
    entries.set(name, entryOf(reader.name, name, tensor, storage));
  }
  return entries;
}

async function bytesOf(reader: ByteReader, { begin, bytes }: ZipEntry): Promise<Uint8Array> {
  const into = new Uint8Array(bytes);
  await reader.readInto(into, begin);
  return into;
}

async function requireLittleEndian(reader: ByteReader, place: ZipEntry | null): Promise<void> {
  if (place === null) return;
  const order = place.bytes > 16 ? '' : new TextDecoder().decode(await bytesOf(reader, place));
  if (order !== 'little')
    throw new FormatError(reader.name, `byteorder: expected little, got ${JSON.stringify(order)}`);
}

function* tensorsOf(file: string, state: Value): Generator<readonly [string, TensorRef]> {
  if (!isKind(state, 'dict')) throw new FormatError(file, `expected a dictionary of tensors, got ${describe(state)}`);
  for (const [name, value] of state.entries) {
    if (typeof name !== 'string') throw new FormatError(file, `expected names of tensors, got ${describe(name)}`);
    if (!isKind(value, 'tensor')) throw new FormatError(file, `${name}: expected a tensor, got ${describe(value)}`);
    yield [requireSafeName(file, name), value];
  }
}

/** Holds a tensor against its storage: no element lies outside, none is there twice. */
function entryOf(file: string, name: string, tensor: TensorRef, place: ZipEntry): TorchEntry {
  const { storage, offset, shape, strides } = tensor;
  const { dtype } = storage;
  const width = fileDTypes[dtype].bytes;
  const fail = (problem: string): FormatError => new FormatError(file, `${name}: ${problem}`);
  if (storage.size * width > place.bytes)
    throw fail(`its storage ${storage.key} has ${place.bytes} bytes of ${storage.size * width}`);
  const size = sizeOf(shape);
  // A product that overflows may be infinite, or NaN with a 0 after it.
  if (!Number.isSafeInteger(size)) throw fail(`${show(shape)} has more elements than can be counted`);
  const last = size === 0 ? -1 : offset + shape.reduce((sum, n, i) => sum + (n - 1) * strides[i], 0);
  if (last >= storage.size || offset > storage.size)
    throw fail(`${show(shape)} reaches beyond the ${storage.size} elements of its storage ${storage.key}`);
  if (size > storage.size) throw fail(`${show(shape)} repeats the ${storage.size} elements of its storage`);
  const begin = place.begin + offset * width;
  const dense = { dtype, shape, begin, bytes: size * width };
  return isDense(shape, strides) ? dense : { ...dense, strides };
}

function isDense(shape: Shape, strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}
