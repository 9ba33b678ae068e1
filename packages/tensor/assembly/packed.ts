// Products with a matrix whose weights take one or two bytes: 8-bit integers with a scale for each row, bfloat16, float16.
// They become floats in registers (few rows of A) or a slice at a time in a buffer that stays in the cache (many rows, and
// then the product is matmul's). The type parameter says which: i8, u16 for bfloat16, i16 for float16.
import { matmulFinish } from './matmul-finish';
import { fma, slot, sumLanes } from './simd';

// Exponents of float16 count from 15, those of float32 from 127.
const REBIAS: f32 = 5192296858534827628530496329220096.0; // 2^112

/** Eight weights, sixteen bits each. */
@inline
function eight<T>(at: usize): v128 {
  return isSigned<T>() && sizeof<T>() == 1 ? v128.load8x8_s(at) : v128.load(at);
}

/** The first four of eight as floats. */
@inline
function low<T>(halves: v128): v128 {
  if (sizeof<T>() == 1) return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(halves));
  if (isSigned<T>()) return fromFloat16(i32x4.extend_low_i16x8_s(halves));
  return i32x4.shl(i32x4.extend_low_i16x8_u(halves), 16);
}

/** The last four. */
@inline
function high<T>(halves: v128): v128 {
  if (sizeof<T>() == 1) return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(halves));
  if (isSigned<T>()) return fromFloat16(i32x4.extend_high_i16x8_s(halves));
  return i32x4.shl(i32x4.extend_high_i16x8_u(halves), 16);
}

/** Of finite numbers, subnormal ones among them; the sign was extended. */
@inline
function fromFloat16(bits: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(bits, 13), i32x4.splat(0x8fffe000)), f32x4.splat(REBIAS));
}

@inline
function one<T>(at: usize): f32 {
  if (sizeof<T>() == 1) return <f32>load<i8>(at);
  const bits = <u32>load<u16>(at);
  if (!isSigned<T>()) return reinterpret<f32>(bits << 16);
  return reinterpret<f32>(((bits & 0x8000) << 16) | ((bits & 0x7fff) << 13)) * REBIAS;
}

/** Of the row: what all of its weights are multiplied with. */
@inline
function scaleOf(scales: usize, row: i32): f32 {
  return scales == 0 ? 1 : load<f32>(scales + (<usize>row << 2));
}

/**
 * Rows of packed weights as rows of floats. Units are rows.
 * Slots: 0 weights, 1 bytes a row of them, 2 K, 3 scales or 0, 4 floats (K a row).
 */
function rows<T>(args: usize, from: i32, to: i32): void {
  const bytes = <usize>slot(args, 1);
  const K = slot(args, 2);
  const end = <usize>(K & ~7);
  for (let row = from; row < to; row++) {
    const source = <usize>slot(args, 0) + <usize>row * bytes;
    const target = <usize>slot(args, 4) + ((<usize>row * <usize>K) << 2);
    const scale = scaleOf(<usize>slot(args, 3), row);
    const scales = f32x4.splat(scale);
    let k: usize = 0;
    for (; k < end; k += 8) {
      const halves = eight<T>(source + k * sizeof<T>());
      const out = target + (k << 2);
      v128.store(out, f32x4.mul(low<T>(halves), scales));
      v128.store(out, f32x4.mul(high<T>(halves), scales), 16);
    }
    for (; k < <usize>K; k++) store<f32>(target + (k << 2), one<T>(source + k * sizeof<T>()) * scale);
  }
}

/**
 * C[m, n] = scale[n] · Σk A[m, k] · B[n, k], with A dense along K. Units are groups of columns.
 * Slots: 0 table of one (A, B, C), 1 M, 2 N, 3 K, 4 row stride of A, 5 bytes a row of B, 7 row stride of C (bytes), 9
 * columns a group, 16 scales or 0; 12 to 15 are matmulFinish's.
 */
function dots<T>(args: usize, from: i32, to: i32): void {
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
      const scale = scaleOf(scales, j);
      let c = C + (<usize>j << 2);
      let i = 0;
      for (; i + 2 <= M; i += 2) {
        pair<T>(A + <usize>i * rsA, rsA, b, K, scale, c, ldc);
        c += ldc << 1;
      }
      if (i < M) single<T>(A + <usize>i * rsA, b, K, scale, c);
    }
    matmulFinish(args, 0, 0, M, j0, j1);
  }
}

function single<T>(a: usize, b: usize, K: i32, scale: f32, c: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  const end = b + <usize>(K & ~15) * sizeof<T>();
  while (b < end) {
    const first = eight<T>(b);
    const second = eight<T>(b + 8 * sizeof<T>());
    s0 = fma(v128.load(a), low<T>(first), s0);
    s1 = fma(v128.load(a, 16), high<T>(first), s1);
    s2 = fma(v128.load(a, 32), low<T>(second), s2);
    s3 = fma(v128.load(a, 48), high<T>(second), s3);
    a += 64;
    b += 16 * sizeof<T>();
  }
  store<f32>(c, (sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))) + rest<T>(a, b, K & 15)) * scale);
}

// Two rows of A, `rsA` apart.
function pair<T>(a: usize, rsA: usize, b: usize, K: i32, scale: f32, c: usize, ldc: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let t0 = f32x4.splat(0);
  let t1 = f32x4.splat(0);
  let d = a + rsA;
  const end = b + <usize>(K & ~15) * sizeof<T>();
  while (b < end) {
    const first = eight<T>(b);
    const second = eight<T>(b + 8 * sizeof<T>());
    const w0 = low<T>(first);
    s0 = fma(v128.load(a), w0, s0);
    t0 = fma(v128.load(d), w0, t0);
    const w1 = high<T>(first);
    s1 = fma(v128.load(a, 16), w1, s1);
    t1 = fma(v128.load(d, 16), w1, t1);
    const w2 = low<T>(second);
    s0 = fma(v128.load(a, 32), w2, s0);
    t0 = fma(v128.load(d, 32), w2, t0);
    const w3 = high<T>(second);
    s1 = fma(v128.load(a, 48), w3, s1);
    t1 = fma(v128.load(d, 48), w3, t1);
    a += 64;
    d += 64;
    b += 16 * sizeof<T>();
  }
  store<f32>(c, (sumLanes(f32x4.add(s0, s1)) + rest<T>(a, b, K & 15)) * scale);
  store<f32>(c + ldc, (sumLanes(f32x4.add(t0, t1)) + rest<T>(d, b, K & 15)) * scale);
}

@inline
function rest<T>(a: usize, b: usize, count: i32): f32 {
  let sum: f32 = 0;
  for (let k = 0; k < count; k++) sum += load<f32>(a + (<usize>k << 2)) * one<T>(b + <usize>k * sizeof<T>());
  return sum;
}

export function int8Rows(args: usize, from: i32, to: i32): void {
  rows<i8>(args, from, to);
}

export function bfloat16Rows(args: usize, from: i32, to: i32): void {
  rows<u16>(args, from, to);
}

export function float16Rows(args: usize, from: i32, to: i32): void {
  rows<i16>(args, from, to);
}

export function int8Dots(args: usize, from: i32, to: i32): void {
  dots<i8>(args, from, to);
}

export function bfloat16Dots(args: usize, from: i32, to: i32): void {
  dots<u16>(args, from, to);
}

export function float16Dots(args: usize, from: i32, to: i32): void {
  dots<i16>(args, from, to);
}
