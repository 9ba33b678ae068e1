// The innermost loops of a matrix product: a tile of C that stays in registers while K is walked. No blocking here.
import { fma } from './simd';

// c = a · b + init. `a` has the strides rsA (rows) and csA (along K); `b` is 8 floats for each step of K, ldb apart;
// `init` has rows ldi apart (0 for one row for all: a bias), `c` has rows ldc apart. Strides are in bytes.
// All rows of `a` are read: the caller packs a last group of fewer rows, padded. (A check here costs 7 %.)
// The sum over K runs in order from 0 in every tile, so no result depends on how C is cut into tiles.
// Four rows are what V8 keeps in 16 registers with a separate multiply and add, six with a fused one (measured).

/** 4 rows by 8 columns. See above for the arguments. */
export function tile4(
  a: usize,
  rsA: usize,
  csA: usize,
  b: usize,
  ldb: usize,
  init: usize,
  ldi: usize,
  c: usize,
  ldc: usize,
  K: i32,
): void {
  let a1 = a + rsA;
  let a2 = a1 + rsA;
  let a3 = a2 + rsA;
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  while (K > 0) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += ldb;
    const x0 = v128.load32_splat(a);
    c00 = fma(x0, b0, c00);
    c01 = fma(x0, b1, c01);
    a += csA;
    const x1 = v128.load32_splat(a1);
    c10 = fma(x1, b0, c10);
    c11 = fma(x1, b1, c11);
    a1 += csA;
    const x2 = v128.load32_splat(a2);
    c20 = fma(x2, b0, c20);
    c21 = fma(x2, b1, c21);
    a2 += csA;
    const x3 = v128.load32_splat(a3);
    c30 = fma(x3, b0, c30);
    c31 = fma(x3, b1, c31);
    a3 += csA;
    K--;
  }
  v128.store(c, f32x4.add(c00, v128.load(init)));
  v128.store(c, f32x4.add(c01, v128.load(init, 16)), 16);
  init += ldi;
  c += ldc;
  v128.store(c, f32x4.add(c10, v128.load(init)));
  v128.store(c, f32x4.add(c11, v128.load(init, 16)), 16);
  init += ldi;
  c += ldc;
  v128.store(c, f32x4.add(c20, v128.load(init)));
  v128.store(c, f32x4.add(c21, v128.load(init, 16)), 16);
  init += ldi;
  c += ldc;
  v128.store(c, f32x4.add(c30, v128.load(init)));
  v128.store(c, f32x4.add(c31, v128.load(init, 16)), 16);
}

/** 6 rows by 8 columns. See above for the arguments. */
export function tile6(
  a: usize,
  rsA: usize,
  csA: usize,
  b: usize,
  ldb: usize,
  init: usize,
  ldi: usize,
  c: usize,
  ldc: usize,
  K: i32,
): void {
  let a1 = a + rsA;
  let a2 = a1 + rsA;
  let a3 = a2 + rsA;
  let a4 = a3 + rsA;
  let a5 = a4 + rsA;
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  let c40 = f32x4.splat(0);
  let c41 = f32x4.splat(0);
  let c50 = f32x4.splat(0);
  let c51 = f32x4.splat(0);
  while (K > 0) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += ldb;
    const x0 = v128.load32_splat(a);
    c00 = fma(x0, b0, c00);
    c01 = fma(x0, b1, c01);
    a += csA;
    const x1 = v128.load32_splat(a1);
    c10 = fma(x1, b0, c10);
    c11 = fma(x1, b1, c11);
    a1 += csA;
    const x2 = v128.load32_splat(a2);
    c20 = fma(x2, b0, c20);
    c21 = fma(x2, b1, c21);
    a2 += csA;
    const x3 = v128.load32_splat(a3);
    c30 = fma(x3, b0, c30);
    c31 = fma(x3, b1, c31);
    a3 += csA;
    const x4 = v128.load32_splat(a4);
    c40 = fma(x4, b0, c40);
    c41 = fma(x4, b1, c41);
    a4 += csA;
    const x5 = v128.load32_splat(a5);
    c50 = fma(x5, b0, c50);
    c51 = fma(x5, b1, c51);
    a5 += csA;
    K--;
  }
  v128.store(c, f32x4.add(c00, v128.load(init)));
  v128.store(c, f32x4.add(c01, v128.load(init, 16)), 16);
  init += ldi;
  c += ldc;
  v128.store(c, f32x4.add(c10, v128.load(init)));
  v128.store(c, f32x4.add(c11, v128.load(init, 16)), 16);
  init += ldi;
  c += ldc;
  v128.store(c, f32x4.add(c20, v128.load(init)));
  v128.store(c, f32x4.add(c21, v128.load(init, 16)), 16);
  init += ldi;
  c += ldc;
  v128.store(c, f32x4.add(c30, v128.load(init)));
  v128.store(c, f32x4.add(c31, v128.load(init, 16)), 16);
  init += ldi;
  c += ldc;
  v128.store(c, f32x4.add(c40, v128.load(init)));
  v128.store(c, f32x4.add(c41, v128.load(init, 16)), 16);
  init += ldi;
  c += ldc;
  v128.store(c, f32x4.add(c50, v128.load(init)));
  v128.store(c, f32x4.add(c51, v128.load(init, 16)), 16);
}
