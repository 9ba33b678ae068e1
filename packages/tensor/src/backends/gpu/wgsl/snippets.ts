// WGSL that several kernels share, and how parameters and groups are written down.
import type { Parameter } from '../wgsl-shader';

export const i32 = (value: number): Parameter => ({ i32: value });
export const f32 = (value: number): Parameter => ({ f32: value });

/** Statements for a gpu.js kernel as WGSL, so that a formula stands in one place: numbers, calls of Math, ifs and returns. */
export function translated(statements: string): string {
  return statements
    .replace(/\blet\b/g, 'var')
    .replace(/\bconst\b/g, 'let')
    .replace(/\bMath\./g, '');
}

/** Threads that share a row. */
export const LANES = 64;

/** Workgroups along x; more of them go on along y. */
const LINE = 32_768;

/** One workgroup each for `count` rows or blocks. */
export function groupsFor(count: number): readonly [number, number, number] {
  return count <= LINE ? [count, 1, 1] : [LINE, Math.ceil(count / LINE), 1];
}

/** The number of this workgroup, in a dispatch over `groupsFor`. */
export const GROUP = `fn group(id: vec3<u32>) -> u32 { return id.x + id.y * ${LINE}u; }`;

/**
 * NaN by its bits, and functions that keep it: a compiler may take it that there is none, and builtins give anything for it.
 */
export const NOT_A_NUMBER = `
fn isNaN(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn expOf(x: f32) -> f32 { return select(exp(x), x, isNaN(x)); }
fn logOf(x: f32) -> f32 { return select(log(x), x, isNaN(x)); }`;

/** Sum and maximum over the threads of a workgroup; every thread gets them. */
export const ACROSS = `
var<workgroup> lanes: array<f32, ${LANES}>;
fn sumAcross(lane: u32, value: f32) -> f32 {
  lanes[lane] = value;
  workgroupBarrier();
  for (var half = ${LANES / 2}u; half > 0u; half = half / 2u) {
    if (lane < half) { lanes[lane] = lanes[lane] + lanes[lane + half]; }
    workgroupBarrier();
  }
  let total = lanes[0];
  workgroupBarrier();
  return total;
}
fn maxAcross(lane: u32, value: f32) -> f32 {
  lanes[lane] = value;
  workgroupBarrier();
  for (var half = ${LANES / 2}u; half > 0u; half = half / 2u) {
    if (lane < half) { lanes[lane] = max(lanes[lane], lanes[lane + half]); }
    workgroupBarrier();
  }
  let top = lanes[0];
  workgroupBarrier();
  return top;
}`;

/** The entry of a kernel with a workgroup a row: defines `row` and `lane`. */
export function perRow(body: string): string {
  return `${GROUP}${NOT_A_NUMBER}${ACROSS}
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group(id);
  if (row >= p.rows) { return; }
${body}
}`;
}

/** The entry of a kernel with a thread an element: defines `i`, below `p.size`. */
export function perElement(body: string, before = ''): string {
  return `${GROUP}${before}
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = group(id) * ${LANES}u + lane;
  if (i >= p.size) { return; }
${body}
}`;
}

/** Philox4x32-10 as random.ts has it: block `c` of the stream, four numbers. Reads seed and offset from `p`. */
export const PHILOX = `
fn high(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu; let ah = a >> 16u; let bl = b & 0xffffu; let bh = b >> 16u;
  let middle = ah * bl + ((al * bl) >> 16u);
  let cross = al * bh + (middle & 0xffffu);
  return ah * bh + (middle >> 16u) + (cross >> 16u);
}
fn philox(block: u32) -> vec4<u32> {
  let low = p.offsetLo + block;
  var x = vec4<u32>(low, p.offsetHi + select(0u, 1u, low < block), 0u, 0u);
  var k = vec2<u32>(p.seedLo, p.seedHi);
  for (var round = 0; round < 10; round++) {
    x = vec4<u32>(high(0xcd9e8d57u, x.z) ^ x.y ^ k.x, 0xcd9e8d57u * x.z, high(0xd2511f53u, x.x) ^ x.w ^ k.y, 0xd2511f53u * x.x);
    k = k + vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return x;
}`;
