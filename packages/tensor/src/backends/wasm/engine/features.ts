// What this machine's WebAssembly can do, found out by validating tiny modules. Nothing is loaded here.

/** SIMD level of the kernels. */
export type Simd = 'plain' | 'relaxed';

// A function of no arguments that gives i8x16.popcnt(i8x16.splat(0)).
const SIMD_MODULE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];

// A function of no arguments that gives i8x16.relaxed_swizzle of two splats.
const RELAXED_MODULE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
];

/** True where WebAssembly runs 128-bit SIMD. */
export function hasSimd(): boolean {
  return runs(SIMD_MODULE);
}

/** True where WebAssembly runs relaxed SIMD, which has the fused multiply-add. */
export function hasRelaxedSimd(): boolean {
  return runs(RELAXED_MODULE);
}

// There is no WebAssembly at all in Safari's Lockdown Mode, nor where V8 is told not to compile.
function runs(module: readonly number[]): boolean {
  return typeof WebAssembly !== 'undefined' && WebAssembly.validate(new Uint8Array(module));
}

/** True where threads can share a WebAssembly memory. */
export function hasSharedMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

/** True where this thread may block: everywhere but on a browser's page. */
export function canBlock(): boolean {
  if (!hasSharedMemory()) return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** True in Node.js. */
export function isNode(): boolean {
  return typeof process === 'object' && typeof process.versions?.node === 'string';
}

/** Processors that the system offers; 1 where it doesn't say. */
export async function hardwareThreads(): Promise<number> {
  if (!isNode()) return globalThis.navigator?.hardwareConcurrency ?? 1;
  const { availableParallelism } = process.getBuiltinModule('node:os');
  return availableParallelism();
}
