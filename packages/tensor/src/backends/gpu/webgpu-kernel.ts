// What gpu.js makes of a kernel on webgpu: WGSL, and where its parameters lie. It translates at once, but then waits for
// the device's verdict and submits each launch by itself; we take the WGSL and launch it in one queue with our own
// shaders. Errors come to the device's handler. Tied to 2.24.1: the fields here are not part of its interface, hence the
// exact version.
import type { Argument } from './device';
import type { KernelObject } from './gpujs';
import type { Words } from './wgsl-shader';

/** What gpu.js's kernel object holds once it has translated its source. Offsets are bytes of the parameter block. */
export interface WebGpuKernel extends KernelObject {
  readonly compiledSource: string;
  readonly workgroupSize: readonly [number, number, number];
  readonly paramsLayout: {
    readonly arrayArgs: readonly { readonly index: number; readonly dimsOffset: number }[];
    readonly scalarArgs: readonly { readonly index: number; readonly offset: number; readonly type: string }[];
    readonly byteLength: number;
  };
  build(...args: readonly unknown[]): Promise<void>;
}

/** Translates the source for these arguments, and stops there. */
export function translate(kernel: WebGpuKernel, args: readonly unknown[]): void {
  const unbuilt = kernel as WebGpuKernel & { _buildAsync(): Promise<void> };
  unbuilt._buildAsync = () => Promise.resolve();
  void unbuilt.build(...args);
}

/** Workgroups for as many threads. More along one axis than a device takes go on along y. */
export function groupsOf(
  { workgroupSize: [x, y, z] }: WebGpuKernel,
  output: readonly number[],
  most: number,
): readonly [number, number, number] {
  const [across, down = 1, deep = 1] = output;
  const line = Math.ceil(across / x);
  if (output.length > 1 || line <= most) return [line, Math.ceil(down / y), Math.ceil(deep / z)];
  const lines = Math.ceil(line / most);
  return [Math.ceil(line / lines), lines, 1];
}

/** Writes what gpu.js would: threads, the sizes of each array, the numbers. */
export function writeParameters(
  { paramsLayout, workgroupSize }: WebGpuKernel,
  { u32, i32, f32, at }: Words,
  output: readonly number[],
  groups: readonly number[],
  args: readonly Argument[],
): void {
  for (let i = 0; i < 3; i++) u32[at + i] = output[i] ?? 1;
  u32[at + 3] = output.length === 1 ? groups[0] * workgroupSize[0] : 0;
  for (const { index, dimsOffset } of paramsLayout.arrayArgs) {
    const arg = args[index];
    if (!('buffer' in arg)) continue;
    const [x, y = 1, z = 1] = arg.dims;
    u32.set([x, y, z, x * y], at + dimsOffset / 4);
  }
  for (const { index, offset } of paramsLayout.scalarArgs) {
    const arg = args[index];
    if ('int' in arg) i32[at + offset / 4] = arg.int;
    else if ('float' in arg) f32[at + offset / 4] = arg.float;
  }
}
