// Scaled dot-product attention, backward: the weights are computed again, tile by tile, from the saved maximum and sum of each
// row. Not from the logarithm of the sum: beside a mask of −1e9 that is lost.
import {
  DELTAS, DIM, DK, DK_STRIDES, DMASK, DQ, DQ_STRIDES, DROPS, DV, DV_STRIDES, G, GROUPS, G_STRIDES, HEADS, K, KEPT, KEYS, K_STRIDES, LIMIT, MASK,
  OUT, OUT_STRIDES, Q, QUERIES, Q_STRIDES, ROWS, SCALE, SPARE, STATS, TILE_KEYS, V, VALUE_DIM, V_STRIDES,
  firstKey, lastKey, maskAt, maskRow, padded, place, product, rowBits, stage, stagePanels,
} from './attention-tile';
import { scratch } from './engine';
import { expWeight4 } from './math';
import { floatSlot, fma, slot, sumLanes } from './simd';

/** Σ g · out of each row. Units are rows of a head, head by head: `QUERIES` of them. */
export function attentionDeltas(args: usize, from: i32, to: i32): void {
  const queries = slot(args, QUERIES);
  const heads = slot(args, HEADS);
  const dim = slot(args, VALUE_DIM);
  const gs = args + (<usize>G_STRIDES << 2);
  for (let head = from; head < to; head++) {
    let g = place(args, G, G_STRIDES, head, heads, 0);
    let out = place(args, OUT, OUT_STRIDES, head, heads, 0);
    for (let i = 0; i < queries; i++) {
      let sum = f32x4.splat(0);
      let c = 0;
      if (load<usize>(gs, 12) == 4) {
        for (; c + 4 <= dim; c += 4) {
          sum = fma(v128.load(g + (<usize>c << 2)), v128.load(out + (<usize>c << 2)), sum);
        }
      }
      let total = sumLanes(sum);
      for (; c < dim; c++) total += load<f32>(g + <usize>c * load<usize>(gs, 12)) * load<f32>(out + (<usize>c << 2));
      store<f32>(<usize>slot(args, DELTAS) + (<usize>(head * queries + i) << 2), total);
      g += load<usize>(gs, 8);
      out += <usize>slot(args, OUT_STRIDES + 2);
    }
  }
}

/** Units are heads of keys, batch by batch: each has gradients of its own. Slots: see attention-tile.ts. */
export function attentionGrad(args: usize, from: i32, to: i32): void {
  for (let unit = from; unit < to; unit++) headGrad(args, unit);
}

