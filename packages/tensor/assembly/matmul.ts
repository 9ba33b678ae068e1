// Matrix products, blocked for the caches: C = A · B (+ bias, or + C). Packing and the loops in registers are elsewhere.
import { scratch } from './engine';
import { matmulFinish } from './matmul-finish';
import { PANEL_HEAD, packColumns, panelBytes, tileRows } from './matmul-pack';
import { tile4, tile6 } from './matmul-tile';
import { slot } from './simd';

export { matmulFinish, matmulStart } from './matmul-finish';
export { matmulPack } from './matmul-pack';

// How the scratch memory is used: a tile at the edge of C, a bias, the last panels of an unpacked B and A.
const EDGE: usize = 0;
const BIAS: usize = 512;
const PANEL: usize = 1024;
const ROWS: usize = 1024 + 32 * 256;

/** Steps of K that are walked at once: a panel of B stays in the first-level cache. */
const MAX_DEPTH: i32 = 256;

/**
 * Blocks of C. Units are blocks, row by row, batch by batch.
 * Slots: 0 table of (A, B, C) addresses a batch, 1 M, 2 N, 3 K, 4 row stride of an A that is
 * dense along K, or 0 for panels from matmulPack, 6 row stride of a B that is dense along its rows, or 0 for panels, 7
 * row stride of C (bytes), 8 rows a block (a multiple of 12), 9 columns a block (a multiple of 8), 10 bias of an unpacked B or 0, 11 whether to add to C;
 * 12 to 15 are matmulFinish's.
 */
export function matmul(args: usize, from: i32, to: i32): void {
  const table = <usize>slot(args, 0);
  const M = slot(args, 1);
  const N = slot(args, 2);
  const height = slot(args, 8);
  const width = slot(args, 9);
  const down = (M + height - 1) / height;
  const across = (N + width - 1) / width;
  for (let unit = from; unit < to; unit++) {
    const row = unit / across;
    const batch = row / down;
    const entry = table + <usize>batch * 12;
    const i = (row - batch * down) * height;
    const j = (unit - row * across) * width;
    const i1 = min(M, i + height);
    const j1 = min(N, j + width);
    block(args, load<usize>(entry), load<usize>(entry, 4), load<usize>(entry, 8), i, i1, j, j1);
    matmulFinish(args, batch, i, i1, j, j1);
  }
}

// Rows [i0, i1) and columns [j0, j1) of C.
function block(args: usize, A: usize, B: usize, C: usize, i0: i32, i1: i32, j0: i32, j1: i32): void {
  const N = slot(args, 2);
  const K = slot(args, 3);
  const rsA = <usize>slot(args, 4);
  const ldb = <usize>slot(args, 6);
  const ldc = <usize>slot(args, 7);
  const bias = <usize>slot(args, 10);
  const add = slot(args, 11) != 0;
  const base = scratch();
  const depths = max(1, (K + MAX_DEPTH - 1) / MAX_DEPTH);
  const depth = (K + depths - 1) / depths;
  const tall = tileRows();
  const packed = rsA == 0;
  const group = panelBytes(K, tall);
  const rs = packed ? <usize>4 : rsA;
  const cs = packed ? <usize>tall << 2 : <usize>4;
  const nextRows = packed ? group : rsA * <usize>tall;
  const left = packed ? 0 : (i1 - i0) % tall;
  let k0 = 0;
  do {
    const kc = min(depth, K - k0);
    const a = packed
      ? A + <usize>(i0 / tall) * group + PANEL_HEAD + <usize>k0 * cs
      : A + <usize>i0 * rsA + (<usize>k0 << 2);
    if (left > 0) packColumns(a + <usize>(i1 - i0 - left) * rsA, 4, rsA, left, tall, kc, base + ROWS);
    for (let j = j0; j < j1; j += 8) {
      const columns = min(8, N - j);
      let b: usize;
      let step: usize = 32;
      let start: usize;
      if (ldb == 0) {
        start = B + <usize>(j >> 3) * panelBytes(K, 8);
        b = start + PANEL_HEAD + (<usize>k0 << 5);
      } else {
        b = B + <usize>k0 * ldb + (<usize>j << 2);
        start = firstRow(base, bias, j, columns);
        if (columns == 8) step = ldb;
        else {
          packColumns(b, ldb, 4, columns, 8, kc, base + PANEL);
          b = base + PANEL;
        }
      }
      const fromC = add || k0 > 0;
      let c = C + <usize>i0 * ldc + (<usize>j << 2);
      let rowsAt = a;
      for (let i = i0; i < i1; i += tall) {
        const rows = min(tall, i1 - i);
        if (rows == tall && columns == 8) {
          if (RELAXED) tile6(rowsAt, rs, cs, b, step, fromC ? c : start, fromC ? ldc : 0, c, ldc, kc);
          else tile4(rowsAt, rs, cs, b, step, fromC ? c : start, fromC ? ldc : 0, c, ldc, kc);
        } else {
          const edge = base + EDGE;
          const loose = rows < tall && !packed;
          const at = loose ? base + ROWS : rowsAt;
          const rsE = loose ? <usize>4 : rs;
          const csE = loose ? <usize>tall << 2 : cs;
          if (fromC) copyTile(c, ldc, edge, 32, rows, columns);
          if (RELAXED && rows > 4) {
            tile6(at, rsE, csE, b, step, fromC ? edge : start, fromC ? 32 : 0, edge, 32, kc);
          } else tile4(at, rsE, csE, b, step, fromC ? edge : start, fromC ? 32 : 0, edge, 32, kc);
          copyTile(edge, 32, c, ldc, rows, columns);
        }
        rowsAt += nextRows;
        c += ldc * <usize>tall;
      }
    }
    k0 += depth;
  } while (k0 < K);
}

// Eight floats that each row of an unpacked product starts from.
function firstRow(base: usize, bias: usize, j: i32, columns: i32): usize {
  const at = base + BIAS;
  for (let c = 0; c < 8; c++) {
    store<f32>(at + (<usize>c << 2), bias != 0 && c < columns ? load<f32>(bias + (<usize>(j + c) << 2)) : 0);
  }
  return at;
}

function copyTile(from: usize, ldf: usize, to: usize, ldt: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) store<f32>(to + (<usize>j << 2), load<f32>(from + (<usize>j << 2)));
    from += ldf;
    to += ldt;
  }
}
