// WGSL of fused attention. A thread holds one query (or one key) in registers and walks over tiles of the other side in
// workgroup memory, so that no [T, S] matrix is ever written (Dao et al. 2022).
import { LEAST } from '../fused/attention';
import { GROUP, NOT_A_NUMBER, PHILOX, perElement } from './snippets';

/** What the source depends on. */
export interface Shape {
  /** Vectors of four that a query, and a value, take. */
  readonly D4: number;
  readonly V4: number;
  readonly mask: 'none' | 'bool' | 'float';
  readonly dropout: boolean;
}

/** Threads of a workgroup: queries (or keys) that share a tile. */
export const BLOCK = 64;

/** Rows of a tile, so that both halves fit the 16 KiB that every device has. */
export function tileOf({ D4, V4 }: Shape): number {
  return Math.max(1, Math.min(32, Math.floor(15_000 / (16 * (D4 + V4) + 16))));
}

/** Reads four elements of a row; those behind its end are 0. */
const LOAD = (name: string, size: string): string => `
fn ${name}4(start: u32, step: u32, c: u32) -> vec4<f32> {
  var x = vec4<f32>();
  for (var e = 0u; e < 4u; e++) {
    if (c * 4u + e < ${size}) { x[e] = ${name}[start + (c * 4u + e) * step]; }
  }
  return x;
}`;

/** Scores, and which of them count. Positions: batch b, head h, query i, key j. */
function scoring({ mask, dropout }: Shape): string {
  const at = 'mask[p.maskAt + b * p.m0 + h * p.m1 + i * p.m2 + j * p.m3]';
  return `
${NOT_A_NUMBER}
// −∞, which hides a pair, by its bits: no literal is it.
var<private> hidden = 0xff800000u;
fn isHidden(x: f32) -> bool { return bitcast<u32>(x) == hidden; }
fn seen(b: u32, h: u32, i: u32, j: u32) -> bool {
  let own = i32(i) + i32(p.S) - i32(p.T);
  if (p.causal == 1u && i32(j) > own) { return false; }
  if (p.window > 0 && (i32(j) <= own - p.window || (p.causal == 0u && i32(j) >= own + p.window))) { return false; }
  ${mask === 'bool' ? `return ${at} > 0.5;` : 'return true;'}
}
fn score(dot: f32, b: u32, h: u32, i: u32, j: u32) -> f32 {
  if (!seen(b, h, i, j)) { return bitcast<f32>(hidden); }
  return dot * p.scale${mask === 'float' ? ` + ${at}` : ''};
}
${
  dropout
    ? `${PHILOX}
fn keep(b: u32, h: u32, i: u32, j: u32) -> f32 {
  let k = ((b * p.H + h) * p.T + i) * p.S + j;
  return select(0.0, p.kept, philox(k / 4u)[k % 4u] >= p.limit);
}`
    : 'fn keep(b: u32, h: u32, i: u32, j: u32) -> f32 { return 1.0; }'
}
fn qRow(b: u32, h: u32, i: u32) -> u32 { return p.qAt + b * p.q0 + h * p.q1 + i * p.q2; }
fn kRow(b: u32, h: u32, j: u32) -> u32 { return p.kAt + b * p.k0 + h * p.k1 + j * p.k2; }
fn vRow(b: u32, h: u32, j: u32) -> u32 { return p.vAt + b * p.v0 + h * p.v1 + j * p.v2; }
fn row(b: u32, h: u32, i: u32) -> u32 { return (b * p.H + h) * p.T + i; }
${LOAD('q', 'p.D')}${LOAD('k', 'p.D')}${LOAD('v', 'p.V')}
// Keys that any of the queries from first on may see.
fn firstKey(first: u32) -> u32 {
  return select(0u, u32(max(0, i32(first) + i32(p.S) - i32(p.T) - p.window + 1)), p.window > 0);
}
fn endKey(last: u32) -> u32 {
  let own = i32(last) + i32(p.S) - i32(p.T);
  let ahead = select(select(i32(p.S), own + p.window, p.window > 0), own + 1, p.causal == 1u);
  return u32(clamp(ahead, 0, i32(p.S)));
}`;
}

const ENTRY = `@compute @workgroup_size(${BLOCK})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {`;

/** The tile of keys and values that a block of queries walks over. */
function keyTile(shape: Shape): { readonly memory: string; readonly load: string } {
  const { D4, V4 } = shape;
  const tile = tileOf(shape);
  return {
    memory: `var<workgroup> keys: array<vec4<f32>, ${tile * D4}>;\nvar<workgroup> values: array<vec4<f32>, ${tile * V4}>;`,
    load: `
    workgroupBarrier();
    for (var e = lane; e < ${tile * D4}u; e += ${BLOCK}u) {
      if (start + e / ${D4}u < p.S) { keys[e] = k4(kRow(b, h / p.R, start + e / ${D4}u), p.k3, e % ${D4}u); }
    }
    for (var e = lane; e < ${tile * V4}u; e += ${BLOCK}u) {
      if (start + e / ${V4}u < p.S) { values[e] = v4(vRow(b, h / p.R, start + e / ${V4}u), p.v3, e % ${V4}u); }
    }
    workgroupBarrier();`,
  };
}