// All queries of the heads that share head `unit` of the keys, tile of keys by tile of keys.
function headGrad(args: usize, unit: i32): void {
  const groups = slot(args, GROUPS);
  const perGroup = slot(args, HEADS) / groups;
  const queries = slot(args, QUERIES);
  const keys = slot(args, KEYS);
  const dim = slot(args, DIM);
  const valueDim = slot(args, VALUE_DIM);
  const width = padded(dim);
  const valueWidth = padded(valueDim);
  const tileKeys = slot(args, TILE_KEYS);
  const firstHead = (unit / groups) * slot(args, HEADS) + (unit % groups) * perGroup;
  const ld = <usize>tileKeys << 2;
  const wide = <usize>width << 2;
  const valueWide = <usize>valueWidth << 2;
  // Scratch memory.
  const rows = <usize>(ROWS + SPARE);
  const tall = <usize>(tileKeys + SPARE);
  const zeros = scratch();
  const bits = zeros + 64;
  const weights = bits + 512;
  const slopes = weights + rows * ld;
  const q = slopes + rows * ld;
  const g = q + rows * wide;
  const dq = g + rows * valueWide;
  const k = dq + rows * wide;
  const kPanels = k + <usize>tileKeys * wide;
  const vPanels = kPanels + <usize>tileKeys * wide;
  const dk = vPanels + <usize>tileKeys * valueWide;
  const dv = dk + tall * wide;
  memory.fill(zeros, 0, 64);
  const ks = args + (<usize>K_STRIDES << 2);
  const vs = args + (<usize>V_STRIDES << 2);
  const fromK = place(args, K, K_STRIDES, unit, groups, 0);
  const fromV = place(args, V, V_STRIDES, unit, groups, 0);
  for (let head = firstHead; head < firstHead + perGroup; head++) {
    clearRows(place(args, DQ, DQ_STRIDES, head, slot(args, HEADS), 0), slot(args, DQ_STRIDES + 2), queries, dim);
  }
  for (let j = 0; j < keys; j += tileKeys) {
    const count = min(tileKeys, keys - j);
    const atK = fromK + <usize>j * load<usize>(ks, 8);
    const atV = fromV + <usize>j * load<usize>(vs, 8);
    stage(atK, load<usize>(ks, 8), load<usize>(ks, 12), count, dim, width, 1, k);
    stagePanels(atK, load<usize>(ks, 8), load<usize>(ks, 12), count, dim, kPanels);
    stagePanels(atV, load<usize>(vs, 8), load<usize>(vs, 12), count, valueDim, vPanels);
    memory.fill(dk, 0, tall * wide);
    memory.fill(dv, 0, tall * valueWide);
    for (let head = firstHead; head < firstHead + perGroup; head++) {
      for (let i = 0; i < queries; i += ROWS) {
        const height = min(ROWS, queries - i);
        // Keys of this tile that any of these queries sees.
        const seen = min(count, lastKey(args, i + height - 1) - j);
        if (slot(args, DMASK) != 0) clearMask(args, head, i, height, j, count);
        if (seen <= 0 || firstKey(args, i) >= j + count) continue;
        stageRows(args, Q, Q_STRIDES, head, i, height, dim, width, q);
        stageRows(args, G, G_STRIDES, head, i, height, valueDim, valueWidth, g);
        product(height, seen, dim, q, wide, 4, kPanels, 32, <usize>dim << 5, zeros, 0, weights, ld);
        product(height, seen, valueDim, g, valueWide, 4, vPanels, 32, <usize>valueDim << 5, zeros, 0, slopes, ld);
        for (let row = 0; row < height; row++) {
          const at = <usize>row * ld;
          differentiate(args, head, i + row, j, seen, weights + at, slopes + at, bits);
          // The next two products take whole tiles of six keys: those behind the last one seen still hold another's.
          if (RELAXED) clear(weights + at, slopes + at, (seen + 3) & ~3, min(count, ((seen + 5) / 6) * 6));
        }
        product(seen, valueDim, height, weights, 4, ld, g, valueWide, 32, dv, valueWide, dv, valueWide);
        product(seen, dim, height, slopes, 4, ld, q, wide, 32, dk, wide, dk, wide);
        product(height, dim, seen, slopes, ld, 4, k, wide, 32, zeros, 0, dq, wide);
        const to = place(args, DQ, DQ_STRIDES, head, slot(args, HEADS), i);
        addRows(dq, wide, to, slot(args, DQ_STRIDES + 2), height, dim);
      }
    }
    putRows(dk, wide, place(args, DK, DK_STRIDES, unit, groups, j), slot(args, DK_STRIDES + 2), count, dim);
    putRows(dv, valueWide, place(args, DV, DV_STRIDES, unit, groups, j), slot(args, DV_STRIDES + 2), count, valueDim);
  }
}

// Rows [i, i + height) of one head of a tensor with strides, dense.
function stageRows(
  args: usize, tensor: i32, strides: i32, head: i32, i: i32, height: i32, columns: i32, width: i32, to: usize,
): void {
  const s = args + (<usize>strides << 2);
  const from = place(args, tensor, strides, head, slot(args, HEADS), i);
  stage(from, load<usize>(s, 8), load<usize>(s, 12), height, columns, width, 1, to);
}

