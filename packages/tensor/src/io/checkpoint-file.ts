// An open checkpoint: what is in it, and its tensors one by one, read in parts so that nothing large is held twice.

import { BYTES_PER_ELEMENT, type DType, type HostArrays } from '../dtype';
import { ArgumentError, FormatError } from '../errors';
import { keep, scope } from '../lifetime';
import { assertComputed, viewOf } from '../op';
import { full, upload } from '../ops/create';
import { noGrad } from '../recording';
import { type Shape, sameShape, show, sizeOf } from '../shape';
import type { AnyTensor } from '../tensor';
import { type FileDType, fileDTypes } from './file-dtype';
import { type Located, openShards, type Shards } from './shards';
import type { Source } from './source';

/** Bytes of a file that are read at once. */
const CHUNK = 1 << 20;

/** One tensor of a checkpoint. */
export interface TensorInfo {
  /** What it is once loaded. */
  readonly dtype: DType;
  readonly shape: Shape;
  /** What it is in the file. */
  readonly fileDType: FileDType;
}

/**
 * An open checkpoint: one file, or shards with an index. `openCheckpoint` and `openSafetensors` make it; close it in the
 * end.
 */
export class CheckpointFile {
  /** All tensors, in the order of the data. */
  readonly entries: ReadonlyMap<string, TensorInfo>;
  /** The free text that the header holds. */
  readonly metadata: ReadonlyMap<string, string>;

  constructor(private readonly shards: Shards) {
    this.metadata = shards.metadata;
    this.entries = new Map(
      [...shards.entries].map(([name, { dtype, shape }]) => [
        name,
        { dtype: fileDTypes[dtype].dtype, shape, fileDType: dtype },
      ]),
    );
  }

  /** A tensor's elements, in host memory. Bool elements are 0 and 1. */
  async data(name: string): Promise<HostArrays['float32' | 'int32']> {
    const entry = this.find(name);
    const buffer = new ArrayBuffer(entry.bytes);
    await (await elementsOf(entry))(new Uint8Array(buffer), 0);
    const size = sizeOf(entry.shape);
    return this.decode(name, entry, buffer, size, new ArrayBuffer(size * BYTES_PER_ELEMENT));
  }

  /** A new tensor. It is kept: dispose of it in the end. */
  async tensor(name: string): Promise<AnyTensor> {
    const { dtype, shape } = this.info(name);
    // Integers go up in one piece, as their host copy stays with them.
    if (dtype !== 'float32') {
      const data = await this.data(name);
      return scope(() => computed(keep(upload(data, shape, dtype, 'load'))));
    }
    const out = scope(() => computed(keep(full(shape, 0))));
    try {
      await this.copyInto(name, out);
    } catch (error) {
      out.dispose();
      throw error;
    }
    return out;
  }

  /**
   * Copies a tensor's values over those of `target`, a parameter say. Takes a few megabytes beside it, however large it is.
   *
   * @throws {ArgumentError} where shape or dtype differ.
   */
  async copyInto(name: string, target: AnyTensor): Promise<void> {
    const entry = this.find(name);
    const { dtype, shape } = this.info(name);
    if (!sameShape(target.shape, shape) || target.dtype !== dtype || !target.contiguous) {
      const expected = `a dense ${dtype} ${show(shape)}`;
      throw new ArgumentError('copyInto', name, expected, `${target.dtype} ${show(target.shape)}`);
    }
    await this.inParts(name, entry, (values, at) => writeAt(target, at, values));
  }

  /**
   * Reads a tensor front to back in parts of a few megabytes. A part's array is used again for the next one.
   *
   * @param take gets a part, and the place of its first element
   */
  async parts(name: string, take: (values: Float32Array | Int32Array, at: number) => void): Promise<void> {
    await this.inParts(name, this.find(name), take);
  }

  /** Reads everything that might not fit its dtype (64-bit integers, say) and throws where it doesn't. */
  async verify(): Promise<void> {
    for (const [name, entry] of this.shards.entries) {
      if (!fileDTypes[entry.dtype].total) await this.inParts(name, entry, () => undefined);
    }
  }

  /** Lets go of the files. */
  async close(): Promise<void> {
    for (const reader of this.shards.readers) await reader.close();
  }

  private async inParts(
    name: string,
    entry: Located,
    take: (values: Float32Array | Int32Array, at: number) => void,
  ): Promise<void> {
    const buffer = new ArrayBuffer(Math.min(CHUNK, entry.bytes));
    const width = fileDTypes[entry.dtype].bytes;
    // Both buffers serve all parts: new ones would pile up until the collector comes.
    const out = new ArrayBuffer((buffer.byteLength / width) * BYTES_PER_ELEMENT);
    const readInto = await elementsOf(entry);
    for (let done = 0; done < entry.bytes; done += CHUNK) {
      const bytes = Math.min(CHUNK, entry.bytes - done);
      await readInto(new Uint8Array(buffer, 0, bytes), done);
      take(this.decode(name, entry, buffer, bytes / width, out), done / width);
    }
  }

