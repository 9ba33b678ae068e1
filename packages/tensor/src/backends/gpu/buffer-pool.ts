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
    const buffer = known ?? this.create(size);
    this.liveBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return buffer;
  }

  give(buffer: GPUBuffer): void {
    this.liveBytes -= buffer.size;
    if (this.idleBytes + buffer.size > Math.max(this.idleAtLeast, this.peakBytes)) {
      this.destroy(buffer);
      return;
    }
    const list = this.free.get(buffer.size);
    if (list === undefined) this.free.set(buffer.size, [buffer]);
    else list.push(buffer);
    this.idleBytes += buffer.size;
  }

  /** Destroys what lies idle. */
  clear(): void {
    for (const list of this.free.values()) for (const buffer of list) this.destroy(buffer);
    this.free.clear();
    this.idleBytes = 0;
  }
}
