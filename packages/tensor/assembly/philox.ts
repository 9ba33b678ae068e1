// The counter-based generator, Philox4x32-10 (Salmon et al. 2011): four counters at once, one a lane. Not a kernel file.

/**
 * Writes 32 32-bit numbers: the blocks of counters `counter` … `counter + 7` under a key, one after the other. Two groups
 * of four counters go side by side, since one alone mostly waits for its own multiplications.
 */
export function philox32(to: usize, counter: u64, seed0: u32, seed1: u32): void {
  let x0 = i32x4.add(i32x4.splat(<i32>counter), i32x4(0, 1, 2, 3));
  let y0 = i32x4.add(i32x4.splat(<i32>counter), i32x4(4, 5, 6, 7));
  let x1 = upperHalf(counter, x0);
  let y1 = upperHalf(counter, y0);
  let x2 = i32x4.splat(0);
  let y2 = x2;
  let x3 = x2;
  let y3 = x2;
  let k0 = i32x4.splat(seed0);
  let k1 = i32x4.splat(seed1);
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  for (let round = 0; round < 10; round++) {
    const a = i64x2.extmul_low_i32x4_u(x0, m0);
    const b = i64x2.extmul_high_i32x4_u(x0, m0);
    const c = i64x2.extmul_low_i32x4_u(x2, m1);
    const d = i64x2.extmul_high_i32x4_u(x2, m1);
    x0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), x1), k0);
    x2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), x3), k1);
    x1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
    x3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    const e = i64x2.extmul_low_i32x4_u(y0, m0);
    const f = i64x2.extmul_high_i32x4_u(y0, m0);
    const g = i64x2.extmul_low_i32x4_u(y2, m1);
    const h = i64x2.extmul_high_i32x4_u(y2, m1);
    y0 = v128.xor(v128.xor(v128.shuffle<i32>(g, h, 1, 3, 5, 7), y1), k0);
    y2 = v128.xor(v128.xor(v128.shuffle<i32>(e, f, 1, 3, 5, 7), y3), k1);
    y1 = v128.shuffle<i32>(g, h, 0, 2, 4, 6);
    y3 = v128.shuffle<i32>(e, f, 0, 2, 4, 6);
    k0 = i32x4.add(k0, i32x4.splat(0x9e3779b9));
    k1 = i32x4.add(k1, i32x4.splat(0xbb67ae85));
  }
  put(to, x0, x1, x2, x3);
  put(to + 64, y0, y1, y2, y3);
}

// Where a lane's lower half wrapped around, the upper one is one more.
@inline
function upperHalf(counter: u64, low: v128): v128 {
  return i32x4.sub(i32x4.splat(<i32>(counter >> 32)), i32x4.lt_u(low, i32x4.splat(<i32>counter)));
}

// Four blocks of four, one block after the other.
@inline
function put(to: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i32>(low01, low23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<i32>(low01, low23, 2, 3, 6, 7), 16);
  v128.store(to, v128.shuffle<i32>(high01, high23, 0, 1, 4, 5), 32);
  v128.store(to, v128.shuffle<i32>(high01, high23, 2, 3, 6, 7), 48);
}