/** Which query a thread has, and the keys that its block sees. */
const QUERY = `
  let blocks = (p.T + ${BLOCK - 1}u) / ${BLOCK}u;
  let n = group(id);
  if (n >= blocks * p.H * p.B) { return; }
  let b = n / (blocks * p.H);
  let h = n / blocks % p.H;
  let first = n % blocks * ${BLOCK}u;
  let i = first + lane;
  let isThere = i < p.T;
  let begin = firstKey(first);
  let end = endKey(min(first + ${BLOCK - 1}u, p.T - 1u));`;

/** y; and the greatest score of each query, with 1 / Σ e^(score − greatest) or 0 where it sees nothing. */
export function forwardSource(shape: Shape): string {
  const { D4, V4 } = shape;
  const tile = tileOf(shape);
  const { memory, load } = keyTile(shape);
  return `${GROUP}${scoring(shape)}
${memory}
${ENTRY}${QUERY}
  var query: array<vec4<f32>, ${D4}>;
  var sum: array<vec4<f32>, ${V4}>;
  var top = ${LEAST};
  var total = 0.0;
  if (isThere) { for (var c = 0u; c < ${D4}u; c++) { query[c] = q4(qRow(b, h, i), p.q3, c); } }
  for (var start = begin; start < end; start += ${tile}u) {
    ${load}
    if (isThere) {
      for (var t = 0u; t < min(${tile}u, end - start); t++) {
        let j = start + t;
        var dots = vec4<f32>();
        for (var c = 0u; c < ${D4}u; c++) { dots += query[c] * keys[t * ${D4}u + c]; }
        let x = score(dots.x + dots.y + dots.z + dots.w, b, h, i, j);
        if (!isHidden(x)) {
          let next = max(top, x);
          let fade = exp(top - next);
          let weight = expOf(x - next);
          total = total * fade + weight;
          let share = weight * keep(b, h, i, j);
          for (var c = 0u; c < ${V4}u; c++) { sum[c] = sum[c] * fade + share * values[t * ${V4}u + c]; }
          top = next;
        }
      }
    }
  }
  if (isThere) {
    let out = row(b, h, i) * 2u;
    let by = select(1.0 / total, 0.0, total == 0.0);
    stats[out] = top;
    stats[out + 1u] = by;
    for (var c = 0u; c < p.V; c++) { y[b * p.y0 + h * p.y1 + i * p.y2 + c] = sum[c / 4u][c % 4u] * by; }
  }
}`;
}

/** Σ g y of a query. */
const OWN = `
fn ownSum(b: u32, h: u32, i: u32) -> f32 {
  var sum = 0.0;
  for (var c = 0u; c < p.V; c++) { sum += g[p.gAt + b * p.g0 + h * p.g1 + i * p.g2 + c * p.g3] * y[b * p.y0 + h * p.y1 + i * p.y2 + c]; }
  return sum;
}`;

/** The stats of each query with Σ g y, side by side, where a device binds too few buffers for dq's kernel to do it. */
export const STATS = perElement(
  `
  sums[i * 3u] = stats[i * 2u];
  sums[i * 3u + 1u] = stats[i * 2u + 1u];
  sums[i * 3u + 2u] = ownSum(i / (p.H * p.T), i / p.T % p.H, i % p.T);`,
  OWN,
);

/** dq, and the stats with Σ g y where they aren't there yet. */
export function queryGradientSource(shape: Shape, writesSums: boolean): string {
  const { D4, V4 } = shape;
  const tile = tileOf(shape);
  const { memory, load } = keyTile(shape);
  return `${GROUP}${scoring(shape)}${writesSums ? OWN : ''}
${memory}
${ENTRY}${QUERY}
  var query: array<vec4<f32>, ${D4}>;
  var up: array<vec4<f32>, ${V4}>;
  var sum: array<vec4<f32>, ${D4}>;
  let at = row(b, h, i);
  var own = 0.0;
  var top = 0.0;
  var by = 0.0;
  if (isThere) {
    for (var c = 0u; c < ${D4}u; c++) { query[c] = q4(qRow(b, h, i), p.q3, c); }
    for (var c = 0u; c < p.V; c++) { up[c / 4u][c % 4u] = g[p.gAt + b * p.g0 + h * p.g1 + i * p.g2 + c * p.g3]; }
    ${
      writesSums
        ? 'top = stats[at * 2u]; by = stats[at * 2u + 1u]; own = ownSum(b, h, i); sums[at * 3u] = top; sums[at * 3u + 1u] = by; sums[at * 3u + 2u] = own;'
        : 'top = sums[at * 3u]; by = sums[at * 3u + 1u]; own = sums[at * 3u + 2u];'
    }
  }
  for (var start = begin; start < end; start += ${tile}u) {
    ${load}
    if (isThere) {
      for (var t = 0u; t < min(${tile}u, end - start); t++) {
        let j = start + t;
        var dots = vec4<f32>();
        for (var c = 0u; c < ${D4}u; c++) { dots += query[c] * keys[t * ${D4}u + c]; }
        let weight = expOf(score(dots.x + dots.y + dots.z + dots.w, b, h, i, j) - top) * by;
        var ups = vec4<f32>();
        for (var c = 0u; c < ${V4}u; c++) { ups += up[c] * values[t * ${V4}u + c]; }
        let slope = weight * ((ups.x + ups.y + ups.z + ups.w) * keep(b, h, i, j) - own) * p.scale;
        for (var c = 0u; c < ${D4}u; c++) { sum[c] += slope * keys[t * ${D4}u + c]; }
      }
    }
  }
  if (isThere) { for (var c = 0u; c < p.D; c++) { dq[b * p.dq0 + h * p.dq1 + i * p.dq2 + c] = sum[c / 4u][c % 4u]; } }
}`;
}

