// Products of few rows with a matrix that is dense along K (a batch of one through a linear layer): each element is a
// dot product, read straight from where it lies. What is bound by memory must not be copied first.
import { fma, slot, sumLanes } from './simd';

/**
 * C[m, n] = Σk A[m, k] · B[k, n] (+ bias[n]), with A and B dense along K. Units are groups of columns, batch by batch.
 * Slots: 0 table of (A, B, C) addresses a batch, 1 M, 2 N, 3 K, 4 row stride of A, 5 column stride of B, 6 row stride of
 * C (bytes), 7 columns a group, 8 bias or 0, 9 whether to add to C.
 */
export function matmulDots(args: usize, from: i32, to: i32): void {
  const table = <usize>slot(args, 0);
  const M = slot(args, 1);
  const N = slot(args, 2);
  const K = slot(args, 3);
  const rsA = <usize>slot(args, 4);
  const csB = <usize>slot(args, 5);
  const ldc = <usize>slot(args, 6);
  const width = slot(args, 7);
  const bias = <usize>slot(args, 8);
  const add = slot(args, 9) != 0;
  const across = (N + width - 1) / width;
  for (let unit = from; unit < to; unit++) {
    const batch = unit / across;
    const entry = table + <usize>batch * 12;
    const A = load<usize>(entry);
    const B = load<usize>(entry, 4);
    const C = load<usize>(entry, 8);
    const j1 = min(N, (unit - batch * across + 1) * width);
    let j = (unit - batch * across) * width;
    for (; j < j1; j += 4) {
      const columns = min(4, j1 - j);
      const b0 = B + <usize>j * csB;
      const b1 = columns > 1 ? b0 + csB : b0;
      const b2 = columns > 2 ? b1 + csB : b1;
      const b3 = columns > 3 ? b2 + csB : b2;
      for (let i = 0; i < M; i++) {
        const c = C + <usize>i * ldc + (<usize>j << 2);
        fourDots(A + <usize>i * rsA, b0, b1, b2, b3, K, columns, bias == 0 ? 0 : bias + (<usize>j << 2), add, c);
      }
    }
  }
}

@inline
function fourDots(
  a: usize, b0: usize, b1: usize, b2: usize, b3: usize, K: i32, columns: i32, bias: usize, add: bool, c: usize,
): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let at: usize = 0;
  const end = <usize>(K & ~3) << 2;
  for (; at < end; at += 16) {
    const x = v128.load(a + at);
    s0 = fma(x, v128.load(b0 + at), s0);
    s1 = fma(x, v128.load(b1 + at), s1);
    s2 = fma(x, v128.load(b2 + at), s2);
    s3 = fma(x, v128.load(b3 + at), s3);
  }
  let d0 = sumLanes(s0);
  let d1 = sumLanes(s1);
  let d2 = sumLanes(s2);
  let d3 = sumLanes(s3);
  for (let k = K & ~3; k < K; k++) {
    const x = load<f32>(a + at);
    d0 += x * load<f32>(b0 + at);
    d1 += x * load<f32>(b1 + at);
    d2 += x * load<f32>(b2 + at);
    d3 += x * load<f32>(b3 + at);
    at += 4;
  }
  put(c, d0, bias, add);
  if (columns > 1) put(c + 4, d1, bias == 0 ? 0 : bias + 4, add);
  if (columns > 2) put(c + 8, d2, bias == 0 ? 0 : bias + 8, add);
  if (columns > 3) put(c + 12, d3, bias == 0 ? 0 : bias + 12, add);
}

@inline
function put(c: usize, value: f32, bias: usize, add: bool): void {
  if (bias != 0) value += load<f32>(bias);
  if (add) value += load<f32>(c);
  store<f32>(c, value);
}
