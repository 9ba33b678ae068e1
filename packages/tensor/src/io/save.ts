// Writing checkpoints: one safetensors file, or shards with an index. Tensors are read one at a time.

import type { DType, HostArrays } from '../dtype';
import { ArgumentError } from '../errors';
import { narrowBfloat16, narrowFloat16 } from '../half';
import { inWords, isTensor, requireTensor, scope } from '../lifetime';
import { requireOptions } from '../ops/rules';
import { noGrad } from '../recording';
import { type Shape, sameShape, sizeOf } from '../shape';
import type { AnyTensor } from '../tensor';
import { type FileDType, fileDTypes } from './file-dtype';
import { encodeHeader, type Planned, requireSafeName } from './header';
import { fileSystem } from './node';
import { type Prepared, type WriteOptions, type Written, writeFile, writeTemporary } from './write';

/** How a checkpoint is written. */
export interface SaveOptions extends WriteOptions {
  /** Free text for the header. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Larger checkpoints are split into shards of at most this many bytes, a tensor never: no split where nothing is said. */
  readonly maxShardBytes?: number;
  /** What floats are rounded to, ties to even as in PyTorch: `float32`, their own, where nothing is said. */
  readonly dtype?: SavedFloat | undefined;
}

/** What floats can be in a file that is written. */
export type SavedFloat = 'float32' | 'float16' | 'bfloat16';

const floats = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const satisfies Record<SavedFloat, FileDType>;
const others = { int32: 'I32', bool: 'BOOL' } as const satisfies Record<Exclude<DType, 'float32'>, FileDType>;

/** Wider elements first, so that all data is aligned; in the reference implementation's order. */
const order: readonly FileDType[] = ['F32', 'I32', 'BF16', 'F16', 'BOOL'];

/** A tensor that is made when its turn to be written comes, and freed behind it: not all of a checkpoint need exist at once. */
export interface DeferredTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Makes the tensor, of this shape and dtype. */
  make(): AnyTensor;
}

/** A tensor and its place in a file. */
interface Entry extends Planned {
  readonly tensor: AnyTensor | DeferredTensor;
}

/**
 * Writes tensors as safetensors: under a temporary name, flushed to the disk, then renamed, so that a crash or a full disk
 * leaves what was there before.
 *
 * @param path the file, such as `my-model/model.safetensors`; shards and index get their names from it
 * @returns size and SHA-256 of each file written, by path
 * @throws {WriteError} where the disk is full or refuses; what was there before is unchanged then.
 * @example
 * ```ts
 * import { init, tensor } from '@heddle/tensor';
 * import { loadSafetensors, saveSafetensors } from '@heddle/tensor/io';
 * await init();
 * const files = new Map<string, Uint8Array>(); // or leave `into` out, and write to the disk
 * await saveSafetensors('model.safetensors', new Map([['weight', tensor([1, 2])]]), { into: files });
 * console.log([...(await loadSafetensors(files)).keys()]);
 * ```
 */
export async function saveSafetensors(
  path: string,
  tensors: ReadonlyMap<string, AnyTensor | DeferredTensor>,
  options: SaveOptions = {},
): Promise<ReadonlyMap<string, Written>> {
  if (typeof path !== 'string' || !path.endsWith('.safetensors')) {
    throw new ArgumentError('saveSafetensors', 'path', 'a name that ends in .safetensors', inWords(path));
  }
  if (!(tensors instanceof Map))
    throw new ArgumentError('saveSafetensors', 'tensors', 'a Map from names to tensors', inWords(tensors));
  const { dtype = 'float32' } = requireOptions('saveSafetensors', options);
  if (!Object.hasOwn(floats, dtype))
    throw new ArgumentError('saveSafetensors', 'dtype', Object.keys(floats).join(', '), String(dtype));
  const { maxShardBytes = Number.POSITIVE_INFINITY, into } = options;
  if (!(typeof maxShardBytes === 'number' && maxShardBytes >= 0))
    throw new ArgumentError('saveSafetensors', 'maxShardBytes', 'a number of bytes', inWords(maxShardBytes));
  if (into !== undefined && !(into instanceof Map))
    throw new ArgumentError('saveSafetensors', 'into', 'a Map from names to bytes', inWords(into));
  const metadata = requireMetadata(options.metadata);
  const shards = split(plan(path, tensors, dtype), maxShardBytes);
  const stem = path.slice(0, -'.safetensors'.length);
  const index = `${path}.index.json`;
  const number = (i: number): string => String(i).padStart(5, '0');
  const names = shards.map((_, i) =>
    shards.length === 1 ? path : `${stem}-${number(i + 1)}-of-${number(shards.length)}.safetensors`,
  );
  const contents = new Map<string, AsyncIterable<Uint8Array> | string>();
  shards.forEach((shard, i) => {
    contents.set(names[i], fileOf(shard, metadata));
  });
  if (shards.length > 1) contents.set(index, indexOf(shards, names));
  if (into !== undefined) return writeAll(contents, into, shards.length > 1 ? path : index);
  return replaceAll(contents, shards.length > 1 ? path : index);
}

