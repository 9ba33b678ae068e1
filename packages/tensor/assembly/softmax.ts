// softmax and logSoftmax of dense rows, forward and backward. Rows stay in the first-level cache between passes.
import { loadTail, maxOf, storeTail, sumOfExponentials } from './lanes';
import { expNegative4, log4 } from './math';
import { fma, fnma, slot, sumLanes } from './simd';

/**
 * Units are groups of rows. Slots: 0 x, 1 out, 2 rows, 3 columns, 4 rows a unit, 5 whether the logarithm is wanted.
 */
export function softmax(args: usize, from: i32, to: i32): void {
  const columns = slot(args, 3);
  const bytes = <usize>columns << 2;
  const log = slot(args, 5) != 0;
  const end = min(slot(args, 2), to * slot(args, 4));
  for (let row = from * slot(args, 4); row < end; row++) {
    const x = <usize>slot(args, 0) + <usize>row * bytes;
    const y = <usize>slot(args, 1) + <usize>row * bytes;
    const top = f32x4.splat(maxOf(x, columns));
    if (log) logRow(x, y, columns, top);
    else row4(x, y, columns, top);
  }
}

@inline
function row4(x: usize, y: usize, columns: i32, top: v128): void {
  let sum = f32x4.splat(0);
  let other = f32x4.splat(0);
  let at: usize = 0;
  const whole = <usize>(columns & ~3) << 2;
  for (; at + 32 <= whole; at += 32) {
    const e = expNegative4(f32x4.sub(v128.load(x + at), top));
    const f = expNegative4(f32x4.sub(v128.load(x + at, 16), top));
    v128.store(y + at, e);
    v128.store(y + at, f, 16);
    sum = f32x4.add(sum, e);
    other = f32x4.add(other, f);
  }
  for (; at < whole; at += 16) {
    const e = expNegative4(f32x4.sub(v128.load(x + at), top));
    v128.store(y + at, e);
    sum = f32x4.add(sum, e);
  }
  const rest = columns & 3;
  let last = f32x4.splat(0);
  if (rest > 0) {
    last = expNegative4(f32x4.sub(loadTail(x + at, rest, -Infinity), top));
    other = f32x4.add(other, last);
  }
  const scale = f32x4.splat(1 / sumLanes(f32x4.add(sum, other)));
  for (at = 0; at < whole; at += 16) v128.store(y + at, f32x4.mul(v128.load(y + at), scale));
  if (rest > 0) storeTail(y + at, f32x4.mul(last, scale), rest);
}

@inline
function logRow(x: usize, y: usize, columns: i32, top: v128): void {
  const shift = log4(f32x4.splat(sumOfExponentials(x, columns, top)));
  let at: usize = 0;
  const whole = <usize>(columns & ~3) << 2;
  for (; at < whole; at += 16) v128.store(y + at, f32x4.sub(f32x4.sub(v128.load(x + at), top), shift));
  const rest = columns & 3;
  if (rest > 0) storeTail(y + at, f32x4.sub(f32x4.sub(loadTail(x + at, rest, 0), top), shift), rest);
}

/**
 * From the output y: y · (g − Σ g y), or g − eʸ Σ g for the logarithm. Units are groups of rows.
 * Slots: 0 y, 1 out, 2 rows, 3 columns, 4 rows a unit, 5 whether it was the logarithm, 6 g.
 */
export function softmaxGrad(args: usize, from: i32, to: i32): void {
  const columns = slot(args, 3);
  const bytes = <usize>columns << 2;
  const log = slot(args, 5) != 0;
  const whole = <usize>(columns & ~3) << 2;
  const rest = columns & 3;
  const end = min(slot(args, 2), to * slot(args, 4));
  for (let row = from * slot(args, 4); row < end; row++) {
    const y = <usize>slot(args, 0) + <usize>row * bytes;
    const out = <usize>slot(args, 1) + <usize>row * bytes;
    const g = <usize>slot(args, 6) + <usize>row * bytes;
    let sum = f32x4.splat(0);
    let at: usize = 0;
    if (log) {
      for (; at < whole; at += 16) sum = f32x4.add(sum, v128.load(g + at));
      if (rest > 0) sum = f32x4.add(sum, loadTail(g + at, rest, 0));
    } else {
      for (; at < whole; at += 16) sum = fma(v128.load(g + at), v128.load(y + at), sum);
      if (rest > 0) sum = fma(loadTail(g + at, rest, 0), loadTail(y + at, rest, 0), sum);
    }
    const total = f32x4.splat(sumLanes(sum));
    for (at = 0; at < whole; at += 16) v128.store(out + at, slope(log, v128.load(g + at), v128.load(y + at), total));
    if (rest > 0) storeTail(out + at, slope(log, loadTail(g + at, rest, 0), loadTail(y + at, rest, 0), total), rest);
  }
}

@inline
function slope(log: bool, g: v128, y: v128, total: v128): v128 {
  return log ? fnma(expNegative4(y), total, g) : f32x4.mul(y, f32x4.sub(g, total));
}