  private decode(
    name: string,
    entry: Located,
    buffer: ArrayBuffer,
    count: number,
    out: ArrayBuffer,
  ): Float32Array | Int32Array {
    try {
      return fileDTypes[entry.dtype].decode(buffer, count, out);
    } catch (error) {
      if (error instanceof RangeError) throw new FormatError(entry.reader.name, `${name}: ${error.message}`);
      throw error;
    }
  }

  private info(name: string): TensorInfo {
    const { dtype, shape } = this.find(name);
    return { dtype: fileDTypes[dtype].dtype, shape, fileDType: dtype };
  }

  private find(name: string): Located {
    const entry = this.shards.entries.get(name);
    if (entry === undefined) throw new ArgumentError('safetensors', 'name', 'a tensor of the file', name);
    return entry;
  }
}

/**
 * Reads a tensor's bytes from an offset on, row by row. Where they are strided in the file, what they span is read once,
 * as jumps there would cost a read for each element.
 */
async function elementsOf(entry: Located): Promise<(into: Uint8Array, offset: number) => Promise<void>> {
  const { reader, begin, shape, strides } = entry;
  if (strides === undefined) return (into, offset) => reader.readInto(into, begin + offset);
  const width = fileDTypes[entry.dtype].bytes;
  const span = new Uint8Array(width * (1 + shape.reduce((sum, n, i) => sum + (n - 1) * strides[i], 0)));
  await reader.readInto(span, begin);
  return async (into, offset) => {
    for (let at = 0; at < into.length; at += width) {
      let index = (offset + at) / width;
      let from = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += (index % shape[axis]) * strides[axis];
        index = Math.floor(index / shape[axis]);
      }
      for (let byte = 0; byte < width; byte++) into[at + byte] = span[from * width + byte];
    }
  };
}

/** Overwrites elements of a dense tensor from `at` on. */
function writeAt(target: AnyTensor, at: number, values: Float32Array | Int32Array): void {
  noGrad(() =>
    scope(() => {
      const part = computed(upload(values, [values.length], target.dtype, 'load'));
      const place = viewOf('load', target, [values.length], [1], target.offset + at, (g) => g);
      target.storage.backend.inPlace.copyInto(place, part);
    }),
  );
  if (values instanceof Int32Array) target.storage.host?.set(values, target.offset + at);
}

/** Throws what kept a tensor from being made, such as `OutOfMemory`. */
function computed<T extends AnyTensor>(t: T): T {
  assertComputed([t]);
  return t;
}

/**
 * Opens safetensors and checks their headers: nothing of the data is read yet.
 *
 * @param source a file or folder: a path (Node), a URL, bytes, or a map from name to bytes
 * @throws {FormatError} naming the file and what is wrong with it.
 * @example
 * ```ts
 * import { init, tensor } from '@heddle/tensor';
 * import { openSafetensors, saveSafetensors } from '@heddle/tensor/io';
 * await init();
 * const files = new Map<string, Uint8Array>();
 * await saveSafetensors('model.safetensors', new Map([['weight', tensor([1, 2])]]), { into: files });
 * const file = await openSafetensors(files);
 * console.log(file.entries.get('weight')?.shape, await file.data('weight'));
 * await file.close();
 * ```
 */
export async function openSafetensors(source: Source): Promise<CheckpointFile> {
  return new CheckpointFile(await openShards(source, 'safetensors'));
}

/**
 * Opens a checkpoint of either format: safetensors, or what `torch.save` wrote of a state dictionary since PyTorch 1.6
 * (`pytorch_model.bin`, or shards of it). Of a pickle, tensors are understood and everything else is refused by its name:
 * nothing in it is ever run. Nothing of the data is read yet.
 *
 * @param source a file or folder: a path (Node), a URL, bytes, or a map from name to bytes
 * @throws {FormatError} naming the file and what is wrong with it.
 * @example
 * ```ts no-run
 * import { openCheckpoint } from '@heddle/tensor/io';
 * const file = await openCheckpoint('models/bert'); // model.safetensors, or else pytorch_model.bin
 * console.log([...file.entries.keys()]);
 * await file.close();
 * ```
 */
export async function openCheckpoint(source: Source): Promise<CheckpointFile> {
  return new CheckpointFile(await openShards(source, 'any'));
}