/** Notes as a map; readers of the format refuse a file whose notes aren't texts. */
function requireMetadata(metadata: SaveOptions['metadata'] = {}): ReadonlyMap<string, string> {
  const wrong = (got: unknown): ArgumentError =>
    new ArgumentError('saveSafetensors', 'metadata', 'an object of texts', inWords(got));
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) throw wrong(metadata);
  for (const text of Object.values(metadata)) if (typeof text !== 'string') throw wrong(text);
  return new Map(Object.entries(metadata));
}

/** The tensors in the order of their data: by dtype, then by name. The same tensors give the same bytes as in Python. */
function plan(path: string, tensors: Parameters<typeof saveSafetensors>[1], float: SavedFloat): Entry[] {
  const entries = [...tensors].map(([name, tensor]): Entry => {
    if (isTensor(tensor) || !('make' in Object(tensor))) requireTensor('saveSafetensors', name, tensor);
    const dtype = tensor.dtype === 'float32' ? floats[float] : others[tensor.dtype];
    const bytes = sizeOf(tensor.shape) * fileDTypes[dtype].bytes;
    return { name: requireSafeName(path, name), tensor, dtype, shape: tensor.shape, bytes };
  });
  return entries.sort((a, b) => order.indexOf(a.dtype) - order.indexOf(b.dtype) || (a.name < b.name ? -1 : 1));
}

function split(entries: readonly Entry[], maxBytes: number): Entry[][] {
  const shards: Entry[][] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    const last = shards[shards.length - 1];
    if (last.length > 0 && bytes + entry.bytes > maxBytes) {
      shards.push([entry]);
      bytes = entry.bytes;
    } else {
      last.push(entry);
      bytes += entry.bytes;
    }
  }
  return shards;
}

async function* fileOf(entries: readonly Entry[], metadata: ReadonlyMap<string, string>): AsyncGenerator<Uint8Array> {
  yield encodeHeader(entries, metadata);
  for (const { name, tensor, dtype } of entries) {
    const data = narrowed(await dataOf(name, tensor), dtype);
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

async function dataOf(name: string, tensor: Entry['tensor']): Promise<HostArrays[DType]> {
  if (!('make' in tensor)) return tensor.data();
  const made = noGrad(() => scope(() => tensor.make()));
  try {
    if (made.dtype !== tensor.dtype || !sameShape(made.shape, tensor.shape)) {
      const [expected, received] = [tensor, made].map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`);
      throw new ArgumentError('saveSafetensors', name, expected, received);
    }
    return await made.data();
  } finally {
    made.dispose();
  }
}

function narrowed(
  data: HostArrays['float32' | 'int32' | 'bool'],
  dtype: FileDType,
): HostArrays['float32' | 'int32' | 'bool'] | Uint16Array {
  if (!(data instanceof Float32Array)) return data;
  return dtype === 'F16' ? narrowFloat16(data) : dtype === 'BF16' ? narrowBfloat16(data) : data;
}

function indexOf(shards: readonly (readonly Entry[])[], paths: readonly string[]): string {
  const base = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const weightMap = shards.flatMap((shard, i) => shard.map(({ name }) => [name, base(paths[i])] as const));
  const total = shards.flat().reduce((sum, { bytes }) => sum + bytes, 0);
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(weightMap) };
  return `${JSON.stringify(index, null, 2)}\n`;
}

async function writeAll(
  contents: ReadonlyMap<string, AsyncIterable<Uint8Array> | string>,
  into: Map<string, Uint8Array>,
  stale: string,
): Promise<ReadonlyMap<string, Written>> {
  const written = new Map<string, Written>();
  for (const [path, content] of contents) written.set(path, await writeFile(path, content, { into }));
  into.delete(stale);
  return written;
}

/** Puts all files beside their places, and only then moves them there, the index last. */
async function replaceAll(
  contents: ReadonlyMap<string, AsyncIterable<Uint8Array> | string>,
  stale: string,
): Promise<ReadonlyMap<string, Written>> {
  const prepared = new Map<string, Prepared>();
  try {
    for (const [path, content] of contents) prepared.set(path, await writeTemporary(path, content));
    for (const file of prepared.values()) await file.commit();
  } catch (error) {
    for (const file of prepared.values()) await file.discard();
    throw error;
  }
  // A checkpoint of the other layout under the same name would be found first, or beside this one.
  await fileSystem(stale).rm(stale, { force: true });
  return new Map([...prepared].map(([path, { bytes, sha256 }]) => [path, { bytes, sha256 }]));
}
