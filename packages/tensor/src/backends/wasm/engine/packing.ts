// Copies matrices into panels of a few columns, as the register tiles of a product read them.
import { Table } from './address-table';
import type { Engine } from './engine';
import type { Matrices } from './gemm';

// How matrices are packed: bytes before a panel (PANEL_HEAD), columns a group, and steps of K a unit of work.
const PANEL_HEAD = 64;
const GROUP_COLUMNS = 128;
const CHUNK = 512;

/** Packed matrices: the buffer they are in, and the address for each batch. */
export interface Packed {
  readonly buffer: number;
  readonly copies: readonly number[];
}

/** Copies matrices [K, N] into panels of `width` columns. One that several batches share is copied once. */
export function pack(
  engine: Engine,
  { address }: Matrices,
  offsets: ArrayLike<number> | undefined,
  count: number,
  K: number,
  N: number,
  strideK: number,
  strideN: number,
  width: number,
  bias: number,
): Packed {
  const panels = Math.ceil(N / width);
  const bytes = panels * (PANEL_HEAD + K * width * 4);
  const order = new Map<number, number>(); // which copy an offset has
  for (let i = 0; i < count; i++) {
    const offset = offsets?.[i] ?? 0;
    if (!order.has(offset)) order.set(offset, order.size);
  }
  const buffer = engine.alloc(bytes * order.size);
  const table = new Table(engine, order.size * 2);
  for (const [offset, i] of order) {
    table.set(2 * i, address + offset * 4);
    table.set(2 * i + 1, buffer + bytes * i);
  }
  const perGroup = Math.max(1, Math.floor(GROUP_COLUMNS / width));
  const groups = Math.ceil(panels / perGroup);
  const chunks = Math.max(1, Math.ceil(K / CHUNK));
  const { slots } = engine;
  slots[0] = table.address;
  slots[1] = K;
  slots[2] = N;
  slots[3] = strideK * 4;
  slots[4] = strideN * 4;
  slots[5] = groups;
  slots[6] = perGroup;
  slots[7] = bias;
  slots[8] = width;
  slots[9] = chunks;
  slots[10] = CHUNK;
  engine.launch('matmulPack', order.size * groups * chunks, order.size * N * K);
  table.free();
  return { buffer, copies: Array.from({ length: count }, (_, i) => buffer + bytes * order.get(offsets?.[i] ?? 0)!) };
}
