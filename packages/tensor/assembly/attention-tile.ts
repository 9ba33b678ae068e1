// What attention's kernels share: operands staged as dense padded tiles, small products in registers, and which keys a
// query may see. Not a kernel file.
import { packPanel } from './matmul-pack';
import { tile4, tile6 } from './matmul-tile';
import { philox32 } from './philox';
import { slot } from './simd';

/** Queries of a tile: a multiple of both heights of a tile of registers. */
export const ROWS: i32 = 48;

/** Rows that buffers have behind their last, since products write whole tiles of registers. */
export const SPARE: i32 = 6;

// Slots of all attention kernels.
/** Addresses: q, k, v, mask or 0, out, maximum and inverse sum of each row or 0. */
export const Q = 0, K = 1, V = 2, MASK = 3, OUT = 4, STATS = 5;
/** Sizes: heads of queries, heads of keys, queries, keys, length of a query and of a value. */
export const HEADS = 7, GROUPS = 8, QUERIES = 9, KEYS = 10, DIM = 11, VALUE_DIM = 12;
/** Strides in bytes of q, k, v and mask, batch first. */
export const Q_STRIDES = 13, K_STRIDES = 17, V_STRIDES = 21, MASK_STRIDES = 25;
/** Scale, whether causal, window or 0, whether the mask is bool, queries a unit, keys a tile. */
export const SCALE = 29, CAUSAL = 30, WINDOW = 31, IS_BOOL = 32, UNIT_QUERIES = 33, TILE_KEYS = 34;
/** Whether weights are dropped, limit, scale of the kept, seed (two), offset (two). */
export const DROPS = 35, LIMIT = 36, KEPT = 37, SEED = 38, OFFSET = 40;
/** Of the backward pass: g and its strides, Σ g·out of rows, gradients of q, k, v and mask or 0. */
export const G = 42, G_STRIDES = 43, DELTAS = 47, DQ = 48, DK = 49, DV = 50, DMASK = 51;

/** Strides in bytes of batch, head and row: of the output, and of the gradients of q, k and v. A row itself is dense. */
export const OUT_STRIDES = 54, DQ_STRIDES = 57, DK_STRIDES = 60, DV_STRIDES = 63;

/** Where row `i` of head `head` of `heads` is in an operand or a result. */
@inline
export function place(args: usize, tensor: i32, strides: i32, head: i32, heads: i32, i: i32): usize {
  return (
    <usize>slot(args, tensor) +
    <usize>(head / heads) * <usize>slot(args, strides) +
    <usize>(head % heads) * <usize>slot(args, strides + 1) +
    <usize>i * <usize>slot(args, strides + 2)
  );
}

/** A length rounded up to whole panels of 8. */
@inline
export function padded(n: i32): i32 {
  return (n + 7) & ~7;
}

/** Copies `rows` rows of `columns` floats, `rs` and `cs` bytes apart, times `scale`, into rows of `width` ending in zeros. */
export function stage(
  source: usize, rs: usize, cs: usize, rows: i32, columns: i32, width: i32, scale: f32, to: usize,
): void {
  const s = f32x4.splat(scale);
  const whole = cs == 4 ? <usize>(columns & ~3) << 2 : 0;
  const end = <usize>columns << 2;
  const bytes = <usize>width << 2;
  for (let i = 0; i < rows; i++) {
    let at: usize = 0;
    for (; at < whole; at += 16) v128.store(to + at, f32x4.mul(v128.load(source + at), s));
    for (; at < end; at += 4) store<f32>(to + at, load<f32>(source + (at >> 2) * cs) * scale);
    for (; at < bytes; at += 4) store<f32>(to + at, 0);
    source += rs;
    to += bytes;
  }
}

/** Copies `rows` rows of `columns` floats into panels of 8 rows, transposed, for products with them on the right. */
export function stagePanels(source: usize, rs: usize, cs: usize, rows: i32, columns: i32, to: usize): void {
  for (let row = 0; row < rows; row += 8) {
    packPanel(source, cs, rs, min(8, rows - row), columns, to);
    source += rs << 3;
    to += <usize>columns << 5;
  }
}

