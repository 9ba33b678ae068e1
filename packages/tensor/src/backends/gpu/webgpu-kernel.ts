// Builds a gpu.js kernel for webgpu at once. gpu.js translates at once too, but then waits for the device's verdict, so
// that the first call of each kernel would come after calls of kernels that are ready. Errors come to the device's
// handler instead. Tied to 2.24.1: the fields here are not part of its interface, hence the exact version.
/// <reference types="@webgpu/types" />
import type { KernelObject, WebGpuContext } from './gpujs';

const COMPUTE = 4;
const UNIFORM_COPY_DST = 0x40 | 0x08;

/** What gpu.js's kernel object holds on webgpu. */
export interface WebGpuKernel extends KernelObject {
  readonly compiledSource: string;
  readonly paramsLayout: { readonly arrayArgs: readonly unknown[]; readonly byteLength: number };
  context: WebGpuContext;
  built: boolean;
  outputBuffer: GPUBuffer | null;
  bindGroupDirty: boolean;
  build(...args: readonly unknown[]): Promise<void>;
  run(...args: readonly unknown[]): Promise<unknown>;
  setOutput(output: readonly number[]): unknown;
}

/** The fields that `_buildAsync` would set. */
interface Unbuilt extends WebGpuKernel {
  _device: GPUDevice;
  bindGroupLayout: GPUBindGroupLayout;
  computePipeline: GPUComputePipeline;
  paramsBuffer: GPUBuffer;
  paramsMirror: ArrayBuffer;
  paramsU32: Uint32Array;
  paramsI32: Int32Array;
  paramsF32: Float32Array;
  constantBuffers: GPUBuffer[];
  _buildAsync(): Promise<void>;
  _ensureOutputBuffer(): void;
}

/** Compiles `kernel` for these arguments and makes it take its output buffer from whoever runs it. */
export function buildNow(kernel: WebGpuKernel, context: WebGpuContext, args: readonly unknown[]): void {
  const unbuilt = kernel as Unbuilt;
  unbuilt._ensureOutputBuffer = () => undefined;
  unbuilt._buildAsync = () => {
    finish(unbuilt, context);
    return Promise.resolve();
  };
  void unbuilt.build(...args);
}

function finish(kernel: Unbuilt, context: WebGpuContext): void {
  const { device } = context;
  const { arrayArgs, byteLength } = kernel.paramsLayout;
  const entries: GPUBindGroupLayoutEntry[] = [{ binding: 0, visibility: COMPUTE, buffer: { type: 'uniform' } }];
  for (let i = 1; i <= arrayArgs.length; i++) {
    entries.push({ binding: i, visibility: COMPUTE, buffer: { type: 'read-only-storage' } });
  }
  entries.push({ binding: arrayArgs.length + 1, visibility: COMPUTE, buffer: { type: 'storage' } });
  kernel.context = context;
  kernel._device = device;
  kernel.bindGroupLayout = device.createBindGroupLayout({ entries });
  kernel.computePipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [kernel.bindGroupLayout] }),
    compute: { module: device.createShaderModule({ code: kernel.compiledSource }), entryPoint: 'main' },
  });
  kernel.paramsBuffer = device.createBuffer({ size: byteLength, usage: UNIFORM_COPY_DST });
  kernel.paramsMirror = new ArrayBuffer(byteLength);
  kernel.paramsU32 = new Uint32Array(kernel.paramsMirror);
  kernel.paramsI32 = new Int32Array(kernel.paramsMirror);
  kernel.paramsF32 = new Float32Array(kernel.paramsMirror);
  kernel.constantBuffers = [];
  kernel.bindGroupDirty = true;
  kernel.built = true;
}
