// The matrix product in our own WGSL, from any strides: a variant that keeps tiles in registers alone, and one that
// shares them in workgroup memory. Which is faster depends on the device: a short measurement decides. How large the
// tiles are, and whether the inner axis is shared out too, depends on the shape: enough workgroups keep a device busy.
import type { GpuBuffer } from '../buffer';
import type { Epilogue, Product, Sizes } from '../kernels/product';
import { portableProduct } from '../kernels/product';
import { collapse } from '../threads';
import type { View } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { type Extra, registerSource, sharedSource, type Tile } from './matmul-source';
import { groupsFor, LANES, perElement } from './snippets';

/** How tiles are held. */
export type Variant = 'registers' | 'shared';

/** Batch axes that the kernels count with; more of them go the portable way. */
const BATCH_AXES = 3;

/** Tiles of each variant, the more work a thread of them has the earlier. */
const TILES: Readonly<Record<Variant, readonly Tile[]>> = {
  registers: [{ side: 32, rows: 4 }],
  shared: [
    { side: 64, rows: 8 },
    { side: 32, rows: 4 },
  ],
};

/** Workgroups that keep a large GPU busy: below that smaller tiles, or parts of the inner axis, are faster there. */
const BUSY = 128;

/** An inner axis below this is never shared out, and no part is made shorter than the other number. */
const LONG = 1024;
const SHORTEST_PART = 128;

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
  const { bias, activation } = epilogue;
  const rank = batch.length;
  const joined = collapse(batch, [a.strides.slice(0, rank), b.strides.slice(0, rank)]);
  const count = joined.shape.reduce((x, y) => x * y, 1);
  const isPlain = bias === null && activation === 'none' && wanted !== 'before';
  const { tile, splits } = choose(variant, [M, K, N], count, isPlain);
  const groups = [Math.ceil(N / tile.side), Math.ceil(M / tile.side), count * splits] as const;
  // An inner size of 0 leaves nothing to read.
  const isEmpty = count * M * N * K === 0;
  if (isEmpty || joined.shape.length > BATCH_AXES || groups.some((n) => n > MOST_GROUPS)) return null;
  const lead = new Array<number>(BATCH_AXES - joined.shape.length).fill(0);
  const [, n1 = 1, n2 = 1] = [...lead.map(() => 1), ...joined.shape];
  const [a0, a1, a2] = [...lead, ...joined.strides[0]];
  const [b0, b1, b2] = [...lead, ...joined.strides[1]];
  const [am, ak] = a.strides.slice(rank);
  const [bk, bn] = b.strides.slice(rank);
  const size = count * M * N;
  const more = wanted === 'none' ? 0 : wanted === 'before' ? size : count * M;
  const y = device.allocate(splits * size);
  const extra = wanted === 'none' ? null : device.allocate(splits * more);
  const ending = { bias: bias !== null, activation, extra: wanted };
  device.compute({
    key: `matmul ${variant} ${tile.side} ${activation} ${bias !== null} ${wanted}`,
    source: () => (variant === 'registers' ? registerSource(ending) : sharedSource(tile, ending)),
    params: {
      ...{
        M,
        K,
        N,
        count,
        splits,
        n1,
        n2,
        a0,
        a1,
        a2,
        am,
        ak,
        aOffset: a.offset,
        b0,
        b1,
        b2,
        bk,
        bn,
        bOffset: b.offset,
      },
      ...(bias === null ? {} : { biasOffset: bias.offset, biasStride: bias.strides[0] }),
    },
    reads: { a: a.buffer, b: b.buffer, ...(bias === null ? {} : { bias: bias.buffer }) },
    writes: { y, ...(extra === null ? {} : { extra }) },
    groups,
  });
  return splits === 1 ? { y, extra } : addParts(device, { y, extra }, splits, size, more);
}

/** The largest tile that gives a device enough to do, and how many workgroups share an inner axis between them. */
function choose(
  variant: Variant,
  [M, K, N]: Sizes,
  count: number,
  isPlain: boolean,
): { readonly tile: Tile; readonly splits: number } {
  const most = variant === 'shared' && isPlain && K >= LONG ? Math.floor(K / SHORTEST_PART) : 1;
  const choices = TILES[variant].map((tile) => {
    const groups = Math.ceil(M / tile.side) * Math.ceil(N / tile.side) * count;
    const splits = Math.min(Math.ceil(BUSY / Math.max(groups, 1)), most);
    return { tile, splits, isBusy: groups * splits >= BUSY };
  });
  return choices.find(({ isBusy }) => isBusy) ?? choices[choices.length - 1];
}

/** Adds up what the parts of an inner axis gave, always in the same order. */
function addParts(device: WebGpuDevice, parts: Multiplied, splits: number, size: number, more: number): Multiplied {
  const y = device.allocate(size);
  const extra = parts.extra === null ? null : device.allocate(more);
  const sum = (to: string, from: string, at: string, step: string): string =>
    `var total = 0.0;
    for (var s = 0u; s < p.splits; s++) { total += ${from}[s * ${step} + ${at}]; }
    ${to}[${at}] = total;`;
  device.compute({
    key: `matmul parts ${extra !== null}`,
    source: () =>
      perElement(
        `  if (i < p.inner) { ${sum('y', 'parts', 'i', 'p.inner')} }${
          extra === null ? '' : ` else { let k = i - p.inner; ${sum('extra', 'extraParts', 'k', 'p.more')} }`
        }`,
      ),
    params: { size: size + more, inner: size, more, splits },
    reads: { parts: parts.y, ...(parts.extra === null ? {} : { extraParts: parts.extra }) },
    writes: { y, ...(extra === null ? {} : { extra }) },
    groups: groupsFor(Math.ceil((size + more) / LANES)),
  });
  device.free(parts.y);
  if (parts.extra !== null) device.free(parts.extra);
  return { y, extra };
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
