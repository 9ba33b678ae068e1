// What every instance of the module has of its own, one instance a thread. No numerics here.

/** Bytes of scratch memory that each thread owns; the TypeScript side allocates as many (`SCRATCH_BYTES`). */
export const SCRATCH_BYTES: i32 = 1 << 20;

let scratchBase: usize = 0;

/** Called once an instance, before any kernel runs on it. */
export function setScratch(base: usize): void {
  scratchBase = base;
}

/** This thread's scratch memory, 64-byte aligned. It holds nothing between two calls of a kernel. */
export function scratch(): usize {
  return scratchBase;
}

/** Where static data ends and the allocator's memory may start. */
export function heapBase(): usize {
  return __heap_base;
}

const CONSTANTS = memory.data(16 * 512, 16);

/** Where the build puts the vector constants of all kernels (scripts/pool-constants.mjs), 512 at most. */
export function constants(): usize {
  return CONSTANTS;
}

/** Does nothing: measures what a launch costs. */
export function noop(args: usize, from: i32, to: i32): void {}
