// The counter-based generator, Philox4x32-10 (Salmon et al. 2011): four counters at once, one a lane. Not a kernel file.

/** Writes sixteen 32-bit numbers: the blocks of counters `counter` … `counter + 3` under a key, one after the other. */
export function philox16(to: usize, counter: u64, k0: u32, k1: u32): void {
  const low = i32x4.splat(<i32>counter);
  let x0 = i32x4.add(low, i32x4(0, 1, 2, 3));
  // Where a lane's lower half wrapped around, the upper one is one more.
  let x1 = i32x4.sub(i32x4.splat(<i32>(counter >> 32)), i32x4.lt_u(x0, low));
  let x2 = i32x4.splat(0);
  let x3 = i32x4.splat(0);
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  for (let round = 0; round < 10; round++) {
    const a = i64x2.extmul_low_i32x4_u(x0, m0);
    const b = i64x2.extmul_high_i32x4_u(x0, m0);
    const c = i64x2.extmul_low_i32x4_u(x2, m1);
    const d = i64x2.extmul_high_i32x4_u(x2, m1);
    x0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), x1), i32x4.splat(k0));
    x2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), x3), i32x4.splat(k1));
    x1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
    x3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i32>(low01, low23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<i32>(low01, low23, 2, 3, 6, 7), 16);
  v128.store(to, v128.shuffle<i32>(high01, high23, 0, 1, 4, 5), 32);
  v128.store(to, v128.shuffle<i32>(high01, high23, 2, 3, 6, 7), 48);
}
