// WGSL of the matrix product: tiles in registers alone, and tiles in workgroup memory of a size that the caller names.
import type { Activation } from '../../../fused/linear';
import { activate } from '../kernels/activation';
import { translated } from './snippets';

/** What else a product writes: sums before the activation, sums along the rows of `a`, or nothing. */
export type Extra = 'none' | 'before' | 'rowSums';

/** How a sum is finished and written. */
export interface Ending {
  readonly bias: boolean;
  readonly activation: Activation;
  readonly extra: Extra;
}

/** A square of the result that one workgroup computes. */
export interface Tile {
  readonly side: number;
  /** Rows of it that one thread sums, a multiple of 4; columns are 4. Without workgroup memory both are 4. */
  readonly rows: number;
}

/** Columns that one thread sums, and rows at a time. */
const FOUR = 4;

/** Elements of the inner axis that a tile in workgroup memory holds at a time. */
const SLICE = 16;

// Batch n begins at …; slices of the inner axis are shared out between `splits` workgroups, which write apart.
function common({ bias, activation, extra }: Ending): string {
  return `
fn at(n: u32, s0: u32, s1: u32, s2: u32) -> u32 {
  return n / (p.n1 * p.n2) * s0 + n / p.n2 % p.n1 * s1 + n % p.n2 * s2;
}
fn activate(x: f32) -> f32 {
${translated(activate(activation))}
}
fn write(n: u32, row: u32, column: u32, total: f32) {
  if (row < p.M && column < p.N) {
    let x = total${bias ? ' + bias[p.biasOffset + column * p.biasStride]' : ''};
    ${extra === 'before' ? 'extra[(n * p.M + row) * p.N + column] = x;' : ''}
    y[(n * p.M + row) * p.N + column] = activate(x);
  }
}
fn writeFour(n: u32, row: u32, column: u32, totals: vec4<f32>) {
  for (var j = 0u; j < 4u; j++) { write(n, row, column + j, totals[j]); }
}
fn writeSums(n: u32, row: u32, sums: vec4<f32>) {
  ${extra === 'rowSums' ? 'for (var i = 0u; i < 4u; i++) { if (row + i < p.M) { extra[n * p.M + row + i] = sums[i]; } }' : ''}
}`;
}

/** Each thread sums 4 × 4 elements; neighbours read the same rows and columns through the cache. */
export function registerSource(ending: Ending): string {
  return `${common(ending)}
@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y * 4u;
  let column = id.x * 4u;
  if (row >= p.M || column >= p.N) { return; }
  let r = min(vec4<u32>(row, row + 1u, row + 2u, row + 3u), vec4<u32>(p.M - 1u)) * p.am + at(id.z, p.a0, p.a1, p.a2) + p.aOffset;
  let c = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(p.N - 1u)) * p.bn + at(id.z, p.b0, p.b1, p.b2) + p.bOffset;
  var t0 = vec4<f32>(); var t1 = vec4<f32>(); var t2 = vec4<f32>(); var t3 = vec4<f32>();
  var sums = vec4<f32>();
  for (var k = 0u; k < p.K; k++) {
    let ak = k * p.ak;
    let bk = k * p.bk;
    let u = vec4<f32>(a[r.x + ak], a[r.y + ak], a[r.z + ak], a[r.w + ak]);
    let v = vec4<f32>(b[c.x + bk], b[c.y + bk], b[c.z + bk], b[c.w + bk]);
    t0 += u.x * v;
    t1 += u.y * v;
    t2 += u.z * v;
    t3 += u.w * v;
    sums += u;
  }
  if (column == 0u) { writeSums(id.z, row, sums); }
  writeFour(id.z, row, column, t0);
  writeFour(id.z, row + 1u, column, t1);
  writeFour(id.z, row + 2u, column, t2);
  writeFour(id.z, row + 3u, column, t3);
}`;
}

