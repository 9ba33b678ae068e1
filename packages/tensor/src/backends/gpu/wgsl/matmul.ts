// The matrix product in our own WGSL, from any strides: a variant that keeps tiles in registers alone, and one that
// shares them in workgroup memory. Which is faster depends on the device: a short measurement decides.
import type { Activation } from '../../../fused/linear';
import type { GpuBuffer } from '../buffer';
import { activate } from '../kernels/activation';
import type { Epilogue, Product, Sizes } from '../kernels/product';
import { portableProduct } from '../kernels/product';
import { collapse } from '../threads';
import type { View } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { translated, u32 } from './snippets';

/** How tiles are held. */
export type Variant = 'registers' | 'shared';

/** Batch axes that the kernels count with; more of them go the portable way. */
const BATCH_AXES = 3;

/** Where a matrix of the batch begins, and how a sum is finished and written. */
function common(bias: boolean, activation: Activation, extra: Extra): string {
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
fn writeSums(n: u32, row: u32, sums: vec4<f32>) {
  ${extra === 'rowSums' ? 'for (var i = 0u; i < 4u; i++) { if (row + i < p.M) { extra[n * p.M + row + i] = sums[i]; } }' : ''}
}`;
}

/** What else a product writes: sums before the activation, sums along the rows of `a`, or nothing. */
export type Extra = 'none' | 'before' | 'rowSums';

// Each thread sums 4 × 4 elements; neighbours read the same rows and columns through the cache.
const REGISTERS = `
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
  for (var j = 0u; j < 4u; j++) {
    write(id.z, row, column + j, t0[j]);
    write(id.z, row + 1u, column + j, t1[j]);
    write(id.z, row + 2u, column + j, t2[j]);
    write(id.z, row + 3u, column + j, t3[j]);
  }
}`;

// A workgroup sums 64 × 64 elements over slices of 16, which it loads along whichever axis lies dense in memory.
const SHARED = `
var<workgroup> left: array<f32, 1024>;
var<workgroup> right: array<f32, 1024>;
@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let top = id.y * 64u;
  let start = id.x * 64u;
  let aBase = at(id.z, p.a0, p.a1, p.a2) + p.aOffset;
  let bBase = at(id.z, p.b0, p.b1, p.b2) + p.bOffset;
  var t0 = vec4<f32>(); var t1 = vec4<f32>(); var t2 = vec4<f32>(); var t3 = vec4<f32>();
  var sums = vec4<f32>();
  for (var slice = 0u; slice < p.K; slice += 16u) {
    for (var i = thread; i < 1024u; i += 256u) {
      let am = select(i % 64u, i / 16u, p.ak == 1u);
      let ak = select(i / 64u, i % 16u, p.ak == 1u);
      var x = 0.0;
      if (top + am < p.M && slice + ak < p.K) { x = a[aBase + (top + am) * p.am + (slice + ak) * p.ak]; }
      left[ak * 64u + am] = x;
      let bn = select(i / 16u, i % 64u, p.bn == 1u);
      let bk = select(i % 16u, i / 64u, p.bn == 1u);
      var v = 0.0;
      if (start + bn < p.N && slice + bk < p.K) { v = b[bBase + (slice + bk) * p.bk + (start + bn) * p.bn]; }
      right[bk * 64u + bn] = v;
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let m = k * 64u + l.y * 4u;
      let n = k * 64u + l.x * 4u;
      let v = vec4<f32>(right[n], right[n + 1u], right[n + 2u], right[n + 3u]);
      let u = vec4<f32>(left[m], left[m + 1u], left[m + 2u], left[m + 3u]);
      t0 += u.x * v;
      t1 += u.y * v;
      t2 += u.z * v;
      t3 += u.w * v;
      sums += u;
    }
    workgroupBarrier();
  }
  let row = top + l.y * 4u;
  let column = start + l.x * 4u;
  if (column == 0u) { writeSums(id.z, row, sums); }
  for (var j = 0u; j < 4u; j++) {
    write(id.z, row, column + j, t0[j]);
    write(id.z, row + 1u, column + j, t1[j]);
    write(id.z, row + 2u, column + j, t2[j]);
    write(id.z, row + 3u, column + j, t3[j]);
  }
}`;

const KERNELS: Readonly<Record<Variant, { readonly source: string; readonly tile: number }>> = {
  registers: { source: REGISTERS, tile: 32 },
  shared: { source: SHARED, tile: 64 },
};

const MOST_GROUPS = 65_535;

/** Longest side of a matrix that both variants take. */
export const LONGEST = MOST_GROUPS * 32;

/** Makes the product of a device. */
export function tiledProduct(device: WebGpuDevice, variant: Variant): Product {
  const portable = portableProduct(device);
  return (batch, sizes, a, b, epilogue) =>
    multiply(device, variant, batch, sizes, a, b, 'none', epilogue)?.y ?? portable(batch, sizes, a, b, epilogue);
}

/** A product, and whatever else it wrote. */
export interface Multiplied {
  readonly y: GpuBuffer;
  readonly extra: GpuBuffer | null;
}

/** Launches a product; null where the kernels can't do it. */
export function multiply(
  device: WebGpuDevice,
  variant: Variant,
  batch: readonly number[],
  [M, K, N]: Sizes,
  a: View,
  b: View,
  wanted: Extra,
  epilogue: Epilogue = { bias: null, activation: 'none' },
): Multiplied | null {
  const { source, tile } = KERNELS[variant];
  const rank = batch.length;
  const joined = collapse(batch, [a.strides.slice(0, rank), b.strides.slice(0, rank)]);
  const count = joined.shape.reduce((x, y) => x * y, 1);
  const groups = [Math.ceil(N / tile), Math.ceil(M / tile), count] as const;
  // An inner size of 0 leaves nothing to read.
  const isEmpty = count * M * N * K === 0;
  if (isEmpty || joined.shape.length > BATCH_AXES || groups.some((n) => n > MOST_GROUPS)) return null;
  const { bias, activation } = epilogue;
  const lead = new Array<number>(BATCH_AXES - joined.shape.length).fill(0);
  const [, n1 = 1, n2 = 1] = [...lead.map(() => 1), ...joined.shape];
  const [a0, a1, a2] = [...lead, ...joined.strides[0]];
  const [b0, b1, b2] = [...lead, ...joined.strides[1]];
  const [am, ak] = a.strides.slice(rank);
  const [bk, bn] = b.strides.slice(rank);
  const y = device.allocate(count * M * N);
  const extra = wanted === 'none' ? null : device.allocate(wanted === 'before' ? count * M * N : count * M);
  device.compute({
    key: `matmul ${variant} ${activation} ${bias !== null} ${wanted}`,
    source: () => `${common(bias !== null, activation, wanted)}${source}`,
    params: numbers({
      ...{ M, K, N, n1, n2, a0, a1, a2, am, ak, aOffset: a.offset, b0, b1, b2, bk, bn, bOffset: b.offset },
      ...(bias === null ? {} : { biasOffset: bias.offset, biasStride: bias.strides[0] }),
    }),
    reads: { a: a.buffer, b: b.buffer, ...(bias === null ? {} : { bias: bias.buffer }) },
    writes: { y, ...(extra === null ? {} : { extra }) },
    groups,
  });
  return { y, extra };
}

function numbers(values: Readonly<Record<string, number>>) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, u32(value)]));
}

const tuned = new Map<string, Variant>();

/** Measures both variants once an adapter. */
export async function tune(device: WebGpuDevice): Promise<Variant> {
  const { vendor, adapter, software } = device.facts;
  const known = tuned.get(`${vendor} ${adapter}`);
  if (known !== undefined) return known;
  const size = software ? 64 : 512;
  const sizes: Sizes = [size, size, size];
  const data = device.upload(new Float32Array(size * size).fill(0.5));
  const view: View = { buffer: data, strides: [size, 1], offset: 0 };
  const plain: Epilogue = { bias: null, activation: 'none' };
  let best: Variant = 'registers';
  let least = Number.POSITIVE_INFINITY;
  for (const variant of ['registers', 'shared'] as const) {
    const product = tiledProduct(device, variant);
    const run = async (): Promise<number> => {
      const start = performance.now();
      for (let i = 0; i < 4; i++) device.free(product([], sizes, view, view, plain));
      await device.settled();
      return performance.now() - start;
    };
    await run();
    const time = Math.min(await run(), await run());
    if (time < least) [best, least] = [variant, time];
  }
  device.free(data);
  tuned.set(`${vendor} ${adapter}`, best);
  return best;
}
