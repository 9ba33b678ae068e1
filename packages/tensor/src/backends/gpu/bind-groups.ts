// Bind groups that are kept: a training step takes as many as it has launches, and the next one takes the same again.
/// <reference types="@webgpu/types" />
import { BLOCK, type Shader } from './wgsl-shader';

/** How many are kept, of all shaders. */
const CAPACITY = 4096;

/** A buffer from some byte on. */
export interface Binding {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** Bind groups by shader and buffers. The pool gives each step the buffers of the last one, so that most are there. */
export class BindGroups {
  private readonly groups = new Map<Shader, Map<string, GPUBindGroup>>();
  private readonly ids = new WeakMap<GPUBuffer, number>();
  private nextId = 0;
  private count = 0;

  /** @param blocks holds the parameter blocks. */
  constructor(
    private readonly device: GPUDevice,
    private readonly blocks: GPUBuffer,
  ) {}

  get(shader: Shader, bindings: readonly Binding[]): GPUBindGroup {
    let key = '';
    for (const { buffer, offset } of bindings) key += `${this.idOf(buffer)}+${offset} `;
    const known = this.groups.get(shader)?.get(key);
    if (known !== undefined) return known;
    if (this.count === CAPACITY) {
      this.groups.clear();
      this.count = 0;
    }
    const made = this.device.createBindGroup({
      layout: shader.layout,
      entries: [
        { binding: 0, resource: { buffer: this.blocks, size: BLOCK } },
        ...bindings.map((resource, i) => ({ binding: i + 1, resource })),
      ],
    });
    const own = this.groups.get(shader);
    if (own === undefined) this.groups.set(shader, new Map([[key, made]]));
    else own.set(key, made);
    this.count++;
    return made;
  }

  /** Lets go of those of a shader that is no longer dispatched. */
  drop(shader: Shader): void {
    this.count -= this.groups.get(shader)?.size ?? 0;
    this.groups.delete(shader);
  }

  private idOf(buffer: GPUBuffer): number {
    const known = this.ids.get(buffer);
    if (known !== undefined) return known;
    this.ids.set(buffer, this.nextId);
    return this.nextId++;
  }
}
