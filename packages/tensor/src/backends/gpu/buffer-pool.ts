// GPUBuffers that wait for their next use. Sizes are rounded up, so that a training step finds last step's buffers.
/// <reference types="@webgpu/types" />

/** Buffers are made in these sizes: powers of two and, above 64 KiB, three steps between them. */
export function roundedSize(bytes: number): number {
  const least = 256;
  if (bytes <= least) return least;
  const power = 2 ** Math.ceil(Math.log2(bytes));
  if (power <= 65_536) return power;
  const quarter = power / 8;
  return Math.ceil(bytes / quarter) * quarter;
}

/** A buffer of the pool. Asking the buffer itself for its size costs more than keeping it. */
interface Pooled {
  readonly buffer: GPUBuffer;
  readonly size: number;
  /** Buffers made before it. */
  readonly age: number;
}

/** Free buffers by size. */
export class BufferPool {
  /**
   * The oldest last, which goes first: what is handed out follows from what is free, so that a step binds what the last
   * one bound.
   */
  private readonly free = new Map<number, Pooled[]>();
  private readonly taken = new WeakMap<GPUBuffer, Pooled>();
  private made = 0;
  private idleBytes = 0;
  private liveBytes = 0;
  private peakBytes = 0;

  /**
   * @param create makes a buffer
   * @param destroy unmakes one
   * @param idleAtLeast bytes that may always lie idle; beyond that no more than were ever in use at once
   */
  constructor(
    private readonly create: (bytes: number) => GPUBuffer,
    private readonly destroy: (buffer: GPUBuffer) => void,
    private readonly idleAtLeast = 64e6,
  ) {}

  /** Bytes that tensors hold. */
  get live(): number {
    return this.liveBytes;
  }

  /** Bytes on the device: held by tensors, or waiting. */
  get reserved(): number {
    return this.liveBytes + this.idleBytes;
  }

  take(bytes: number): GPUBuffer {
    const size = roundedSize(bytes);
    let pooled = this.free.get(size)?.pop();
    if (pooled === undefined) pooled = { buffer: this.create(size), size, age: this.made++ };
    else this.idleBytes -= size;
    this.taken.set(pooled.buffer, pooled);
    this.liveBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return pooled.buffer;
  }

  /** Takes back what `take` gave. */
  give(buffer: GPUBuffer): void {
    const pooled = this.taken.get(buffer);
    if (pooled === undefined) return;
    const { size } = pooled;
    this.taken.delete(buffer);
    this.liveBytes -= size;
    if (this.idleBytes + size > Math.max(this.idleAtLeast, this.peakBytes)) {
      this.destroy(buffer);
      return;
    }
    const list = this.free.get(size);
    if (list === undefined) this.free.set(size, [pooled]);
    else list.splice(placeIn(list, pooled.age), 0, pooled);
    this.idleBytes += size;
  }

  /** Destroys what lies idle. */
  clear(): void {
    for (const list of this.free.values()) for (const { buffer } of list) this.destroy(buffer);
    this.free.clear();
    this.idleBytes = 0;
  }
}

/** Where an age belongs in a list that falls. */
function placeIn(list: readonly Pooled[], age: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].age > age) low = middle + 1;
    else high = middle;
  }
  return low;
}
