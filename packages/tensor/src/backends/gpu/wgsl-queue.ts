// Our own compute shaders: pipelines by source, parameters in a ring, many dispatches a submission.
/// <reference types="@webgpu/types" />
import type { GpuBuffer } from './buffer';
import type { BufferResult } from './gpujs';

/** A value of a shader's parameter block. */
export type Parameter = { readonly u32: number } | { readonly i32: number } | { readonly f32: number };

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

/** Bytes of one parameter block; the alignment that dynamic offsets need. */
const SLOT = 256;
const SLOTS = 256;
const COMPUTE = 4;
const UNIFORM_COPY_DST = 0x40 | 0x08;

interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Gathers dispatches and copies into one submission, until somebody needs the results in the device's queue. */
export class WgslQueue {
  private readonly pipelines = new Map<string, Pipeline>();
  private readonly ring: GPUBuffer;
  private readonly mirror = new Uint32Array((SLOT * SLOTS) / 4);
  private readonly floats = new Float32Array(this.mirror.buffer);
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  private used = 0;
  private isScheduled = false;
  private isDisposed = false;

  constructor(private readonly device: GPUDevice) {
    this.ring = device.createBuffer({ size: SLOT * SLOTS, usage: UNIFORM_COPY_DST });
  }

  push(job: Compute): void {
    if (this.used === SLOTS) this.flush();
    const { pipeline, layout } = this.pipelineOf(job);
    const slot = this.used++;
    this.write(slot, job.params);
    const entries: GPUBindGroupEntry[] = [{ binding: 0, resource: { buffer: this.ring, size: SLOT } }];
    for (const { resource, base } of [...Object.values(job.reads), ...Object.values(job.writes)]) {
      const { buffer } = resource as BufferResult;
      entries.push({ binding: entries.length, resource: { buffer, offset: base * 4 } });
    }
    this.pass ??= this.open().beginComputePass();
    this.pass.setPipeline(pipeline);
    this.pass.setBindGroup(0, this.device.createBindGroup({ layout, entries }), [slot * SLOT]);
    this.pass.dispatchWorkgroups(...job.groups);
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

  private write(slot: number, params: Compute['params']): void {
    let at = (slot * SLOT) / 4;
    for (const value of Object.values(params)) {
      if ('f32' in value) this.floats[at++] = value.f32;
      else this.mirror[at++] = 'u32' in value ? value.u32 : value.i32;
    }
  }

  private pipelineOf(job: Compute): Pipeline {
    const known = this.pipelines.get(job.key);
    if (known !== undefined) return known;
    const names = [...Object.keys(job.reads), ...Object.keys(job.writes)];
    const writable = (i: number): boolean => i >= names.length - Object.keys(job.writes).length;
    const layout = this.device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: SLOT } },
        ...names.map(
          (_, i): GPUBindGroupLayoutEntry => ({
            binding: i + 1,
            visibility: COMPUTE,
            buffer: { type: writable(i) ? 'storage' : 'read-only-storage' },
          }),
        ),
      ],
    });
    const fields = Object.entries(job.params).map(([name, value]) => `${name}: ${Object.keys(value)[0]}`);
    const code = [
      `struct Parameters { ${fields.join(', ')} }`,
      '@group(0) @binding(0) var<uniform> p: Parameters;',
      ...names.map((name, i) => {
        const access = writable(i) ? 'read_write' : 'read';
        return `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<f32>;`;
      }),
      job.source(),
    ].join('\n');
    const pipeline = this.device.createComputePipeline({
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.device.createShaderModule({ code }), entryPoint: 'main' },
    });
    const made = { pipeline, layout };
    this.pipelines.set(job.key, made);
    return made;
  }
}
