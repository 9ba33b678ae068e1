// One queue for all compute shaders, our own and those that gpu.js wrote: parameters in a ring, bind groups kept, many
// dispatches a submission.
/// <reference types="@webgpu/types" />
import type { GpuBuffer } from './buffer';
import type { BufferResult } from './gpujs';

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

/** Bytes of one parameter block: as much as the most arguments that a gpu.js kernel may have, in steps of 256. */
const SLOT = 512;
/** Dispatches of one submission: the device begins while the thread still writes down the next ones. */
const SLOTS = 32;
const COMPUTE = 4;
const UNIFORM_COPY_DST = 0x40 | 0x08;

/** Bind groups that are kept: a training step takes as many as it has launches, and the next one takes the same again. */
const KEPT = 4096;

/** A compiled shader, whoever wrote it: its parameters are binding 0, its buffers follow. */
export interface Shader {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** By the buffers that they bind. */
  readonly groups: Map<string, GPUBindGroup>;
}

/** The memory of a parameter block, which begins at word `at`. */
export interface Words {
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly at: number;
}

/** A buffer from some byte on. */
export interface Binding {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** Gathers dispatches and copies into one submission, until somebody needs the results in the device's queue. */
export class WgslQueue {
  /** Our own shaders by key. */
  private readonly own = new Map<string, Shader>();
  private readonly shaders = new Set<Shader>();
  private readonly ring: GPUBuffer;
  private readonly mirror = new Uint32Array((SLOT * SLOTS) / 4);
  private readonly integers = new Int32Array(this.mirror.buffer);
  private readonly floats = new Float32Array(this.mirror.buffer);
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  private used = 0;
  private readonly ids = new WeakMap<GPUBuffer, number>();
  private nextId = 0;
  /** Bind groups of all shaders. */
  private kept = 0;
  private isScheduled = false;
  private isDisposed = false;

  constructor(private readonly device: GPUDevice) {
    this.ring = device.createBuffer({ size: SLOT * SLOTS, usage: UNIFORM_COPY_DST });
  }

  /** Dispatches a shader of ours. */
  push(job: Compute): void {
    const buffers = [...Object.values(job.reads), ...Object.values(job.writes)].map(
      ({ resource, base }): Binding => ({ buffer: (resource as BufferResult).buffer, offset: base * 4 }),
    );
    this.dispatch(this.ownShader(job), (words) => writeParameters(words, job.params), buffers, job.groups);
  }

  /** Dispatches any shader; `write` fills in its parameters. */
  dispatch(
    shader: Shader,
    write: (words: Words) => void,
    buffers: readonly Binding[],
    groups: readonly [number, number, number],
  ): void {
    if (this.used === SLOTS) this.flush();
    const slot = this.used++;
    write({ u32: this.mirror, i32: this.integers, f32: this.floats, at: (slot * SLOT) / 4 });
    this.pass ??= this.open().beginComputePass();
    this.pass.setPipeline(shader.pipeline);
    this.pass.setBindGroup(0, this.bindGroupOf(shader, buffers), [slot * SLOT]);
    this.pass.dispatchWorkgroups(...groups);
  }

  /** Compiles WGSL that binds so many buffers to read, then so many to write. */
  compile(code: string, reads: number, writes: number): Shader {
    const layout = this.device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: SLOT } },
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
    const pipeline = this.device.createComputePipeline({
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.device.createShaderModule({ code }), entryPoint: 'main' },
    });
    const shader = { pipeline, layout, groups: new Map<string, GPUBindGroup>() };
    this.shaders.add(shader);
    return shader;
  }

  /** Lets go of a shader that is no longer dispatched. */
  drop(shader: Shader): void {
    this.kept -= shader.groups.size;
    this.shaders.delete(shader);
  }

  /** The bind group of these buffers. The pool gives each step the buffers of the last one, so that most are there. */
  private bindGroupOf({ layout, groups }: Shader, buffers: readonly Binding[]): GPUBindGroup {
    let key = '';
    for (const { buffer, offset } of buffers) key += `${this.idOf(buffer)}+${offset} `;
    const known = groups.get(key);
    if (known !== undefined) return known;
    if (this.kept === KEPT) {
      for (const shader of this.shaders) shader.groups.clear();
      this.kept = 0;
    }
    const group = this.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: this.ring, size: SLOT } },
        ...buffers.map((resource, i) => ({ binding: i + 1, resource })),
      ],
    });
    groups.set(key, group);
    this.kept++;
    return group;
  }

  private idOf(buffer: GPUBuffer): number {
    const known = this.ids.get(buffer);
    if (known !== undefined) return known;
    this.ids.set(buffer, this.nextId);
    return this.nextId++;
  }

  copy(from: GPUBuffer, fromByte: number, to: GPUBuffer, toByte: number, bytes: number): void {
    this.endPass();
    this.open().copyBufferToBuffer(from, fromByte, to, toByte, bytes);
  }

  /** Submits what was gathered. */
  flush(): void {
    if (this.encoder === null) return;
    this.endPass();
    if (this.used > 0) this.device.queue.writeBuffer(this.ring, 0, this.mirror, 0, (this.used * SLOT) / 4);
    this.device.queue.submit([this.encoder.finish()]);
    this.encoder = null;
    this.used = 0;
  }

  dispose(): void {
    this.isDisposed = true;
    this.endPass();
    this.encoder = null;
    this.ring.destroy();
  }

  private open(): GPUCommandEncoder {
    if (this.encoder !== null) return this.encoder;
    this.encoder = this.device.createCommandEncoder();
    // Work that nobody asks about starts too, once the synchronous part of the program is over.
    if (!this.isScheduled) {
      this.isScheduled = true;
      queueMicrotask(() => {
        this.isScheduled = false;
        if (!this.isDisposed) this.flush();
      });
    }
    return this.encoder;
  }

  private endPass(): void {
    this.pass?.end();
    this.pass = null;
  }

  private ownShader(job: Compute): Shader {
    const known = this.own.get(job.key);
    if (known !== undefined) return known;
    const [reads, writes] = [Object.keys(job.reads), Object.keys(job.writes)];
    const fields = Object.entries(job.params).map(([name, value]) => `${name}: ${typeOf(value)}`);
    const code = [
      `struct Parameters { ${fields.join(', ')} }`,
      '@group(0) @binding(0) var<uniform> p: Parameters;',
      ...[...reads, ...writes].map((name, i) => {
        const access = i < reads.length ? 'read' : 'read_write';
        return `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<f32>;`;
      }),
      job.source(),
    ].join('\n');
    const shader = this.compile(code, reads.length, writes.length);
    this.own.set(job.key, shader);
    return shader;
  }
}

function writeParameters({ u32, i32, f32, at }: Words, params: Compute['params']): void {
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
