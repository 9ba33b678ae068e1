// Memory of a webgpu device: buffers from a pool, parts of shared ones, uploads, copies and reads.
/// <reference types="@webgpu/types" />
import { BackendError, OutOfMemory } from '../../errors';
import { GpuBuffer } from './buffer';
import { BufferPool } from './buffer-pool';
import type { Counts } from './device';
import type { BufferResult, GpuJs, WebGpuContext } from './gpujs';
import { Parts, type Piece, partSize } from './parts';
import { DeviceErrors } from './webgpu-errors';
import { WgslQueue } from './wgsl-queue';

const STORAGE_COPY = 0x80 | 0x04 | 0x08;
const READ_COPY_DST = 0x01 | 0x08;
const MAP_READ = 1;

/** The GPUBuffer behind a handle. */
export function memoryOf({ resource }: GpuBuffer): GPUBuffer {
  return (resource as BufferResult).buffer;
}

/** What a device holds. Copies wait in the same queue as kernels. */
export class WebGpuMemory {
  readonly counts: Counts = { portable: 0, own: 0, compiled: 0, reads: 0 };
  readonly largestBuffer: number;
  protected readonly device: GPUDevice;
  protected readonly queue: WgslQueue;
  protected readonly errors: DeviceErrors;
  private readonly pool: BufferPool;
  readonly parts = new Parts();

  constructor(
    protected readonly gpujs: GpuJs,
    private readonly context: WebGpuContext,
  ) {
    this.device = context.device;
    // Each look at a limit is a call out of JavaScript: once is enough.
    const { limits } = this.device;
    this.largestBuffer = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
    this.queue = new WgslQueue(this.device);
    this.errors = new DeviceErrors(this.device);
    this.pool = new BufferPool(
      (size) => this.createBuffer(size),
      (buffer) => {
        this.queue.flush();
        buffer.destroy();
      },
    );
  }

  get isLost(): boolean {
    return this.errors.isLost;
  }

  get reservedBytes(): number {
    return this.pool.reserved;
  }

  /** A new buffer whose contents are whatever was there before. */
  allocate(length: number): GpuBuffer {
    const bytes = Math.max(length, 1) * 4;
    const limit = this.largestBuffer;
    if (bytes > limit) throw new OutOfMemory('gpu', bytes, this.pool.live, limit);
    return new GpuBuffer(this.wrap(this.pool.take(bytes), [Math.max(length, 1)]), length);
  }

  join(pieces: readonly Piece[]): GpuBuffer {
    const all = this.allocate(pieces.reduce((sum, { size }) => sum + partSize(size), 0));
    let start = 0;
    for (const { buffer, offset, size } of pieces) {
      this.copy(buffer, offset, all, start, size);
      const gap = partSize(size) - size;
      if (gap > 0) this.queue.clear(memoryOf(all), (start + size) * 4, gap * 4);
      start += size + gap;
    }
    return all;
  }

  free(buffer: GpuBuffer): void {
    const place = buffer.release()?.place ?? null;
    if (place === null || this.isLost) return;
    if (this.parts.release(place.resource)) this.pool.give((place.resource as BufferResult).buffer);
  }

  upload(data: Float32Array): GpuBuffer {
    const out = this.allocate(data.length);
    // Writes come before what is submitted later; what our queue still holds may use this very memory.
    this.queue.flush();
    this.device.queue.writeBuffer(memoryOf(out), 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return out;
  }

  /** Copies elements from one buffer into another. */
  copy(from: GpuBuffer, fromElement: number, to: GpuBuffer, toElement: number, count: number): void {
    if (count === 0) return;
    void from.resource;
    to.beforeWrite();
    const [source, target] = [memoryOf(from), memoryOf(to)];
    const [first, start] = [(from.base + fromElement) * 4, (to.base + toElement) * 4];
    if (source !== target) {
      this.queue.copy(source, first, target, start, count * 4);
      return;
    }
    // WebGPU copies between two buffers only.
    const between = this.pool.take(count * 4);
    this.queue.copy(source, first, between, 0, count * 4);
    this.queue.copy(between, 0, target, start, count * 4);
    this.pool.give(between);
  }

  async read(buffer: GpuBuffer, offset: number, count: number): Promise<Float32Array> {
    this.errors.throwIfAny();
    if (count === 0) return new Float32Array(0);
    this.counts.reads++;
    const source = memoryOf(buffer);
    const staging = this.device.createBuffer({ size: count * 4, usage: READ_COPY_DST });
    this.queue.copy(source, (buffer.base + offset) * 4, staging, 0, count * 4);
    this.queue.flush();
    try {
      await this.map(staging);
      this.errors.throwIfAny();
      return new Float32Array(staging.getMappedRange().slice(0));
    } finally {
      staging.destroy();
    }
  }

  /** Resolves when the device has done all it was given. */
  async settled(): Promise<void> {
    this.queue.flush();
    await this.device.queue.onSubmittedWorkDone();
    this.errors.throwIfAny();
  }

  /** A GPUBuffer as gpu.js takes it. */
  protected wrap(buffer: GPUBuffer, output: readonly number[]): BufferResult {
    return new this.gpujs.WebGPUBufferResult({
      buffer,
      output,
      componentCount: 1,
      context: this.context,
      kernel: null,
    });
  }

  /** Destroys what lies idle. */
  protected clear(): void {
    this.pool.clear();
  }

  /** A new buffer; where there is no room the device tells later, and the next read passes it on. */
  private createBuffer(size: number): GPUBuffer {
    this.device.pushErrorScope('out-of-memory');
    const buffer = this.device.createBuffer({ size, usage: STORAGE_COPY });
    void this.device.popErrorScope().then(
      (error) => {
        if (error !== null) this.errors.report(new OutOfMemory('gpu', size, this.pool.live, this.pool.reserved));
      },
      // A device that goes away while it is asked.
      () => undefined,
    );
    return buffer;
  }

  private async map(staging: GPUBuffer): Promise<void> {
    try {
      await staging.mapAsync(MAP_READ);
    } catch (cause) {
      // A device that goes away fails its reads first and says why a little later.
      await Promise.race([this.errors.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      this.errors.throwIfAny();
      throw new BackendError('gpu', 'reading from the device failed', { cause });
    }
  }
}
