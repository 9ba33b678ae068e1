// The webgpu device: gpu.js's own GPUDevice, a pool of its buffers, gpu.js kernels and ours in one queue.
/// <reference types="@webgpu/types" />
import { BackendError, DeviceLost, type HeddleError, LimitExceeded, OutOfMemory } from '../../errors';
import { acquireContext, factsOf } from './adapter';
import { GpuBuffer } from './buffer';
import { BufferPool } from './buffer-pool';
import { provideWebGpu } from './dawn';
import {
  type Argument,
  type Counts,
  type Device,
  type DeviceFacts,
  type Helper,
  type Launch,
  sourceOfHelper,
} from './device';
import { type BufferResult, type GpuInstance, type GpuJs, loadGpuJs, type WebGpuContext } from './gpujs';
import { KernelCache } from './kernel-cache';
import { groupsOf, translate, type WebGpuKernel, writeParameters } from './webgpu-kernel';
import { type Binding, type Compute, type Shader, WgslQueue } from './wgsl-queue';

const STORAGE_COPY = 0x80 | 0x04 | 0x08;
const READ_COPY_DST = 0x01 | 0x08;
const MAP_READ = 1;

/** Kernels that stay compiled. */
const CAPACITY = 512;

/** Settings of the webgpu device. */
export interface WebGpuOptions {
  /** Refuse adapters that a processor plays. */
  readonly hardwareOnly?: boolean;
}

/** Starts webgpu. Throws where there is no adapter. */
export async function createWebGpuDevice(options: WebGpuOptions = {}): Promise<WebGpuDevice> {
  await provideWebGpu();
  if (typeof navigator === 'undefined' || navigator.gpu === undefined) {
    throw new BackendError('gpu', 'this runtime has no WebGPU: use a browser that has it, or the wasm backend');
  }
  const gpujs = await loadGpuJs();
  let context: WebGpuContext;
  try {
    context = await acquireContext(gpujs);
  } catch (cause) {
    throw new BackendError('gpu', 'WebGPU found no adapter here', { cause });
  }
  const { software, adapter } = factsOf(context);
  if (options.hardwareOnly && software) {
    throw new BackendError('gpu', `WebGPU found only a software adapter (${adapter})`);
  }
  return new WebGpuDevice(gpujs, context);
}

/** A kernel that gpu.js translated, compiled. */
interface Compiled {
  readonly kernel: WebGpuKernel;
  readonly shader: Shader;
}

/** A device that runs gpu.js kernels, and our own WGSL on the same buffers. */
export class WebGpuDevice implements Device {
  readonly mode = 'webgpu';
  readonly facts: DeviceFacts;
  readonly counts: Counts = { portable: 0, own: 0, compiled: 0, reads: 0 };
  private readonly gpu: GpuInstance;
  private readonly device: GPUDevice;
  private readonly pool: BufferPool;
  private readonly queue: WgslQueue;
  /** How many handles share a GPUBuffer, where it is more than one. */
  private readonly shared = new Map<GPUBuffer, number>();
  private readonly kernels = new KernelCache<Compiled>(CAPACITY, ({ kernel, shader }) => {
    kernel.destroy();
    this.queue.drop(shader);
  });
  /** What went wrong on the device since the last read: it tells asynchronously, and reads pass it on. */
  private failure: HeddleError | null = null;
  isLost = false;
  private readonly lost: Promise<void>;
  /** Storage buffers that a kernel may bind. */
  readonly bindings: number;
  /** Bytes of the largest buffer that kernels can read. */
  readonly largestBuffer: number;
  /** Workgroups along an axis. */
  private readonly mostGroups: number;
  /** Bytes at whose multiples bindings may begin. */
  private readonly alignment: number;

  constructor(
    private readonly gpujs: GpuJs,
    private readonly context: WebGpuContext,
  ) {
    this.device = context.device;
    // Each look at a limit is a call out of JavaScript: once is enough.
    const { limits } = this.device;
    this.bindings = limits.maxStorageBuffersPerShaderStage;
    this.largestBuffer = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
    this.mostGroups = limits.maxComputeWorkgroupsPerDimension;
    this.alignment = limits.minStorageBufferOffsetAlignment;
    this.gpu = new gpujs.GPU({ mode: 'webgpu' });
    this.queue = new WgslQueue(this.device);
    this.pool = new BufferPool(
      (size) => this.createBuffer(size),
      (buffer) => {
        this.queue.flush();
        buffer.destroy();
      },
    );
    this.facts = factsOf(context);
    this.device.onuncapturederror = ({ error }) => {
      this.failure ??= new BackendError('gpu', error.message);
    };
    this.lost = this.device.lost.then(({ message }) => {
      this.isLost = true;
      // Whatever else went wrong before is no more of interest.
      this.failure = new DeviceLost('gpu', message || 'no reason given');
    });
  }

