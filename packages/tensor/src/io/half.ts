// The two 16-bit floats of checkpoints, widened to float32. Both are exact: every value of theirs is one of float32's.

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
