// Products with a matrix of 8-bit integers, each of whose rows has a scale: they become floats in registers (few rows of
// A) or a slice at a time in a buffer that stays in the cache (many rows, and then the product is matmul's).
import { matmulFinish } from './matmul-finish';
import { fma, slot, sumLanes } from './simd';

/** Four of sixteen bytes as floats: the quarter's 16-bit halves are given. */
@inline
function low4(halves: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(halves));
}

@inline
function high4(halves: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(halves));
}

/**
 * Rows of integers as rows of floats. Units are rows.
 * Slots: 0 integers, 1 bytes a row of them, 2 K, 3 scales, 4 floats (K a row).
 */
export function int8Rows(args: usize, from: i32, to: i32): void {
  const bytes = <usize>slot(args, 1);
  const K = slot(args, 2);
  const end = <usize>(K & ~15);
  for (let row = from; row < to; row++) {
    const source = <usize>slot(args, 0) + <usize>row * bytes;
    const target = <usize>slot(args, 4) + ((<usize>row * <usize>K) << 2);
    const scale = load<f32>(<usize>slot(args, 3) + (<usize>row << 2));
    const scales = f32x4.splat(scale);
    let k: usize = 0;
    for (; k < end; k += 16) {
      const all = v128.load(source + k);
      const low = i16x8.extend_low_i8x16_s(all);
      const high = i16x8.extend_high_i8x16_s(all);
      const out = target + (k << 2);
      v128.store(out, f32x4.mul(low4(low), scales));
      v128.store(out, f32x4.mul(high4(low), scales), 16);
      v128.store(out, f32x4.mul(low4(high), scales), 32);
      v128.store(out, f32x4.mul(high4(high), scales), 48);
    }
    for (; k < <usize>K; k++) store<f32>(target + (k << 2), <f32>load<i8>(source + k) * scale);
  }
}

/**
 * C[m, n] = scale[n] · Σk A[m, k] · B[n, k], with A dense along K. Units are groups of columns.
 * Slots: 0 table of one (A, B, C), 1 M, 2 N, 3 K, 4 row stride of A, 5 bytes a row of B, 7 row stride of C (bytes), 9
 * columns a group, 16 scales; 12 to 15 are matmulFinish's.
 */
export function int8Dots(args: usize, from: i32, to: i32): void {
  const table = <usize>slot(args, 0);
  const M = slot(args, 1);
  const N = slot(args, 2);
  const K = slot(args, 3);
  const rsA = <usize>slot(args, 4);
  const bytes = <usize>slot(args, 5);
  const ldc = <usize>slot(args, 7);
  const width = slot(args, 9);
  const scales = <usize>slot(args, 16);
  const A = load<usize>(table);
  const B = load<usize>(table, 4);
  const C = load<usize>(table, 8);
  for (let unit = from; unit < to; unit++) {
    const j0 = unit * width;
    const j1 = min(N, j0 + width);
    for (let j = j0; j < j1; j++) {
      const b = B + <usize>j * bytes;
      const scale = load<f32>(scales + (<usize>j << 2));
      let c = C + (<usize>j << 2);
      let i = 0;
      for (; i + 2 <= M; i += 2) {
        pair(A + <usize>i * rsA, rsA, b, K, scale, c, ldc);
        c += ldc << 1;
      }
      if (i < M) single(A + <usize>i * rsA, b, K, scale, c);
    }
    matmulFinish(args, 0, 0, M, j0, j1);
  }
}

function single(a: usize, b: usize, K: i32, scale: f32, c: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  const end = b + <usize>(K & ~15);
  while (b < end) {
    const all = v128.load(b);
    const low = i16x8.extend_low_i8x16_s(all);
    const high = i16x8.extend_high_i8x16_s(all);
    s0 = fma(v128.load(a), low4(low), s0);
    s1 = fma(v128.load(a, 16), high4(low), s1);
    s2 = fma(v128.load(a, 32), low4(high), s2);
    s3 = fma(v128.load(a, 48), high4(high), s3);
    a += 64;
    b += 16;
  }
  store<f32>(c, (sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))) + rest(a, b, K & 15)) * scale);
}

// Two rows of A, `rsA` apart.
function pair(a: usize, rsA: usize, b: usize, K: i32, scale: f32, c: usize, ldc: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let t0 = f32x4.splat(0);
  let t1 = f32x4.splat(0);
  let d = a + rsA;
  const end = b + <usize>(K & ~15);
  while (b < end) {
    const all = v128.load(b);
    const low = i16x8.extend_low_i8x16_s(all);
    const high = i16x8.extend_high_i8x16_s(all);
    const w0 = low4(low);
    s0 = fma(v128.load(a), w0, s0);
    t0 = fma(v128.load(d), w0, t0);
    const w1 = high4(low);
    s1 = fma(v128.load(a, 16), w1, s1);
    t1 = fma(v128.load(d, 16), w1, t1);
    const w2 = low4(high);
    s0 = fma(v128.load(a, 32), w2, s0);
    t0 = fma(v128.load(d, 32), w2, t0);
    const w3 = high4(high);
    s1 = fma(v128.load(a, 48), w3, s1);
    t1 = fma(v128.load(d, 48), w3, t1);
    a += 64;
    d += 64;
    b += 16;
  }
  store<f32>(c, (sumLanes(f32x4.add(s0, s1)) + rest(a, b, K & 15)) * scale);
  store<f32>(c + ldc, (sumLanes(f32x4.add(t0, t1)) + rest(d, b, K & 15)) * scale);
}

@inline
function rest(a: usize, b: usize, count: i32): f32 {
  let sum: f32 = 0;
  for (let k = 0; k < count; k++) sum += load<f32>(a + (<usize>k << 2)) * <f32>load<i8>(b + <usize>k);
  return sum;
}
