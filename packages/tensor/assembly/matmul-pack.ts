// Copies of operands in the order in which a product reads them, from any strides. Nothing is multiplied here.
import { slot } from './simd';

/** Rows of a tile of C. */
@inline
export function tileRows(): i32 {
  return RELAXED ? 6 : 4;
}

/**
 * Packs B of each batch into panels of 8 columns: 8 floats of bias (or 0), then K rows of 8; columns past N are 0.
 * Units are groups of panels, batch by batch.
 * Slots: 0 table of (source, destination) addresses, 1 K, 2 N, 3 row stride, 4 column stride (bytes), 5 groups a batch,
 * 6 panels a group, 7 bias or 0.
 */
export function matmulPack(args: usize, from: i32, to: i32): void {
  const table = <usize>slot(args, 0);
  const K = slot(args, 1);
  const N = slot(args, 2);
  const rs = <usize>slot(args, 3);
  const cs = <usize>slot(args, 4);
  const groups = slot(args, 5);
  const perGroup = slot(args, 6);
  const bias = <usize>slot(args, 7);
  const panels = (N + 7) >> 3;
  const panelBytes = <usize>(K + 1) << 5;
  for (let unit = from; unit < to; unit++) {
    const batch = unit / groups;
    const first = (unit - batch * groups) * perGroup;
    const last = min(panels, first + perGroup);
    const source = load<usize>(table + (<usize>batch << 3));
    const target = load<usize>(table + (<usize>batch << 3), 4);
    for (let panel = first; panel < last; panel++) {
      const n = panel << 3;
      const columns = min(8, N - n);
      const to = target + <usize>panel * panelBytes;
      packBias(bias == 0 ? 0 : bias + (<usize>n << 2), columns, to);
      packPanel(source + <usize>n * cs, rs, cs, columns, K, to + 32);
    }
  }
}

function packBias(bias: usize, columns: i32, to: usize): void {
  for (let j = 0; j < 8; j++) {
    store<f32>(to + (<usize>j << 2), bias != 0 && j < columns ? load<f32>(bias + (<usize>j << 2)) : 0);
  }
}

/** K rows of 8 floats from `columns` columns of a matrix. */
export function packPanel(source: usize, rs: usize, cs: usize, columns: i32, K: i32, to: usize): void {
  if (columns == 8 && cs == 4) {
    for (let k = 0; k < K; k++) {
      v128.store(to, v128.load(source));
      v128.store(to, v128.load(source, 16), 16);
      source += rs;
      to += 32;
    }
    return;
  }
  let k = 0;
  if (columns == 8 && rs == 4) {
    for (; k + 4 <= K; k += 4) {
      transpose4(source, cs, to);
      transpose4(source + 4 * cs, cs, to + 16);
      source += 16;
      to += 128;
    }
  }
  for (; k < K; k++) {
    let at = source;
    for (let j = 0; j < columns; j++) {
      store<f32>(to + (<usize>j << 2), load<f32>(at));
      at += cs;
    }
    for (let j = columns; j < 8; j++) store<f32>(to + (<usize>j << 2), 0);
    source += rs;
    to += 32;
  }
}

// Four columns, four floats each down K, become four rows, 32 bytes apart.
@inline
function transpose4(source: usize, cs: usize, to: usize): void {
  const x0 = v128.load(source);
  const x1 = v128.load(source + cs);
  const x2 = v128.load(source + 2 * cs);
  const x3 = v128.load(source + 3 * cs);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96);
}

/** Bytes of a group of packed rows: off a power of two, so that groups don't lie in the same sets of the cache. */
@inline
export function packedGroup(K: i32): usize {
  return (<usize>(tileRows() * K) << 2) + 64;
}

/**
 * Packs a block of A into groups of `tileRows()` rows: for each step of K the rows' floats side by side; rows past the
 * block are 0. For A whose rows are not dense along K: a transposed view.
 */
export function packRows(source: usize, rs: usize, cs: usize, rows: i32, K: i32, to: usize): void {
  const height = tileRows();
  const step = <usize>height << 2;
  const group = packedGroup(K);
  let i = 0;
  if (rs == 4) {
    // Four groups at once, since a cache line of A holds the rows of several.
    for (; i + 4 * height <= rows; i += 4 * height) {
      let at = source + (<usize>i << 2);
      let first = to;
      for (let k = 0; k < K; k++) {
        let into = first;
        for (let g = 0; g < 4; g++) {
          copyStep(at + <usize>g * step, into);
          into += group;
        }
        at += cs;
        first += step;
      }
      to += 4 * group;
    }
  }
  for (; i < rows; i += height) {
    const count = min(height, rows - i);
    let at = source + <usize>i * rs;
    for (let k = 0; k < K; k++) {
      let from = at;
      for (let r = 0; r < count; r++) {
        store<f32>(to + (<usize>r << 2), load<f32>(from));
        from += rs;
      }
      for (let r = count; r < height; r++) store<f32>(to + (<usize>r << 2), 0);
      at += cs;
      to += step;
    }
    to += group - step * <usize>K;
  }
}

// One step of K of `tileRows()` rows that lie side by side.
@inline
function copyStep(from: usize, to: usize): void {
  v128.store(to, v128.load(from));
  if (RELAXED) store<u64>(to, load<u64>(from, 16), 16);
}
