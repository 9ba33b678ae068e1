// Scaled dot-product attention, forward: tiles of queries against tiles of keys, with running maxima and sums, so that
// memory doesn't grow with the product of the lengths (Dao et al. 2022; Milakov & Gimelshein 2018).
import {
  DIM, GROUPS, HEADS, K, K_STRIDES, KEYS, Q, QUERIES, Q_STRIDES, ROWS, SCALE, SPARE, TILE_KEYS, UNIT_QUERIES, V,
  VALUE_DIM, V_STRIDES, firstKey, lastKey, padded, place, product, stage, stagePanels,
} from './attention-tile';
import { finish, weigh } from './attention-weigh';
import { scratch } from './engine';
import { floatSlot, slot } from './simd';

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
  const groups = slot(args, GROUPS);
  const group = head / (heads / groups);
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
  const fromQ = place(args, Q, Q_STRIDES, head, heads, i0);
  const fromK = place(args, K, K_STRIDES, group, groups, 0);
  const fromV = place(args, V, V_STRIDES, group, groups, 0);
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
      // Keys of this tile that any of these queries sees.
      const seen = min(count, lastKey(args, i + height - 1) - j);
      if (seen <= 0 || firstKey(args, i) >= j + count) continue;
      const ld = <usize>tileKeys << 2;
      const atQ = q + (<usize>(r * width) << 2);
      product(height, seen, dim, atQ, <usize>width << 2, 4, k, 32, <usize>dim << 5, zeros, 0, scores, ld);
      const atO = o + (<usize>(r * valueWidth) << 2);
      for (let row = 0; row < height; row++) {
        weigh(args, head, i + row, j, seen, scores + <usize>row * ld, tops + (<usize>(r + row) << 2),
          sums + (<usize>(r + row) << 2), atO + (<usize>(row * valueWidth) << 2), valueWidth, bits);
      }
      const ldo = <usize>valueWidth << 2;
      product(height, valueDim, seen, scores, ld, 4, v, ldo, 32, atO, ldo, atO, ldo);
    }
  }
  finish(args, head, i0, rows, o, valueWidth, tops, sums);
}
