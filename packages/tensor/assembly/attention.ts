// Scaled dot-product attention, forward: tiles of queries against tiles of keys, with running maxima and sums, so that
// memory doesn't grow with the product of the lengths (Dao et al. 2022; Milakov & Gimelshein 2018).
import {
  DIM, DROPS, GROUPS, HEADS, K, KEPT, K_STRIDES, KEYS, LIMIT, LOG_SUMS, MASK,
  OUT, Q, QUERIES, Q_STRIDES, ROWS, SCALE, SPARE, TILE_KEYS, UNIT_QUERIES, V, VALUE_DIM, V_STRIDES,
  firstKey, lastKey, maskAt, maskRow, padded, product, rowBits, stage, stagePanels,
} from './attention-tile';
import { scratch } from './engine';
import { maxOf } from './lanes';
import { expNegative4, log4 } from './math';
import { floatSlot, slot, sumLanes } from './simd';

/** Units are blocks of queries, head by head, batch by batch. Slots: see attention-tile.ts. */
export function attention(args: usize, from: i32, to: i32): void {
  const queries = slot(args, QUERIES);
  const perUnit = slot(args, UNIT_QUERIES);
  const blocks = (queries + perUnit - 1) / perUnit;
  for (let unit = from; unit < to; unit++) {
    const head = unit / blocks;
    const first = (unit - head * blocks) * perUnit;
    block(args, head, first, min(queries, first + perUnit));
  }
}

// Queries [i0, i1) of one head.
function block(args: usize, head: i32, i0: i32, i1: i32): void {
  const heads = slot(args, HEADS);
  const b = <usize>(head / heads);
  const h = head % heads;
  const g = <usize>(h / (heads / slot(args, GROUPS)));
  const rows = i1 - i0;
  const dim = slot(args, DIM);
  const valueDim = slot(args, VALUE_DIM);
  const width = padded(dim);
  const valueWidth = padded(valueDim);
  const tileKeys = slot(args, TILE_KEYS);
  const room = slot(args, UNIT_QUERIES) + SPARE;
  // Scratch memory.
  const zeros = scratch();
  const bits = zeros + 64;
  const tops = bits + 512;
  const sums = tops + (<usize>room << 2);
  const scores = (sums + (<usize>room << 2) + 63) & ~63;
  const q = scores + (<usize>((ROWS + SPARE) * tileKeys) << 2);
  const k = q + (<usize>(room * width) << 2);
  const v = k + (<usize>(tileKeys * width) << 2);
  const o = v + (<usize>(tileKeys * valueWidth) << 2);
  memory.fill(zeros, 0, 64);
  memory.fill(o, 0, <usize>(rows * valueWidth) << 2);
  for (let i = 0; i < rows; i++) {
    store<f32>(tops + (<usize>i << 2), -Infinity);
    store<f32>(sums + (<usize>i << 2), 0);
  }
  const qs = args + (<usize>Q_STRIDES << 2);
  const ks = args + (<usize>K_STRIDES << 2);
  const vs = args + (<usize>V_STRIDES << 2);
  const fromQ = <usize>slot(args, Q) + b * load<usize>(qs) + <usize>h * load<usize>(qs, 4) + <usize>i0 * load<usize>(qs, 8);
  const fromK = <usize>slot(args, K) + b * load<usize>(ks) + g * load<usize>(ks, 4);
  const fromV = <usize>slot(args, V) + b * load<usize>(vs) + g * load<usize>(vs, 4);
  stage(fromQ, load<usize>(qs, 8), load<usize>(qs, 12), rows, dim, width, floatSlot(args, SCALE), q);
  const end = lastKey(args, i1 - 1);
  const start = firstKey(args, i0);
  for (let j = start - (start % tileKeys); j < end; j += tileKeys) {
    const count = min(tileKeys, slot(args, KEYS) - j);
    stagePanels(fromK + <usize>j * load<usize>(ks, 8), load<usize>(ks, 8), load<usize>(ks, 12), count, dim, k);
    stage(fromV + <usize>j * load<usize>(vs, 8), load<usize>(vs, 8), load<usize>(vs, 12), count, valueDim, valueWidth, 1, v);
    for (let r = 0; r < rows; r += ROWS) {
      const height = min(ROWS, rows - r);
      const i = i0 + r;
      if (lastKey(args, i + height - 1) <= j || firstKey(args, i) >= j + count) continue;
      const ld = <usize>tileKeys << 2;
      const atQ = q + (<usize>(r * width) << 2);
      product(height, count, dim, atQ, <usize>width << 2, 4, k, 32, <usize>dim << 5, zeros, 0, scores, ld);
      const atO = o + (<usize>(r * valueWidth) << 2);
      for (let row = 0; row < height; row++) {
        weigh(args, head, i + row, j, count, scores + <usize>row * ld, tops + (<usize>(r + row) << 2),
          sums + (<usize>(r + row) << 2), atO + (<usize>(row * valueWidth) << 2), valueWidth, bits);
      }
      const ldo = <usize>valueWidth << 2;
      product(height, valueDim, count, scores, ld, 4, v, ldo, 32, atO, ldo, atO, ldo);
    }
  }
  finish(args, head, i0, rows, o, valueWidth, tops, sums);
}

// Turns a row of scores into weights below the running maximum, and brings what was summed before to the same maximum.
@inline
function weigh(
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
    const e = expNegative4(f32x4.sub(v128.load(row + at), top));
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

// Divides by the sums and writes out; a row that saw nothing is zeros.
function finish(
  args: usize, head: i32, i0: i32, rows: i32, o: usize, width: i32, tops: usize, sums: usize,
): void {
  const dim = slot(args, VALUE_DIM);
  const at = <usize>head * <usize>slot(args, QUERIES) + <usize>i0;
  let out = <usize>slot(args, OUT) + ((at * <usize>dim) << 2);
  const logSums = <usize>slot(args, LOG_SUMS);
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
    out += <usize>dim << 2;
    if (logSums != 0) {
      const log = load<f32>(tops + (<usize>i << 2)) + f32x4.extract_lane(log4(f32x4.splat(sum)), 0);
      // +∞ makes every weight of the backward pass 0.
      store<f32>(logSums + ((at + <usize>i) << 2), sum == 0 ? Infinity : log);
    }
  }
}
