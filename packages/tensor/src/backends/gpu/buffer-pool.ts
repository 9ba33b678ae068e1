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

/** Free buffers by size. */
export class BufferPool {
  private readonly free = new Map<number, GPUBuffer[]>();
  /** Asking a buffer for its size costs more than looking it up. */
  private readonly sizes = new WeakMap<GPUBuffer, number>();
  /** Which was made first. What is handed out follows from what is free, so that a step binds what the last one bound. */
  private readonly ages = new WeakMap<GPUBuffer, number>();
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
    const known = this.free.get(size)?.pop();
    if (known !== undefined) this.idleBytes -= size;
    const buffer = known ?? this.make(size);
    this.liveBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return buffer;
  }

  private make(size: number): GPUBuffer {
    const buffer = this.create(size);
    this.sizes.set(buffer, size);
    this.ages.set(buffer, this.made++);
    return buffer;
  }

  /** Where a buffer belongs among others: the oldest is last, and goes first. */
  private placeIn(list: readonly GPUBuffer[], buffer: GPUBuffer): number {
    const age = this.ageOf(buffer);
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ageOf(list[middle]) > age) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private ageOf(buffer: GPUBuffer): number {
    return this.ages.get(buffer) ?? 0;
  }

  give(buffer: GPUBuffer): void {
    const size = this.sizes.get(buffer) ?? buffer.size;
    this.liveBytes -= size;
    if (this.idleBytes + size > Math.max(this.idleAtLeast, this.peakBytes)) {
      this.destroy(buffer);
      return;
    }
    const list = this.free.get(size);
    if (list === undefined) this.free.set(size, [buffer]);
    else list.splice(this.placeIn(list, buffer), 0, buffer);
    this.idleBytes += size;
  }

  /** Destroys what lies idle. */
  clear(): void {
    for (const list of this.free.values()) for (const buffer of list) this.destroy(buffer);
    this.free.clear();
    this.idleBytes = 0;
  }
}
