// Products of few rows with a matrix that is dense along K (a batch of one through a linear layer): each element is a
// dot product, read straight from where it lies. What is bound by memory must not be copied first.
import { matmulFinish } from './matmul-finish';
import { fma, slot, sumLanes } from './simd';

/** Elements from which a matrix is read column after column: it comes from main memory, which is fastest in one stream. */
const STREAMED: u64 = 1 << 19;

/**
 * C[m, n] = Σk A[m, k] · B[k, n], with A and B dense along K. Units are groups of columns, batch by batch.
 * Slots: 0 table of (A, B, C) addresses a batch, 1 M, 2 N, 3 K, 4 row stride of A, 5 column stride of B, 7 row stride of
 * C (bytes), 9 columns a group, 11 whether to add to C; 12 to 15 are matmulFinish's.
 */
export function matmulDots(args: usize, from: i32, to: i32): void {
  const table = <usize>slot(args, 0);
  const M = slot(args, 1);
  const N = slot(args, 2);
  const K = slot(args, 3);
  const rsA = <usize>slot(args, 4);
  const csB = <usize>slot(args, 5);
  const ldc = <usize>slot(args, 7);
  const width = slot(args, 9);
  const add = slot(args, 11) != 0;
  const across = (N + width - 1) / width;
  for (let unit = from; unit < to; unit++) {
    const batch = unit / across;
    const entry = table + <usize>batch * 12;
    const A = load<usize>(entry);
    const B = load<usize>(entry, 4);
    const C = load<usize>(entry, 8);
    const j0 = (unit - batch * across) * width;
    const j1 = min(N, j0 + width);
    if (M == 1 && <u64>N * <u64>K >= STREAMED) {
      for (let j = j0; j < j1; j++) stream(A, B + <usize>j * csB, K, add, C + (<usize>j << 2));
      matmulFinish(args, batch, 0, 1, j0, j1);
      continue;
    }
    for (let j = j0; j < j1; j += 4) {
      const columns = min(4, j1 - j);
      const b = B + <usize>j * csB;
      let i = 0;
      for (; i + 2 <= M; i += 2) {
        dots(A + <usize>i * rsA, rsA, b, csB, columns, K, add, C + <usize>i * ldc + (<usize>j << 2), ldc);
      }
      if (i < M) dots(A + <usize>i * rsA, 0, b, csB, columns, K, add, C + <usize>i * ldc + (<usize>j << 2), 0);
    }
    matmulFinish(args, batch, 0, M, j0, j1);
  }
}

// One row of A by one column of B.
function stream(a: usize, b: usize, K: i32, add: bool, c: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  const end = b + (<usize>(K & ~15) << 2);
  for (; b < end; b += 64) {
    s0 = fma(v128.load(a), v128.load(b), s0);
    s1 = fma(v128.load(a, 16), v128.load(b, 16), s1);
    s2 = fma(v128.load(a, 32), v128.load(b, 32), s2);
    s3 = fma(v128.load(a, 48), v128.load(b, 48), s3);
    a += 64;
  }
  put(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), a, b, K & 15, add, c);
}

// Two rows of A (one where rsA is 0: it is computed twice) by up to four columns of B.
function dots(a0: usize, rsA: usize, b0: usize, csB: usize, columns: i32, K: i32, add: bool, c: usize, ldc: usize): void {
  const a1 = a0 + rsA;
  const b1 = columns > 1 ? b0 + csB : b0;
  const b2 = columns > 2 ? b1 + csB : b1;
  const b3 = columns > 3 ? b2 + csB : b2;
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s02 = f32x4.splat(0);
  let s03 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  let s12 = f32x4.splat(0);
  let s13 = f32x4.splat(0);
  const end = <usize>(K & ~3) << 2;
  let at: usize = 0;
  if (rsA != 0) {
    for (; at < end; at += 16) {
      const x0 = v128.load(a0 + at);
      const x1 = v128.load(a1 + at);
      let y = v128.load(b0 + at);
      s00 = fma(x0, y, s00);
      s10 = fma(x1, y, s10);
      y = v128.load(b1 + at);
      s01 = fma(x0, y, s01);
      s11 = fma(x1, y, s11);
      y = v128.load(b2 + at);
      s02 = fma(x0, y, s02);
      s12 = fma(x1, y, s12);
      y = v128.load(b3 + at);
      s03 = fma(x0, y, s03);
      s13 = fma(x1, y, s13);
    }
  } else {
    for (; at < end; at += 16) {
      const x0 = v128.load(a0 + at);
      s00 = fma(x0, v128.load(b0 + at), s00);
      s01 = fma(x0, v128.load(b1 + at), s01);
      s02 = fma(x0, v128.load(b2 + at), s02);
      s03 = fma(x0, v128.load(b3 + at), s03);
    }
  }
  const tail = K & 3;
  put(s00, a0 + at, b0 + at, tail, add, c);
  if (columns > 1) put(s01, a0 + at, b1 + at, tail, add, c + 4);
  if (columns > 2) put(s02, a0 + at, b2 + at, tail, add, c + 8);
  if (columns > 3) put(s03, a0 + at, b3 + at, tail, add, c + 12);
  if (rsA == 0) return;
  c += ldc;
  put(s10, a1 + at, b0 + at, tail, add, c);
  if (columns > 1) put(s11, a1 + at, b1 + at, tail, add, c + 4);
  if (columns > 2) put(s12, a1 + at, b2 + at, tail, add, c + 8);
  if (columns > 3) put(s13, a1 + at, b3 + at, tail, add, c + 12);
}

@inline
function put(sums: v128, a: usize, b: usize, tail: i32, add: bool, c: usize): void {
  let value = sumLanes(sums);
  for (let k = 0; k < tail; k++) value += load<f32>(a + (<usize>k << 2)) * load<f32>(b + (<usize>k << 2));
  store<f32>(c, add ? value + load<f32>(c) : value);
}