/**
 * c (+)= a · b for `rows` rows and `columns` columns, both rounded up to whole tiles. `a` has the strides rsA and csA;
 * `b` lies in panels of 8 columns, `panel` bytes apart, with rows ldb apart; `init` is c itself, or zeros with ldi 0.
 */
export function product(
  rows: i32, columns: i32, steps: i32, a: usize, rsA: usize, csA: usize, b: usize, ldb: usize, panel: usize,
  init: usize, ldi: usize, c: usize, ldc: usize,
): void {
  const height = RELAXED ? 6 : 4;
  const nextInit = ldi == 0 ? 0 : 32;
  for (let i = 0; i < rows; i += height) {
    let right = b;
    let from = init;
    let to = c;
    for (let j = 0; j < columns; j += 8) {
      if (RELAXED) tile6(a, rsA, csA, right, ldb, from, ldi, to, ldc, steps);
      else tile4(a, rsA, csA, right, ldb, from, ldi, to, ldc, steps);
      right += panel;
      from += nextInit;
      to += 32;
    }
    a += rsA * <usize>height;
    init += ldi * <usize>height;
    c += ldc * <usize>height;
  }
}

/** The first key that query `i` may see. */
@inline
export function firstKey(args: usize, i: i32): i32 {
  const window = slot(args, WINDOW);
  return window == 0 ? 0 : max(0, i + slot(args, KEYS) - slot(args, QUERIES) - window + 1);
}

/** The key behind the last one that query `i` may see. */
@inline
export function lastKey(args: usize, i: i32): i32 {
  const keys = slot(args, KEYS);
  const place = i + keys - slot(args, QUERIES);
  if (slot(args, CAUSAL) != 0) return min(keys, place + 1);
  const window = slot(args, WINDOW);
  return window == 0 ? keys : min(keys, place + window);
}

/** Where the mask of query i and key j is. */
@inline
export function maskAt(args: usize, mask: usize, head: i32, i: i32, j: i32): usize {
  const heads = slot(args, HEADS);
  return (
    mask +
    <usize>(head / heads) * <usize>slot(args, MASK_STRIDES) +
    <usize>(head % heads) * <usize>slot(args, MASK_STRIDES + 1) +
    <usize>i * <usize>slot(args, MASK_STRIDES + 2) +
    <usize>j * <usize>slot(args, MASK_STRIDES + 3)
  );
}

/** Applies a mask's row to scores that are scaled already: −∞ where a bool says no, or the sum. */
@inline
export function maskRow(args: usize, mask: usize, scores: usize, count: i32): void {
  const step = <usize>slot(args, MASK_STRIDES + 3);
  const isBool = slot(args, IS_BOOL) != 0;
  let i = 0;
  if (step == 4) {
    for (; i + 4 <= count; i += 4) {
      const at = <usize>i << 2;
      v128.store(scores + at, masked4(v128.load(scores + at), v128.load(mask + at), isBool));
    }
  } else if (step == 0) {
    const value = v128.load32_splat(mask);
    for (; i + 4 <= count; i += 4) {
      const at = <usize>i << 2;
      v128.store(scores + at, masked4(v128.load(scores + at), value, isBool));
    }
  }
  for (; i < count; i++) {
    const at = mask + <usize>i * step;
    const to = scores + (<usize>i << 2);
    if (!isBool) store<f32>(to, load<f32>(to) + load<f32>(at));
    else if (load<i32>(at) == 0) store<f32>(to, -Infinity);
  }
}

@inline
function masked4(x: v128, mask: v128, isBool: bool): v128 {
  if (!isBool) return f32x4.add(x, mask);
  return v128.bitselect(f32x4.splat(-Infinity), x, i32x4.eq(mask, i32x4.splat(0)));
}

/** Random bits of weights `[j, j + count)` of a row, one word each; returns where they begin. */
export function rowBits(args: usize, row: u64, j: i32, count: i32, to: usize): usize {
  const first = row * <u64>slot(args, KEYS) + <u64>j;
  const shift = <i32>(first & 3);
  let counter = load<u64>(args + (<usize>OFFSET << 2)) + (first >> 2);
  for (let i = 0; i < count + shift; i += 32) {
    philox32(to + (<usize>i << 2), counter, slot(args, SEED), slot(args, SEED + 1));
    counter += 8;
  }
  return to + (<usize>shift << 2);
}
