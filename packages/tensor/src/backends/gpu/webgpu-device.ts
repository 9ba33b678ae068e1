// The webgpu device: gpu.js's own GPUDevice, gpu.js kernels and ours on the same buffers, in one queue.
/// <reference types="@webgpu/types" />
import { BackendError, LimitExceeded } from '../../errors';
import { acquireContext, factsOf } from './adapter';
import type { Binding } from './bind-groups';
import type { GpuBuffer } from './buffer';
import { provideWebGpu } from './dawn';
import { type Argument, type Device, type DeviceFacts, type Helper, type Launch, sourceOfHelper } from './device';
import { type GpuInstance, type GpuJs, loadGpuJs, type WebGpuContext } from './gpujs';
import { KernelCache } from './kernel-cache';
import { groupsOf, translate, type WebGpuKernel, writeParameters } from './webgpu-kernel';
import { memoryOf, WebGpuMemory } from './webgpu-memory';
import { type Compute, compileShader, type Shader } from './wgsl-shader';

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
export class WebGpuDevice extends WebGpuMemory implements Device {
  readonly mode = 'webgpu';
  readonly facts: DeviceFacts;
  /** Storage buffers that a kernel may bind. */
  readonly bindings: number;
  /** Workgroups along an axis. */
  private readonly mostGroups: number;
  private readonly gpu: GpuInstance;
  private readonly kernels = new KernelCache<Compiled>(CAPACITY, ({ kernel, shader }) => {
    kernel.destroy();
    this.queue.drop(shader);
  });

  constructor(gpujs: GpuJs, context: WebGpuContext) {
    super(gpujs, context);
    const { limits } = this.device;
    this.bindings = limits.maxStorageBuffersPerShaderStage;
    this.mostGroups = limits.maxComputeWorkgroupsPerDimension;
    this.gpu = new gpujs.GPU({ mode: 'webgpu' });
    this.facts = factsOf(context);
  }

  launch({ key, source, helpers, output, args, loops }: Launch): GpuBuffer {
    this.errors.throwIfAny();
    this.requireBindings(args.filter((arg) => 'buffer' in arg).length + 1);
    // Pending work launches kernels of its own: before this one takes its place in the queue.
    const bindings = args.flatMap((arg): Binding[] =>
      'buffer' in arg ? [{ buffer: memoryOf(arg.buffer), offset: 0 }] : [],
    );
    const { kernel, shader } = this.kernels.get(`${key}/${output.length}`, () =>
      this.compile(source(), helpers(), output, args, loops),
    );
    const out = this.allocate(output.reduce((a, b) => a * b, 1));
    const groups = groupsOf(kernel, output, this.mostGroups);
    bindings.push({ buffer: memoryOf(out), offset: 0 });
    this.queue.dispatch(shader, (words) => writeParameters(kernel, words, output, groups, args), bindings, groups);
    this.counts.portable++;
    return out;
  }

  /** Runs WGSL of our own. */
  compute(job: Compute): void {
    this.errors.throwIfAny();
    this.requireBindings(Object.keys(job.reads).length + Object.keys(job.writes).length);
    // Pending work launches kernels of its own: before this one takes its place in the queue.
    for (const buffer of Object.values(job.reads)) void buffer.resource;
    for (const buffer of Object.values(job.writes)) {
      void buffer.resource;
      buffer.beforeWrite();
    }
    const apart = this.apart(job);
    const bound = [...Object.values({ ...job.reads, ...apart }), ...Object.values(job.writes)];
    this.queue.push(
      job,
      bound.map((buffer) => ({ buffer: memoryOf(buffer), offset: buffer.base * 4 })),
    );
    for (const copy of Object.values(apart)) this.free(copy);
    this.counts.own++;
  }

  /** Copies of what a job reads out of a GPUBuffer that it writes to elsewhere, which one dispatch may not do. */
  private apart({ reads, writes }: Compute): Record<string, GpuBuffer> {
    const written = new Set(Object.values(writes).map(memoryOf));
    const conflicts = Object.entries(reads).filter(([, buffer]) => written.has(memoryOf(buffer)));
    return Object.fromEntries(
      conflicts.map(([name, buffer]) => {
        const copy = this.allocate(buffer.length);
        this.copy(buffer, 0, copy, 0, buffer.length);
        return [name, copy];
      }),
    );
  }

  async dispose(): Promise<void> {
    this.queue.dispose();
    this.kernels.clear();
    this.clear();
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
    return {
      kernel,
      shader: compileShader(this.device, kernel.compiledSource, kernel.paramsLayout.arrayArgs.length, 1),
    };
  }

  private handle(arg: Argument): unknown {
    if (!('buffer' in arg)) return 'int' in arg ? arg.int : arg.float;
    const { resource } = arg.buffer;
    return arg.dims.length === 1 ? resource : this.wrap(memoryOf(arg.buffer), arg.dims);
  }

  private requireBindings(count: number): void {
    if (count > this.bindings) {
      throw new LimitExceeded('gpu', 'maxStorageBuffersPerShaderStage', count, this.bindings);
    }
  }
}