  /** A new buffer; where there is no room the device tells later, and the next read passes it on. */
  private createBuffer(size: number): GPUBuffer {
    this.device.pushErrorScope('out-of-memory');
    const buffer = this.device.createBuffer({ size, usage: STORAGE_COPY });
    void this.device.popErrorScope().then(
      (error) => {
        if (error !== null) this.failure ??= new OutOfMemory('gpu', size, this.pool.live, this.pool.reserved);
      },
      // A device that goes away while it is asked.
      () => undefined,
    );
    return buffer;
  }

  get reservedBytes(): number {
    return this.pool.reserved;
  }

  launch({ key, source, helpers, output, args, loops }: Launch): GpuBuffer {
    this.assertUsable();
    this.requireBindings(args.filter((arg) => 'buffer' in arg).length + 1);
    // Pending work launches kernels of its own: before this one takes its place in the queue.
    const bindings = args.flatMap((arg): Binding[] =>
      'buffer' in arg ? [{ buffer: bufferOf(arg.buffer), offset: 0 }] : [],
    );
    const { kernel, shader } = this.kernels.get(`${key}/${output.length}`, () =>
      this.compile(source(), helpers(), output, args, loops),
    );
    const out = this.allocate(output.reduce((a, b) => a * b, 1));
    const groups = groupsOf(kernel, output, this.mostGroups);
    bindings.push({ buffer: bufferOf(out), offset: 0 });
    this.queue.dispatch(shader, (words) => writeParameters(kernel, words, output, groups, args), bindings, groups);
    this.counts.portable++;
    return out;
  }

  /** Runs WGSL of our own. */
  compute(job: Compute): void {
    this.assertUsable();
    this.requireBindings(Object.keys(job.reads).length + Object.keys(job.writes).length);
    // Pending work launches kernels of its own: before this one takes its place in the queue.
    for (const buffer of Object.values(job.reads)) void buffer.resource;
    for (const buffer of Object.values(job.writes)) {
      void buffer.resource;
      buffer.beforeWrite();
    }
    const apart = this.apart(job);
    this.queue.push({ ...job, reads: { ...job.reads, ...apart } });
    for (const copy of Object.values(apart)) this.free(copy);
    this.counts.own++;
  }

  /** Copies of what a job reads out of a GPUBuffer that it writes to elsewhere, which one dispatch may not do. */
  private apart({ reads, writes }: Compute): Record<string, GpuBuffer> {
    const written = new Set(Object.values(writes).map(bufferOf));
    const conflicts = Object.entries(reads).filter(([, buffer]) => written.has(bufferOf(buffer)));
    return Object.fromEntries(
      conflicts.map(([name, buffer]) => {
        const copy = this.allocate(buffer.length);
        this.copy(buffer, 0, copy, 0, buffer.length);
        return [name, copy];
      }),
    );
  }

  /** A new buffer whose contents are whatever was there before. */
  allocate(length: number): GpuBuffer {
    const bytes = Math.max(length, 1) * 4;
    const limit = this.largestBuffer;
    if (bytes > limit) throw new OutOfMemory('gpu', bytes, this.pool.live, limit);
    return new GpuBuffer(this.wrap(this.pool.take(bytes), [Math.max(length, 1)]), length);
  }

  /** Bytes that a part of a shared buffer takes: parts begin where bindings may. */
  partBytes(length: number): number {
    return Math.max(Math.ceil((length * 4) / this.alignment), 1) * this.alignment;
  }

  /** Buffers side by side in one, in this order. It is freed with the last of them. */
  allocateParts(lengths: readonly number[]): readonly GpuBuffer[] {
    const { resource } = this.allocate(lengths.reduce((sum, length) => sum + this.partBytes(length) / 4, 0));
    this.shared.set((resource as BufferResult).buffer, lengths.length);
    let end = 0;
    return lengths.map((length) => {
      const base = end;
      end += this.partBytes(length) / 4;
      return new GpuBuffer({ resource, base }, length);
    });
  }

  /** True for a part of `allocateParts`. */
  isPart(buffer: GpuBuffer): boolean {
    return this.shared.has(bufferOf(buffer));
  }

