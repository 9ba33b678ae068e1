// Compute shaders: our own WGSL with its parameters and buffers, and what any of them, gpu.js's too, is compiled to.
/// <reference types="@webgpu/types" />
import type { GpuBuffer } from './buffer';

/** A value of a shader's parameter block: a plain number is a u32. */
export type Parameter = number | { readonly i32: number } | { readonly f32: number };

/** One dispatch of a shader of ours. */
export interface Compute {
  /** Shaders with the same key have the same source. */
  readonly key: string;
  /** WGSL below the bindings: `p` holds the parameters; buffers have the names given here. */
  readonly source: () => string;
  readonly params: Readonly<Record<string, Parameter>>;
  readonly reads: Readonly<Record<string, GpuBuffer>>;
  readonly writes: Readonly<Record<string, GpuBuffer>>;
  readonly groups: readonly [number, number, number];
}

/** A compiled shader, whoever wrote it: its parameters are binding 0, its buffers follow. */
export interface Shader {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Bytes of one parameter block: as much as the most arguments that a gpu.js kernel may have, in steps of 256. */
export const BLOCK = 512;

/** The memory of a parameter block, which begins at word `at`. */
export interface Words {
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly at: number;
}

const COMPUTE = 4;

/** Compiles WGSL that binds so many buffers to read, then so many to write. */
export function compileShader(device: GPUDevice, code: string, reads: number, writes: number): Shader {
  const layout = device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: BLOCK } },
      ...Array.from(
        { length: reads + writes },
        (_, i): GPUBindGroupLayoutEntry => ({
          binding: i + 1,
          visibility: COMPUTE,
          buffer: { type: i < reads ? 'read-only-storage' : 'storage' },
        }),
      ),
    ],
  });
  const pipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  });
  return { pipeline, layout };
}

/** Compiles a shader of ours, with the declarations of what it is given. */
export function compileOwn(device: GPUDevice, { params, reads, writes, source }: Compute): Shader {
  const [read, written] = [Object.keys(reads), Object.keys(writes)];
  const fields = Object.entries(params).map(([name, value]) => `${name}: ${typeOf(value)}`);
  const code = [
    `struct Parameters { ${fields.join(', ')} }`,
    '@group(0) @binding(0) var<uniform> p: Parameters;',
    ...[...read, ...written].map((name, i) => {
      const access = i < read.length ? 'read' : 'read_write';
      return `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<f32>;`;
    }),
    source(),
  ].join('\n');
  return compileShader(device, code, read.length, written.length);
}

/** Fills in the parameters of a shader of ours. */
export function writeOwn({ u32, i32, f32, at }: Words, params: Compute['params']): void {
  let word = at;
  for (const value of Object.values(params)) {
    if (typeof value === 'number') u32[word++] = value;
    else if ('f32' in value) f32[word++] = value.f32;
    else i32[word++] = value.i32;
  }
}

function typeOf(value: Parameter): 'u32' | 'i32' | 'f32' {
  if (typeof value === 'number') return 'u32';
  return 'f32' in value ? 'f32' : 'i32';
}