/**
 * A workgroup sums a tile over slices of the inner axis, which it loads along whichever axis lies dense in memory. A
 * thread's rows are groups of four that lie apart, so that neighbours read neighbouring words.
 */
export function sharedSource({ side, rows }: Tile, ending: Ending): string {
  const across = side / FOUR;
  const down = side / rows;
  const threads = across * down;
  // A word of four more than a row needs: else those that store a column would all meet in one bank.
  const pitch = side / FOUR + 1;
  const quads = Array.from({ length: rows / FOUR }, (_, q) => q);
  // All loads before all stores, in variables of their own: a load does not wait for the one before it.
  const places = Array.from({ length: (side * SLICE) / threads }, (_, i) => ({ i, e: `(thread + ${i * threads}u)` }));
  const loads = places.map(
    ({ i, e }) => `
    let am${i} = select(${e} % ${side}u, ${e} / ${SLICE}u, p.ak == 1u);
    let ak${i} = select(${e} / ${side}u, ${e} % ${SLICE}u, p.ak == 1u);
    var x${i} = 0.0;
    if (top + am${i} < p.M && slice + ak${i} < end) { x${i} = a[aBase + (top + am${i}) * p.am + (slice + ak${i}) * p.ak]; }
    let bn${i} = select(${e} / ${SLICE}u, ${e} % ${side}u, p.bn == 1u);
    let bk${i} = select(${e} % ${SLICE}u, ${e} / ${side}u, p.bn == 1u);
    var v${i} = 0.0;
    if (start + bn${i} < p.N && slice + bk${i} < end) { v${i} = b[bBase + (slice + bk${i}) * p.bk + (start + bn${i}) * p.bn]; }`,
  );
  const stores = places.map(
    ({ i }) => `
    left[ak${i} * ${pitch}u + am${i} / 4u][am${i} % 4u] = x${i};
    right[bk${i} * ${pitch}u + bn${i} / 4u][bn${i} % 4u] = v${i};`,
  );
  const each = (text: (row: number, q: number) => string): string =>
    quads.flatMap((q) => [0, 1, 2, 3].map((j) => text(q * FOUR + j, q))).join('\n');
  return `${common(ending)}
var<workgroup> left: array<vec4<f32>, ${SLICE * pitch}>;
var<workgroup> right: array<vec4<f32>, ${SLICE * pitch}>;
@compute @workgroup_size(${across}, ${down})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let top = id.y * ${side}u;
  let start = id.x * ${side}u;
  let n = id.z % p.count;
  let length = (p.K + p.splits - 1u) / p.splits;
  let first = id.z / p.count * length;
  let end = min(first + length, p.K);
  let aBase = at(n, p.a0, p.a1, p.a2) + p.aOffset;
  let bBase = at(n, p.b0, p.b1, p.b2) + p.bOffset;
  ${each((row) => `var t${row} = vec4<f32>();`)}
  ${quads.map((q) => `var sums${q} = vec4<f32>();`).join(' ')}
  for (var slice = first; slice < end; slice += ${SLICE}u) {
    ${loads.join('\n')}
    ${stores.join('\n')}
    workgroupBarrier();
    for (var k = 0u; k < ${SLICE}u; k++) {
      let v = right[k * ${pitch}u + l.x];
      ${quads.map((q) => `let u${q} = left[k * ${pitch}u + l.y + ${q * down}u]; sums${q} += u${q};`).join('\n')}
      ${each((row, q) => `t${row} += u${q}[${row % FOUR}] * v;`)}
    }
    workgroupBarrier();
  }
  let column = start + l.x * 4u;
  ${quads.map((q) => `let row${q} = top + (l.y + ${q * down}u) * 4u;`).join(' ')}
  if (column == 0u) { ${quads.map((q) => `writeSums(id.z, row${q}, sums${q});`).join(' ')} }
  ${each((row, q) => `writeFour(id.z, row${q} + ${row % FOUR}u, column, t${row});`)}
}`;
}