  upload(data: Float32Array): GpuBuffer {
    const out = this.allocate(data.length);
    // Writes come before what is submitted later; what our queue still holds may use this very memory.
    this.queue.flush();
    this.device.queue.writeBuffer(bufferOf(out), 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return out;
  }

  /** Copies elements from one buffer into another. */
  copy(from: GpuBuffer, fromElement: number, to: GpuBuffer, toElement: number, count: number): void {
    if (count === 0) return;
    void from.resource;
    to.beforeWrite();
    const [source, target] = [bufferOf(from), bufferOf(to)];
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
    this.assertUsable();
    if (count === 0) return new Float32Array(0);
    this.counts.reads++;
    const source = bufferOf(buffer);
    const staging = this.device.createBuffer({ size: count * 4, usage: READ_COPY_DST });
    this.queue.copy(source, (buffer.base + offset) * 4, staging, 0, count * 4);
    this.queue.flush();
    try {
      await this.map(staging);
      this.assertUsable();
      return new Float32Array(staging.getMappedRange().slice(0));
    } finally {
      staging.destroy();
    }
  }

  private async map(staging: GPUBuffer): Promise<void> {
    try {
      await staging.mapAsync(MAP_READ);
    } catch (cause) {
      // A device that goes away fails its reads first and says why a little later.
      await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      this.assertUsable();
      throw new BackendError('gpu', 'reading from the device failed', { cause });
    }
  }

  /** Resolves when the device has done all it was given. */
  async settled(): Promise<void> {
    this.queue.flush();
    await this.device.queue.onSubmittedWorkDone();
    this.assertUsable();
  }

  free(buffer: GpuBuffer): void {
    const place = buffer.release()?.place ?? null;
    if (place === null || this.isLost) return;
    const memory = (place.resource as BufferResult).buffer;
    const sharers = (this.shared.get(memory) ?? 1) - 1;
    if (sharers > 0) this.shared.set(memory, sharers);
    else {
      this.shared.delete(memory);
      this.pool.give(memory);
    }
  }

  async dispose(): Promise<void> {
    this.queue.dispose();
    this.kernels.clear();
    this.pool.clear();
    await this.gpu.destroy();
    await this.gpujs.WebGPUContext.destroy();
  }

  private compile(
    source: string,
    helpers: readonly Helper[],
    output: readonly number[],
    args: readonly Argument[],
    loops: number,
  ): Compiled {
    const shortcut = this.gpu.createKernel(source, {
      output,
      pipeline: true,
      immutable: true,
      precision: 'single',
      tactic: 'precision',
      loopMaxIterations: Math.max(loops, 1),
      argumentTypes: args.map((arg) => ('buffer' in arg ? 'WebGPUBuffer' : 'int' in arg ? 'Integer' : 'Float')),
      dynamicOutput: true,
      functions: helpers.map(sourceOfHelper),
    });
    const kernel = shortcut.kernel as WebGpuKernel;
    if (!(kernel instanceof this.gpujs.WebGPUKernel) || kernel.fallbackReason !== null) {
      throw new BackendError('gpu', `gpu.js fell back from webgpu: ${kernel.fallbackReason ?? 'no reason given'}`);
    }
    translate(
      kernel,
      args.map((arg) => this.handle(arg)),
    );
    this.counts.compiled++;
    return { kernel, shader: this.queue.compile(kernel.compiledSource, kernel.paramsLayout.arrayArgs.length, 1) };
  }

  private handle(arg: Argument): unknown {
    if (!('buffer' in arg)) return 'int' in arg ? arg.int : arg.float;
    const { resource } = arg.buffer;
    return arg.dims.length === 1 ? resource : this.wrap(bufferOf(arg.buffer), arg.dims);
  }

  private wrap(buffer: GPUBuffer, output: readonly number[]): BufferResult {
    return new this.gpujs.WebGPUBufferResult({
      buffer,
      output,
      componentCount: 1,
      context: this.context,
      kernel: null,
    });
  }

  private requireBindings(count: number): void {
    if (count > this.bindings) {
      throw new LimitExceeded('gpu', 'maxStorageBuffersPerShaderStage', count, this.bindings);
    }
  }

  private assertUsable(): void {
    if (this.failure === null) return;
    const { failure } = this;
    // A lost device stays lost; anything else was about one result.
    if (!this.isLost) this.failure = null;
    throw failure;
  }
}

/** The GPUBuffer behind a handle. */
export function bufferOf({ resource }: GpuBuffer): GPUBuffer {
  return (resource as BufferResult).buffer;
}
