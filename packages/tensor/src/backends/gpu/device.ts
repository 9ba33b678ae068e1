// What kernels are written against: buffers that stay on the device, and launches of gpu.js kernels on them.
// Two devices implement it, one a mode.
import type { GpuBuffer } from './buffer';
import type { KernelFunction } from './gpujs';
import type { Parts, Piece } from './parts';

/** Which of gpu.js's modes runs. Its CPU modes are never used. */
export type Mode = 'webgpu' | 'webgl2';

/** What a kernel is called with. `dims` are the sizes that `x[i][j]` counts with, innermost first. */
export type Argument =
  | { readonly buffer: GpuBuffer; readonly dims: readonly number[] }
  | { readonly int: number }
  | { readonly float: number };

/** A function of numbers that a kernel calls. */
export interface Helper {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: string;
}

/** One gpu.js kernel call. */
export interface Launch {
  /** Kernels with the same key have the same source. */
  readonly key: string;
  readonly source: () => string;
  readonly helpers: () => readonly Helper[];
  /** Threads along x, y, z. */
  readonly output: readonly number[];
  readonly args: readonly Argument[];
  /** The most turns that a loop bounded by data takes: gpu.js cuts such loops off. */
  readonly loops: number;
  /** True for a kernel that isn't worth keeping. */
  readonly once: boolean;
}

/** Counts that tests and `backendInfo()` read. */
export interface Counts {
  /** gpu.js kernels launched. */
  portable: number;
  /** Kernels of our own launched. */
  own: number;
  /** gpu.js kernels compiled, evicted ones included. */
  compiled: number;
  /** Times that something was read back. */
  reads: number;
}

/** What the device says about itself. */
export interface DeviceFacts {
  readonly adapter: string;
  readonly vendor: string;
  /** True for SwiftShader, llvmpipe and the like: a processor that plays a GPU. */
  readonly software: boolean;
  readonly limits: Readonly<Record<string, number>>;
}

/** A device with its memory and its cache of kernels. */
export interface Device {
  readonly mode: Mode;
  readonly facts: DeviceFacts;
  readonly counts: Counts;
  /** True where device or context is gone. */
  readonly isLost: boolean;
  /** Bytes of the largest buffer that kernels can read. */
  readonly largestBuffer: number;
  /** Bytes taken on the device, idle ones included. */
  readonly reservedBytes: number;
  /** Runs a kernel into a new buffer. */
  launch(launch: Launch): GpuBuffer;
  upload(data: Float32Array): GpuBuffer;
  /**
   * Elements side by side in a new buffer, in this order and each from a multiple of `PART` on, with zeros between them.
   * `isOnce` says that these will not be joined again.
   */
  join(pieces: readonly Piece[], isOnce: boolean): GpuBuffer;
  /** Which buffers are parts of a shared one, which is freed with the last of them. */
  readonly parts: Parts;
  read(buffer: GpuBuffer, offset: number, count: number): Promise<Float32Array>;
  free(buffer: GpuBuffer): void;
  dispose(): Promise<void>;
}

/** True for the names that software rasterisers go by. */
export function isSoftware(name: string): boolean {
  return /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|warp/i.test(name);
}

/** A helper as gpu.js takes it. */
export function sourceOfHelper({ name, parameters, body }: Helper): KernelFunction {
  return {
    source: `function ${name}(${parameters.join(', ')}) {\n${body}\n}`,
    settings: { argumentTypes: Object.fromEntries(parameters.map((key) => [key, 'Number'])), returnType: 'Number' },
  };
}
