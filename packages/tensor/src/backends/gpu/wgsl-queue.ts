// One queue for all compute shaders, our own and those that gpu.js wrote: parameters in a ring, many dispatches and copies
// a submission.
/// <reference types="@webgpu/types" />
import { BindGroups, type Binding } from './bind-groups';
import { BLOCK, type Compute, compileOwn, type Shader, type Words, writeOwn } from './wgsl-shader';

/** Dispatches of one submission: the device begins while the thread still writes down the next ones. */
const MOST_DISPATCHES = 32;
const UNIFORM_COPY_DST = 0x40 | 0x08;

/** Gathers dispatches and copies into one submission, until somebody needs the results in the device's queue. */
export class WgslQueue {
  /** Our own shaders by key. */
  private readonly own = new Map<string, Shader>();
  /** Parameter blocks of one submission, and what will be written there. */
  private readonly ring: GPUBuffer;
  private readonly mirror = new Uint32Array((BLOCK * MOST_DISPATCHES) / 4);
  private readonly integers = new Int32Array(this.mirror.buffer);
  private readonly floats = new Float32Array(this.mirror.buffer);
  private readonly groups: BindGroups;
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  /** Dispatches since the last submission. */
  private used = 0;
  private isScheduled = false;
  private isDisposed = false;

  constructor(private readonly device: GPUDevice) {
    this.ring = device.createBuffer({ size: BLOCK * MOST_DISPATCHES, usage: UNIFORM_COPY_DST });
    this.groups = new BindGroups(device, this.ring);
  }

  /** Dispatches a shader of ours, whose buffers are bound in the order of its `reads` and `writes`. */
  push(job: Compute, bindings: readonly Binding[]): void {
    let shader = this.own.get(job.key);
    if (shader === undefined) {
      shader = compileOwn(this.device, job);
      this.own.set(job.key, shader);
    }
    this.dispatch(shader, (words) => writeOwn(words, job.params), bindings, job.groups);
  }

  /** Dispatches any shader; `write` fills in its parameters. */
  dispatch(
    shader: Shader,
    write: (words: Words) => void,
    bindings: readonly Binding[],
    groups: readonly [number, number, number],
  ): void {
    if (this.used === MOST_DISPATCHES) this.flush();
    const byte = this.used++ * BLOCK;
    write({ u32: this.mirror, i32: this.integers, f32: this.floats, at: byte / 4 });
    this.pass ??= this.open().beginComputePass();
    this.pass.setPipeline(shader.pipeline);
    this.pass.setBindGroup(0, this.groups.get(shader, bindings), [byte]);
    this.pass.dispatchWorkgroups(...groups);
  }

  /** Lets go of a shader that is no longer dispatched. */
  drop(shader: Shader): void {
    this.groups.drop(shader);
  }

  copy(from: GPUBuffer, fromByte: number, to: GPUBuffer, toByte: number, bytes: number): void {
    this.endPass();
    this.open().copyBufferToBuffer(from, fromByte, to, toByte, bytes);
  }

  /** Writes zeros. */
  clear(buffer: GPUBuffer, fromByte: number, bytes: number): void {
    this.endPass();
    this.open().clearBuffer(buffer, fromByte, bytes);
  }

  /** Submits what was gathered. */
  flush(): void {
    if (this.encoder === null) return;
    this.endPass();
    if (this.used > 0) this.device.queue.writeBuffer(this.ring, 0, this.mirror, 0, (this.used * BLOCK) / 4);
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
}