/** dk and dv: a thread a key, over tiles of queries of all heads that share it. */
export function keyGradientSource(shape: Shape): string {
  const { D4, V4 } = shape;
  const tile = tileOf(shape);
  return `${GROUP}${scoring(shape)}
var<workgroup> queries: array<vec4<f32>, ${tile * D4}>;
var<workgroup> ups: array<vec4<f32>, ${tile * V4}>;
var<workgroup> norms: array<vec3<f32>, ${tile}>;
${ENTRY}
  let blocks = (p.S + ${BLOCK - 1}u) / ${BLOCK}u;
  let heads = p.H / p.R;
  let n = group(id);
  if (n >= blocks * heads * p.B) { return; }
  let b = n / (blocks * heads);
  let head = n / blocks % heads;
  let j = n % blocks * ${BLOCK}u + lane;
  let isThere = j < p.S;
  var key: array<vec4<f32>, ${D4}>;
  var value: array<vec4<f32>, ${V4}>;
  var keySum: array<vec4<f32>, ${D4}>;
  var valueSum: array<vec4<f32>, ${V4}>;
  if (isThere) {
    for (var c = 0u; c < ${D4}u; c++) { key[c] = k4(kRow(b, head, j), p.k3, c); }
    for (var c = 0u; c < ${V4}u; c++) { value[c] = v4(vRow(b, head, j), p.v3, c); }
  }
  for (var h = head * p.R; h < (head + 1u) * p.R; h++) {
    for (var start = 0u; start < p.T; start += ${tile}u) {
      workgroupBarrier();
      for (var e = lane; e < ${tile * D4}u; e += ${BLOCK}u) {
        if (start + e / ${D4}u < p.T) { queries[e] = q4(qRow(b, h, start + e / ${D4}u), p.q3, e % ${D4}u); }
      }
      for (var e = lane; e < ${tile * V4}u; e += ${BLOCK}u) {
        var d = vec4<f32>();
        for (var c = 0u; c < 4u; c++) {
          let at = e % ${V4}u * 4u + c;
          if (at < p.V && start + e / ${V4}u < p.T) { d[c] = g[p.gAt + b * p.g0 + h * p.g1 + (start + e / ${V4}u) * p.g2 + at * p.g3]; }
        }
        ups[e] = d;
      }
      for (var e = lane; e < ${tile}u; e += ${BLOCK}u) {
        if (start + e < p.T) {
          let at = row(b, h, start + e) * 3u;
          norms[e] = vec3<f32>(sums[at], sums[at + 1u], sums[at + 2u]);
        }
      }
      workgroupBarrier();
      if (isThere) {
        for (var t = 0u; t < min(${tile}u, p.T - start); t++) {
          let i = start + t;
          var dots = vec4<f32>();
          for (var c = 0u; c < ${D4}u; c++) { dots += key[c] * queries[t * ${D4}u + c]; }
          let weight = expOf(score(dots.x + dots.y + dots.z + dots.w, b, h, i, j) - norms[t].x) * norms[t].y;
          if (weight != 0.0) {
            let kept = keep(b, h, i, j);
            var along = vec4<f32>();
            for (var c = 0u; c < ${V4}u; c++) {
              along += value[c] * ups[t * ${V4}u + c];
              valueSum[c] += weight * kept * ups[t * ${V4}u + c];
            }
            let slope = weight * ((along.x + along.y + along.z + along.w) * kept - norms[t].z) * p.scale;
            for (var c = 0u; c < ${D4}u; c++) { keySum[c] += slope * queries[t * ${D4}u + c]; }
          }
        }
      }
    }
  }
  if (isThere) {
    for (var c = 0u; c < p.D; c++) { dk[b * p.dk0 + head * p.dk1 + j * p.dk2 + c] = keySum[c / 4u][c % 4u]; }
    for (var c = 0u; c < p.V; c++) { dv[b * p.dv0 + head * p.dv1 + j * p.dv2 + c] = valueSum[c / 4u][c % 4u]; }
  }
}`;
}
