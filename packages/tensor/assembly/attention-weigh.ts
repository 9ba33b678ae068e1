// The running softmax of attention's forward kernels: scores become weights, sums follow the maximum. Not a kernel file.
import {
  DROPS, HEADS, KEPT, LIMIT, MASK, OUT, OUT_STRIDES, QUERIES, STATS, VALUE_DIM, firstKey, lastKey, maskAt, maskRow,
  place, rowBits,
} from './attention-tile';
import { maxOf } from './lanes';
import { expNegative4, expWeight4 } from './math';
import { floatSlot, slot, sumLanes } from './simd';

/** Turns a row of scores into weights below the running maximum, and brings what was summed before to the same maximum. */
export function weigh(
  args: usize, head: i32, i: i32, j: i32, count: i32, row: usize, topAt: usize, sumAt: usize, o: usize, width: i32,
  bits: usize,
): void {
  const first = max(0, firstKey(args, i) - j);
  const last = max(first, min(count, lastKey(args, i) - j));
  const mask = <usize>slot(args, MASK);
  if (mask != 0) maskRow(args, maskAt(args, mask, head, i, j), row, count);
  const whole = (count + 3) & ~3;
  for (let c = 0; c < first; c++) store<f32>(row + (<usize>c << 2), -Infinity);
  for (let c = last; c < whole; c++) store<f32>(row + (<usize>c << 2), -Infinity);
  const before = load<f32>(topAt);
  const highest = max(before, maxOf(row, whole));
  if (highest == -Infinity) {
    // Nothing to see yet. NaN would come of −∞ + ∞.
    if (!hasNaN(row, whole)) {
      memory.fill(row, 0, <usize>whole << 2);
      return;
    }
  }
  const top = f32x4.splat(highest);
  let sum = f32x4.splat(0);
  const bytes = <usize>whole << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const e = expWeight4(f32x4.sub(v128.load(row + at), top));
    sum = f32x4.add(sum, e);
    v128.store(row + at, e);
  }
  if (slot(args, DROPS) != 0) drop(args, head, i, j, count, row, bits);
  let total = sumLanes(sum);
  if (highest != before) {
    const factor = expNegative4(f32x4.splat(before - highest));
    total += load<f32>(sumAt) * f32x4.extract_lane(factor, 0);
    const end = <usize>width << 2;
    for (let at: usize = 0; at < end; at += 16) v128.store(o + at, f32x4.mul(v128.load(o + at), factor));
  } else total += load<f32>(sumAt);
  store<f32>(topAt, highest);
  store<f32>(sumAt, total);
}

function hasNaN(row: usize, count: i32): bool {
  for (let i = 0; i < count; i++) {
    const x = load<f32>(row + (<usize>i << 2));
    if (x != x) return true;
  }
  return false;
}

// Zeroes the dropped weights and scales the others.
function drop(args: usize, head: i32, i: i32, j: i32, count: i32, row: usize, bits: usize): void {
  const random = rowBits(args, <u64>head * <u64>slot(args, QUERIES) + <u64>i, j, count, bits);
  const limit = i32x4.splat(slot(args, LIMIT));
  const kept = f32x4.splat(floatSlot(args, KEPT));
  for (let c = 0; c < count; c += 4) {
    const at = <usize>c << 2;
    const keep = i32x4.ge_u(v128.load(random + at), limit);
    v128.store(row + at, v128.and(f32x4.mul(v128.load(row + at), kept), keep));
  }
}

/** Divides by the sums and writes out; a row that saw nothing is zeros. */
export function finish(
  args: usize, head: i32, i0: i32, rows: i32, o: usize, width: i32, tops: usize, sums: usize,
): void {
  const dim = slot(args, VALUE_DIM);
  const at = <usize>head * <usize>slot(args, QUERIES) + <usize>i0;
  let out = place(args, OUT, OUT_STRIDES, head, slot(args, HEADS), i0);
  const stats = <usize>slot(args, STATS);
  for (let i = 0; i < rows; i++) {
    const sum = load<f32>(sums + (<usize>i << 2));
    const factor: f32 = sum == 0 ? 0 : 1 / sum;
    const from = o + (<usize>(i * width) << 2);
    const by = f32x4.splat(factor);
    let c = 0;
    for (; c + 4 <= dim; c += 4) {
      const at = <usize>c << 2;
      v128.store(out + at, f32x4.mul(v128.load(from + at), by));
    }
    for (; c < dim; c++) store<f32>(out + (<usize>c << 2), load<f32>(from + (<usize>c << 2)) * factor);
    out += <usize>slot(args, OUT_STRIDES + 2);
    if (stats != 0) {
      // A maximum of +∞ makes every weight of the backward pass 0.
      store<f32>(stats + ((at + <usize>i) << 3), sum == 0 ? Infinity : load<f32>(tops + (<usize>i << 2)));
      store<f32>(stats + ((at + <usize>i) << 3), factor, 4);
    }
  }
}
