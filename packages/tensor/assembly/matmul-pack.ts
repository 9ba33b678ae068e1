// Copies of operands in the order in which a product reads them, from any strides. Nothing is multiplied here.
import { slot } from './simd';

/** Rows of a tile of C: how wide panels of A are. */
@inline
export function tileRows(): i32 {
  return RELAXED ? 6 : 4;
}

/** Bytes in front of a panel: 8 floats of bias, and room that keeps panels out of each other's cache sets. */
export const PANEL_HEAD: usize = 64;

/** Bytes of a panel. */
@inline
export function panelBytes(K: i32, width: i32): usize {
  return PANEL_HEAD + (<usize>(K * width) << 2);
}

/**
 * Packs matrices [K, N] into panels of `width` columns: the head, then K rows; columns past N are 0. Width 8 for B, and
 * `tileRows()` for A, whose rows are columns here. Units are steps of K of groups of panels, batch by batch.
 * Slots: 0 table of (source, destination) addresses, 1 K, 2 N, 3 stride along K, 4 stride along N (bytes), 5 groups a
 * batch, 6 panels a group, 7 bias or 0, 8 width, 9 chunks of K, 10 steps of a chunk (a multiple of 4).
 */
export function matmulPack(args: usize, from: i32, to: i32): void {
  const width = slot(args, 8);
  if (width == 8) pack(args, from, to, 8);
  else if (width == 6) pack(args, from, to, 6);
  else pack(args, from, to, 4);
}

@inline
function pack(args: usize, from: i32, to: i32, width: i32): void {
  const table = <usize>slot(args, 0);
  const K = slot(args, 1);
  const N = slot(args, 2);
  const rs = <usize>slot(args, 3);
  const cs = <usize>slot(args, 4);
  const groups = slot(args, 5);
  const perGroup = slot(args, 6);
  const bias = <usize>slot(args, 7);
  const chunks = slot(args, 9);
  const chunk = slot(args, 10);
  const panels = (N + width - 1) / width;
  const stride = panelBytes(K, width);
  const step = <usize>width << 2;
  for (let unit = from; unit < to; unit++) {
    const row = unit / chunks;
    const batch = row / groups;
    const k0 = (unit - row * chunks) * chunk;
    const steps = min(chunk, K - k0);
    const first = (row - batch * groups) * perGroup;
    const last = min(panels, first + perGroup);
    const whole = min(last, N / width);
    const source = load<usize>(table + (<usize>batch << 3)) + <usize>k0 * rs;
    const target = load<usize>(table + (<usize>batch << 3), 4);
    if (k0 == 0) for (let panel = first; panel < last; panel++) head(bias, panel * width, N, target + <usize>panel * stride);
    const into = target + PANEL_HEAD + <usize>k0 * step;
    let panel = first;
    if (cs == 4) {
      // Row by row over all panels of the group, so that the source is read along its cache lines.
      let at = source + <usize>(first * width) * 4;
      let start = into + <usize>first * stride;
      for (let k = 0; k < steps; k++) {
        let x = at;
        let y = start;
        for (let p = first; p < whole; p++) {
          v128.store(y, v128.load(x));
          if (width == 8) v128.store(y, v128.load(x, 16), 16);
          if (width == 6) store<u64>(y, load<u64>(x, 16), 16);
          x += step;
          y += stride;
        }
        at += rs;
        start += step;
      }
      panel = whole;
    }
    for (; panel < last; panel++) {
      const columns = min(width, N - panel * width);
      packColumns(source + <usize>(panel * width) * cs, rs, cs, columns, width, steps, into + <usize>panel * stride);
    }
  }
}

@inline
function head(bias: usize, n: i32, N: i32, to: usize): void {
  for (let j = 0; j < 8; j++) {
    store<f32>(to + (<usize>j << 2), bias != 0 && n + j < N ? load<f32>(bias + (<usize>(n + j) << 2)) : 0);
  }
}

/** K rows of 8 floats from up to 8 columns of a matrix. */
export function packPanel(source: usize, rs: usize, cs: usize, columns: i32, K: i32, to: usize): void {
  packColumns(source, rs, cs, columns, 8, K, to);
}

/** K rows of `width` floats, of which `columns` come from a matrix and the rest are 0. */
export function packColumns(source: usize, rs: usize, cs: usize, columns: i32, width: i32, K: i32, to: usize): void {
  const step = <usize>width << 2;
  let k = 0;
  if (columns == width && rs == 4 && width != 6) {
    for (; k + 4 <= K; k += 4) {
      transpose4(source, cs, to, step);
      if (width == 8) transpose4(source + 4 * cs, cs, to + 16, step);
      source += 16;
      to += 4 * step;
    }
  }
  for (; k < K; k++) {
    let at = source;
    for (let j = 0; j < columns; j++) {
      store<f32>(to + (<usize>j << 2), load<f32>(at));
      at += cs;
    }
    for (let j = columns; j < width; j++) store<f32>(to + (<usize>j << 2), 0);
    source += rs;
    to += step;
  }
}

// Four columns, four floats each down K, become four rows, `step` bytes apart.
@inline
function transpose4(source: usize, cs: usize, to: usize, step: usize): void {
  const x0 = v128.load(source);
  const x1 = v128.load(source + cs);
  const x2 = v128.load(source + 2 * cs);
  const x3 = v128.load(source + 3 * cs);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(to + 2 * step, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(to + 3 * step, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}
