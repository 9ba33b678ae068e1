// What is done to a block of C once its sums are complete, while it still lies in the cache: bias, activation, residual.
import { activate4, GELU, GELU_TANH, RELU, SILU } from './activation';
import { slot } from './simd';

/**
 * Finishes rows [i0, i1) and columns [j0, j1) of a batch's C. The BLAS calls it too, through TypeScript.
 * Slots, beside those of `matmul`: 12 activation, 13 where the value before the activation goes or 0, 14 residual that
 * is added after the activation or 0 (both laid out as all the Cs are), 15 bias that is not in the sums yet, or 0.
 */
export function matmulFinish(args: usize, batch: i32, i0: i32, i1: i32, j0: i32, j1: i32): void {
  const activation = slot(args, 12);
  const pre = <usize>slot(args, 13);
  const residual = <usize>slot(args, 14);
  const bias = <usize>slot(args, 15);
  if (activation == 0 && residual == 0 && bias == 0) return;
  const table = <usize>slot(args, 0);
  const C = load<usize>(table + <usize>batch * 12, 8);
  const ldc = <usize>slot(args, 7);
  const fromFirst = C - load<usize>(table, 8);
  for (let i = i0; i < i1; i++) {
    const within = fromFirst + <usize>i * ldc + (<usize>j0 << 2);
    const c = C - fromFirst + within;
    const before = pre == 0 ? 0 : pre + within;
    const added = residual == 0 ? 0 : residual + within;
    const start = bias == 0 ? 0 : bias + (<usize>j0 << 2);
    const count = j1 - j0;
    if (activation == 0) finishRow(c, count, start, 0, before, added);
    else if (activation == GELU) finishRow(c, count, start, GELU, before, added);
    else if (activation == RELU) finishRow(c, count, start, RELU, before, added);
    else if (activation == GELU_TANH) finishRow(c, count, start, GELU_TANH, before, added);
    else if (activation == SILU) finishRow(c, count, start, SILU, before, added);
  }
}

/**
 * Starts such a block of C from its bias, where nothing else is left to do once the sums are complete, and says so. For a
 * BLAS, which adds to what is there at no cost, where `matmulFinish` reads and writes all of C once more.
 */
export function matmulStart(args: usize, batch: i32, i0: i32, i1: i32, j0: i32, j1: i32): bool {
  const bias = <usize>slot(args, 15);
  if (bias == 0 || slot(args, 11) != 0 || slot(args, 12) != 0 || slot(args, 14) != 0) return false;
  const ldc = <usize>slot(args, 7);
  let c = load<usize>(<usize>slot(args, 0) + <usize>batch * 12, 8) + <usize>i0 * ldc + (<usize>j0 << 2);
  const from = bias + (<usize>j0 << 2);
  const whole = <usize>((j1 - j0) & ~3) << 2;
  const bytes = <usize>(j1 - j0) << 2;
  for (let i = i0; i < i1; i++) {
    let at: usize = 0;
    for (; at < whole; at += 16) v128.store(c + at, v128.load(from + at));
    for (; at < bytes; at += 4) store<f32>(c + at, load<f32>(from + at));
    c += ldc;
  }
  return true;
}

@inline
function finishRow(c: usize, count: i32, bias: usize, activation: i32, pre: usize, residual: usize): void {
  const end = <usize>(count & ~3) << 2;
  let at: usize = 0;
  for (; at < end; at += 16) {
    let v = v128.load(c + at);
    if (bias != 0) v = f32x4.add(v, v128.load(bias + at));
    if (pre != 0) v128.store(pre + at, v);
    v = activate4(v, activation);
    if (residual != 0) v = f32x4.add(v, v128.load(residual + at));
    v128.store(c + at, v);
  }
  for (const last = <usize>count << 2; at < last; at += 4) {
    let v = v128.load32_splat(c + at);
    if (bias != 0) v = f32x4.add(v, v128.load32_splat(bias + at));
    if (pre != 0) store<f32>(pre + at, f32x4.extract_lane(v, 0));
    v = activate4(v, activation);
    if (residual != 0) v = f32x4.add(v, v128.load32_splat(residual + at));
    store<f32>(c + at, f32x4.extract_lane(v, 0));
  }
}
