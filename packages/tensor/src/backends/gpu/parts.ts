// Several buffers in one resource of the device, a texture or a GPUBuffer, so that a single kernel goes over all of them.
import { GpuBuffer } from './buffer';
import type { Resident } from './gpujs';

/** Elements at whose multiples parts begin: every WebGPU device lets bindings begin there. */
export const PART = 64;

/** Elements that a part of a shared resource takes. */
export function partSize(length: number): number {
  return Math.max(Math.ceil(length / PART), 1) * PART;
}

/** Elements of a buffer, in order. */
export interface Piece {
  readonly buffer: GpuBuffer;
  readonly offset: number;
  readonly size: number;
}

/** Which resources several buffers share. */
export class Parts {
  private readonly sharers = new Map<Resident, number>();

  /** Takes a buffer apart into parts that lie there in this order. It is no handle of anything afterwards. */
  split({ resource }: GpuBuffer, lengths: readonly number[]): readonly GpuBuffer[] {
    this.sharers.set(resource, lengths.length);
    let end = 0;
    return lengths.map((length) => {
      const base = end;
      end += partSize(length);
      return new GpuBuffer({ resource, base }, length);
    });
  }

  /** True for one of several parts. */
  has({ resource }: GpuBuffer): boolean {
    return this.sharers.has(resource);
  }

  /** Lets go of a buffer's share; true where nobody else has one. */
  release(resource: Resident): boolean {
    const left = (this.sharers.get(resource) ?? 1) - 1;
    if (left > 0) this.sharers.set(resource, left);
    else this.sharers.delete(resource);
    return left === 0;
  }
}
