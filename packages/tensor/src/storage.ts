// A counted reference to one buffer on one backend. The only place that counts live memory.
import type { Backend } from './backends/backend';

let liveBuffers = 0;
let liveBytes = 0;
let peakBytes = 0;
let collected = 0;

/** One buffer. Handles, views, and the graph each hold a reference; the last one to let go frees it. */
export class Storage {
  refs = 1;

  constructor(
    readonly backend: Backend,
    readonly buffer: unknown,
    readonly bytes: number,
    /** Host copy of integer data that was uploaded, for backends that sort ids there. */
    readonly host: Int32Array | null = null,
    /** Why there is no buffer: the kernel that should have filled it failed. */
    readonly error: Error | null = null,
  ) {
    if (error === null) {
      liveBuffers++;
      liveBytes += bytes;
      if (liveBytes > peakBytes) peakBytes = liveBytes;
    }
  }

  retain(): void {
    this.refs++;
  }

  release(): void {
    if (--this.refs === 0 && this.error === null) {
      liveBuffers--;
      liveBytes -= this.bytes;
      this.backend.free(this.buffer);
    }
  }
}

/** Counts of what is alive on all backends. */
export interface MemoryCounts {
  /** Buffers that have not been freed. */
  readonly buffers: number;
  /** Their bytes. */
  readonly bytes: number;
  /** The most bytes that were alive at once. */
  readonly peakBytes: number;
  /** Tensors that the garbage collector freed because nothing else had: dropped models, and leaks. */
  readonly collected: number;
}

/**
 * Live buffers and bytes.
 *
 * @example
 * ```ts
 * import { init, memory, tensor } from '@heddle/tensor';
 * await init();
 * const before = memory().buffers;
 * tensor([1, 2, 3]).dispose();
 * console.log(memory().buffers === before); // true
 * ```
 */
export function memory(): MemoryCounts {
  return { buffers: liveBuffers, bytes: liveBytes, peakBytes, collected };
}

/** Starts a new count of the peak. */
export function resetPeak(): void {
  peakBytes = liveBytes;
}

/** Notes that the collector freed a tensor. */
export function countCollected(): void {
  collected++;
}
