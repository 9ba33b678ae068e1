// The counter-based generator behind every random number: Philox4x32-10 (Salmon et al. 2011, "Parallel random
// numbers: as easy as 1, 2, 3"). Number i depends on (seed, offset + i) alone, so every backend draws the same.

import { ArgumentError } from './errors';

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/**
 * One block of four 32-bit numbers: counter `(c0, c1, 0, 0)` under key `(k0, k1)`, written to `out` at `at`.
 */
export function philox(c0: number, c1: number, k0: number, k1: number, out: Uint32Array, at = 0): void {
  let x0 = c0 >>> 0;
  let x1 = c1 >>> 0;
  let x2 = 0;
  let x3 = 0;
  for (let round = 0; round < 10; round++) {
    const hi0 = mulHigh(M0, x0);
    const lo0 = Math.imul(M0, x0) >>> 0;
    const hi1 = mulHigh(M1, x2);
    const lo1 = Math.imul(M1, x2) >>> 0;
    x0 = (hi1 ^ x1 ^ k0) >>> 0;
    x1 = lo1;
    x2 = (hi0 ^ x3 ^ k1) >>> 0;
    x3 = lo0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[at] = x0;
  out[at + 1] = x1;
  out[at + 2] = x2;
  out[at + 3] = x3;
}

// The upper half of a 64-bit product. The double's error is far below the 2³² that divides it, and what is divided is a
// multiple of that: rounding gives it exactly.
function mulHigh(a: number, b: number): number {
  const low = Math.imul(a, b) >>> 0;
  return ((a * b - low) * 2 ** -32 + 0.5) >>> 0;
}

/** Where in the stream a draw begins: the key and the 64-bit counter, each as two 32-bit halves. */
export interface RandomState {
  readonly seedLo: number;
  readonly seedHi: number;
  readonly offsetLo: number;
  readonly offsetHi: number;
}

/**
 * A seeded stream of random numbers. Same seed, same numbers, on every backend and machine.
 *
 * @example
 * ```ts
 * import { Generator } from '@heddle/tensor';
 * const generator = new Generator(42);
 * console.log(generator.uniform(3)); // Float64Array of three numbers in [0, 1)
 * ```
 */
export class Generator {
  private counter = 0;
  readonly seed: number;
  private readonly seedLo: number;
  private readonly seedHi: number;

  /** @param seed a whole number in `[0, 2^53)`. */
  constructor(seed = 0) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new ArgumentError('Generator', 'seed', 'a whole number in [0, 2^53)', String(seed));
    this.seed = seed;
    this.seedLo = seed >>> 0;
    this.seedHi = Math.floor(seed / 2 ** 32) >>> 0;
  }

  /** Reserves the next `count` numbers and says where they begin. */
  reserve(count: number): RandomState {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new ArgumentError('Generator', 'count', 'a whole number of at least 0', String(count));
    const offset = this.counter;
    this.counter += Math.ceil(count / 4);
    return { seedLo: this.seedLo, seedHi: this.seedHi, offsetLo: offset >>> 0, offsetHi: Math.floor(offset / 2 ** 32) };
  }

  /** `count` whole numbers in `[0, 2^32)`. */
  bits(count: number): Uint32Array {
    return randomBits(this.reserve(count), count);
  }

  /** `count` numbers in `[0, 1)`, multiples of 2^-24 and so exact in float32. */
  uniform(count: number): Float64Array {
    const bits = this.bits(count);
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) out[i] = (bits[i] >>> 8) * 2 ** -24;
    return out;
  }

  /** `count` standard normal numbers (Box–Muller). */
  normal(count: number): Float64Array {
    const pairs = Math.ceil(count / 2);
    if (!Number.isInteger(count)) this.reserve(count); // throws
    const bits = this.bits(pairs * 2);
    const out = new Float64Array(pairs * 2);
    for (let i = 0; i < pairs; i++) {
      const radius = Math.sqrt(-2 * Math.log(((bits[2 * i] >>> 8) + 1) * 2 ** -24));
      const angle = 2 * Math.PI * (bits[2 * i + 1] >>> 8) * 2 ** -24;
      out[2 * i] = radius * Math.cos(angle);
      out[2 * i + 1] = radius * Math.sin(angle);
    }
    return out.subarray(0, count);
  }

  /** A random order of `0 … count - 1` (Fisher–Yates). */
  permutation(count: number): Int32Array {
    const bits = this.bits(count);
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor((bits[i] / 2 ** 32) * (i + 1));
      const held = order[i];
      order[i] = order[j];
      order[j] = held;
    }
    return order;
  }

  /** Everything needed to go on from here. */
  state(): { readonly seed: number; readonly counter: number } {
    return { seed: this.seed, counter: this.counter };
  }

  /** Goes to a place that `state()` gave. The seed must be this generator's own. */
  restore(state: { readonly seed: number; readonly counter: number }): void {
    if (state?.seed !== this.seed)
      throw new ArgumentError('Generator', 'state', `seed ${this.seed}`, String(state?.seed));
    if (!Number.isSafeInteger(state.counter) || state.counter < 0)
      throw new ArgumentError('Generator', 'state.counter', 'a whole number of at least 0', String(state.counter));
    this.counter = state.counter;
  }
}

/** The `count` numbers that a reserved place in a stream stands for. */
export function randomBits(at: RandomState, count: number): Uint32Array {
  const blocks = Math.ceil(count / 4);
  const out = new Uint32Array(blocks * 4);
  for (let block = 0; block < blocks; block++) {
    const low = at.offsetLo + block;
    philox(low >>> 0, at.offsetHi + (low >= 2 ** 32 ? 1 : 0), at.seedLo, at.seedHi, out, block * 4);
  }
  return out.subarray(0, count);
}
