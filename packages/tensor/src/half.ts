// The two 16-bit floats of checkpoints: widened to float32, which is exact, and rounded from it.
import type { HalfFormat } from './fused/packed';

let table: Float32Array | null = null;

/** All 65,536 values of IEEE float16: 1 sign, 5 exponent, 10 fraction bits. */
function float16Values(): Float32Array {
  if (table !== null) return table;
  table = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return table;
}

/** Widens into `out`, and returns it. */
export function widenFloat16(bits: Uint16Array, out: Float32Array): Float32Array {
  const values = float16Values();
  for (let i = 0; i < bits.length; i++) out[i] = values[bits[i]];
  return out;
}

/** The same for bfloat16, which is the upper half of a float32. */
export function widenBfloat16(bits: Uint16Array, out: Float32Array): Float32Array {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return out;
}

/** Rounds to the nearest float16, ties to even, as PyTorch does: what is too large becomes infinite. */
export function narrowFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const sign = (words[i] >>> 16) & 0x8000;
    const size = words[i] & 0x7fff_ffff;
    out[i] = sign | float16Size(size, values[i]);
  }
  return out;
}

/** The bits of a float16 without its sign, from those of a float32. */
function float16Size(size: number, value: number): number {
  if (size > 0x7f80_0000) return 0x7e00; // no number
  if (size >= 0x477f_f000) return 0x7c00; // from 65,520 on
  // Below 2^-14 the last place is always 2^-24; adding 2^52 rounds a double to whole numbers.
  if (size < 0x3880_0000) return Math.abs(value) * 2 ** 24 + 2 ** 52 - 2 ** 52;
  return (size + 0xfff + ((size >>> 13) & 1) - 0x3800_0000) >>> 13; // exponents count from 15, not from 127
}

/** The same for bfloat16. */
export function narrowBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const nan = (word & 0x7fff_ffff) > 0x7f80_0000;
    out[i] = nan ? 0x7fc0 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return out;
}

/**
 * Floats rounded to the nearest that 16 bits hold, ties to even, as PyTorch rounds: a new array.
 *
 * @example
 * ```ts
 * import { roundHalf } from '@heddle/tensor/io';
 * console.log(roundHalf(Float32Array.of(1.001), 'bfloat16')); // [ 1 ]
 * ```
 */
export function roundHalf(values: Float32Array, format: HalfFormat): Float32Array {
  const out = new Float32Array(values.length);
  if (format === 'bfloat16') return widenBfloat16(narrowBfloat16(values), out);
  return widenFloat16(narrowFloat16(values), out);
}