// From scores and g · vᵀ: the weights as the values saw them, and the gradient of the scores before the scale.
@inline
export function differentiate(
  args: usize, head: i32, i: i32, j: i32, count: i32, weights: usize, slopes: usize, bits: usize,
): void {
  const first = max(0, firstKey(args, i) - j);
  const last = max(first, min(count, lastKey(args, i) - j));
  const at = <usize>(head * slot(args, QUERIES) + i) << 2;
  const stats = <usize>slot(args, STATS) + (at << 1);
  const top = v128.load32_splat(stats);
  const inverse = v128.load32_splat(stats, 4);
  const delta = v128.load32_splat(<usize>slot(args, DELTAS) + at);
  const scale = f32x4.splat(floatSlot(args, SCALE));
  const whole = (count + 3) & ~3;
  const bytes = <usize>whole << 2;
  const mask = <usize>slot(args, MASK);
  let factor = scale;
  if (mask != 0) {
    for (let c: usize = 0; c < bytes; c += 16) v128.store(weights + c, f32x4.mul(v128.load(weights + c), scale));
    maskRow(args, maskAt(args, mask, head, i, j), weights, count);
    // Beside a large mask scores round coarsely, and perhaps not as they did forward.
    for (let c: usize = 0; c < bytes; c += 16) v128.store(weights + c, f32x4.pmin(v128.load(weights + c), top));
    factor = f32x4.splat(1);
  }
  // The gradient of a mask is that of the scores before their scale.
  const dMask = slot(args, DMASK) != 0;
  const by = dMask ? f32x4.splat(1) : scale;
  if (slot(args, DROPS) != 0) {
    const random = rowBits(args, <u64>head * <u64>slot(args, QUERIES) + <u64>i, j, count, bits);
    const limit = i32x4.splat(slot(args, LIMIT));
    const kept = f32x4.splat(floatSlot(args, KEPT));
    for (let c: usize = 0; c < bytes; c += 16) {
      const keep = v128.and(kept, i32x4.ge_u(v128.load(random + c), limit));
      const p = f32x4.mul(expWeight4(f32x4.sub(f32x4.mul(v128.load(weights + c), factor), top)), inverse);
      const slope = f32x4.sub(f32x4.mul(v128.load(slopes + c), keep), delta);
      v128.store(slopes + c, f32x4.mul(f32x4.mul(p, by), slope));
      v128.store(weights + c, f32x4.mul(p, keep));
    }
  } else {
    for (let c: usize = 0; c < bytes; c += 16) {
      const p = f32x4.mul(expWeight4(f32x4.sub(f32x4.mul(v128.load(weights + c), factor), top)), inverse);
      v128.store(slopes + c, f32x4.mul(f32x4.mul(p, by), f32x4.sub(v128.load(slopes + c), delta)));
      v128.store(weights + c, p);
    }
  }
  // Keys that aren't seen.
  clear(weights, slopes, 0, first);
  clear(weights, slopes, last, whole);
  if (dMask) {
    memory.copy(maskGradAt(args, head, i, j), slopes, <usize>count << 2);
    for (let c: usize = 0; c < bytes; c += 16) v128.store(slopes + c, f32x4.mul(v128.load(slopes + c), scale));
  }
}

@inline
function clear(weights: usize, slopes: usize, from: i32, to: i32): void {
  for (let c = from; c < to; c++) {
    store<f32>(weights + (<usize>c << 2), 0);
    store<f32>(slopes + (<usize>c << 2), 0);
  }
}

@inline
function maskGradAt(args: usize, head: i32, i: i32, j: i32): usize {
  const row = <usize>(head * slot(args, QUERIES) + i);
  return <usize>slot(args, DMASK) + ((row * <usize>slot(args, KEYS) + <usize>j) << 2);
}

// What queries that don't see all keys of a tile leave out.
function clearMask(args: usize, head: i32, i: i32, height: i32, j: i32, count: i32): void {
  for (let row = 0; row < height; row++) memory.fill(maskGradAt(args, head, i + row, j), 0, <usize>count << 2);
}

/** Zeroes rows that lie `step` bytes apart. */
export function clearRows(to: usize, step: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    let c = 0;
    for (; c + 4 <= columns; c += 4) v128.store(to + (<usize>c << 2), f32x4.splat(0));
    for (; c < columns; c++) store<f32>(to + (<usize>c << 2), 0);
    to += step;
  }
}

function addRows(x: usize, step: usize, to: usize, toStep: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    let c = 0;
    for (; c + 4 <= columns; c += 4) {
      const at = <usize>c << 2;
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(x + at)));
    }
    for (; c < columns; c++) {
      const at = <usize>c << 2;
      store<f32>(to + at, load<f32>(to + at) + load<f32>(x + at));
    }
    x += step;
    to += toStep;
  }
}

function putRows(x: usize, step: usize, to: usize, toStep: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    memory.copy(to, x, <usize>columns << 2);
    x += step;
    to += toStep;
  }
}
