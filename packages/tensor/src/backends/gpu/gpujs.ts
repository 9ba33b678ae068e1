// The part of gpu.js 2.24.1 that this backend relies on, typed: its own declarations leave out what matters here.
// Nothing runs but the import.
/// <reference types="@webgpu/types" />
import { BackendError } from '../../errors';

/** The version that this backend was written and tested against. */
export const GPU_JS_VERSION = '2.24.1';

/** A result that stays on the device. */
export interface Resident {
  readonly output: readonly number[];
  delete(): void;
}

/** A result on webgpu: a storage buffer. */
export interface BufferResult extends Resident {
  readonly buffer: GPUBuffer;
}

/** A result on webgl2: a texture with one float a texel. */
export interface TextureResult extends Resident {
  readonly texture: WebGLTexture;
  /** Width and height in texels. */
  readonly size: readonly number[];
  /** The kernel, by whose method it is deleted where there is one. */
  kernel: object;
}

/** The device that all webgpu kernels of gpu.js share. */
export interface WebGpuContext {
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
  readonly isLost: boolean;
}

/** Settings of a kernel. */
export interface KernelSettings {
  readonly output: readonly number[];
  readonly pipeline: true;
  readonly immutable: true;
  readonly precision: 'single';
  readonly tactic: 'precision';
  readonly loopMaxIterations: number;
  readonly argumentTypes: readonly string[];
  readonly dynamicOutput?: boolean;
  readonly functions?: readonly KernelFunction[];
}

/** A function that a kernel calls, with numbers and a number. */
export interface KernelFunction {
  readonly source: string;
  readonly settings: { readonly argumentTypes: Readonly<Record<string, 'Number'>>; readonly returnType: 'Number' };
}

/** The kernel behind a shortcut. */
export interface KernelObject {
  readonly fallbackReason: string | null;
  destroy(): void;
}

/** The kernel behind a shortcut on webgl2. */
export interface WebGl2Kernel extends KernelObject {
  /** Textures that go when the kernel is destroyed: its first result, whoever holds that, is one of them. */
  readonly textureCache: WebGLTexture[];
}

/** A kernel as `createKernel` returns it. */
export interface Shortcut {
  (...args: readonly unknown[]): unknown;
  readonly kernel: KernelObject;
  destroy(): void;
}

/** Where kernels of one mode come from. */
export interface GpuInstance {
  createKernel(source: string, settings: KernelSettings): Shortcut;
  destroy(): Promise<void> | undefined;
}

/** A class that `instanceof` can ask for. */
type Class = abstract new (...args: never[]) => unknown;

/** What gpu.js exports. */
export interface GpuJs {
  readonly GPU: new (settings: {
    readonly mode: string;
    readonly canvas?: unknown;
    readonly context?: unknown;
  }) => GpuInstance;
  input(data: Float32Array, size: readonly number[]): unknown;
  readonly WebGPUContext: { acquire(): Promise<WebGpuContext>; destroy(): Promise<void> };
  readonly WebGPUBufferResult: new (settings: {
    readonly buffer: GPUBuffer;
    readonly output: readonly number[];
    readonly componentCount: 1;
    readonly context: WebGpuContext;
    readonly kernel: null;
  }) => BufferResult;
  readonly WebGPUKernel: Class;
  readonly WebGL2Kernel: Class;
}

/** Imports gpu.js, which is an optional peer of this package. */
export async function loadGpuJs(): Promise<GpuJs> {
  try {
    // Its exports come as named ones from bundlers and as a default from CommonJS interop.
    const loaded: unknown = await import('gpu.js');
    const named = loaded as GpuJs & { readonly default?: GpuJs };
    return named.WebGPUContext === undefined && named.default !== undefined ? named.default : named;
  } catch (cause) {
    throw new BackendError('gpu', `gpu.js is not installed: npm install gpu.js@${GPU_JS_VERSION}`, { cause });
  }
}
