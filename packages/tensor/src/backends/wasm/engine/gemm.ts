// Plans a matrix product: which kernel, packed or not, how C is cut into blocks. All of it follows from shapes and
// strides alone, never from the number of threads, so neither does the result.
import { Table } from './address-table';
import { LDA, LDB, TRANS_A, TRANS_B } from './blas-job';
import type { Engine } from './engine';
import { pack } from './packing';
import { BLAS_JOB } from './protocol';

/** A batch of matrices in memory: byte address of the first, strides in elements. */
export interface Matrices {
  readonly address: number;
  readonly rowStride: number;
  readonly colStride: number;
}

/** What can be applied to a product in one go, in the order of assembly/activation.ts. */
export const ACTIVATIONS = ['none', 'relu', 'gelu', 'geluTanh', 'silu'] as const;

/** Name of an activation. */
export type Activation = (typeof ACTIVATIONS)[number];

/** C = A · B: `c` dense along its rows, A and B with any strides. */
export interface Product {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly a: Matrices;
  readonly b: Matrices;
  /** Byte address of the first C; row-major. */
  readonly c: number;
  /** Elements between rows of C: N where nothing is said. */
  readonly rowStride?: number;
  /** Address of N floats that each row starts from, or 0. */
  readonly bias?: number;
  /** Applied to each element of C, after the bias. */
  readonly activation?: Activation;
  /** Where the values before the activation go, laid out as all the Cs are, or 0. */
  readonly pre?: number;
  /** Address of what is added after the activation, laid out as all the Cs are, or 0. */
  readonly residual?: number;
  /** Adds to what C holds instead of replacing it. */
  readonly accumulate?: boolean;
  /** Offsets in elements of each batch's A, B and C; without them there is one batch. */
  readonly batches?: Batches;
}

/** Offsets in elements, one entry a batch. */
export interface Batches {
  readonly count: number;
  readonly a: ArrayLike<number>;
  readonly b: ArrayLike<number>;
  readonly c: ArrayLike<number>;
}

// A block of C: its rows of A stay in the second-level cache while B streams past once for all of them. Heights are
// multiples of both tile heights.
const MAX_BLOCK_ROWS = 192;
const MIN_BLOCK_ROWS = 48;
const MIN_BLOCK_COLUMNS = 64;
const MAX_BLOCK_COLUMNS = 512;
// Blocks that a product is cut into at least, where it is large enough to: threads then end at about the same time.
const WANTED_BLOCKS = 12;
/** Up to this many rows each element is a dot product, read from where the operands lie. */
export const DOT_ROWS = 8;
// For long columns up to more rows: packing B costs as much as these rows' products (measured with both variants).
const DOT_ROWS_FROM: readonly (readonly [K: number, rows: number])[] = [
  [2048, 128],
  [512, 32],
];
export const DOT_COLUMNS = 32;
// Where B's rows are dense, it is not worth packing for this many rows, nor where all of it stays in the first cache.
const UNPACKED_ROWS = 32;
const UNPACKED_SPAN = 8192;
const B_PANEL = 8;
// Multiply-adds that count as one simple operation in an estimate of work.
const FLOPS_PER_OPERATION = 8;
// Products of at least this many multiply-adds, and no dimension below the other, go to the system's BLAS.
const BLAS_MULTIPLY_ADDS = 1 << 17;
const BLAS_DIMENSION = 9;
// What one call of the BLAS computes at least, in multiply-adds and in elements of C (it packs its operands anew in
// each call), and the most calls that a matrix is cut into. Half of a smaller product still is worth a call: it halves
// what a batch of one waits for.
const BLAS_BLOCK = 1 << 22;
const BLAS_AREA = 1 << 14;
const BLAS_HALF = 1 << 17;
const BLAS_HALF_AREA = 1 << 10;
const BLAS_BLOCKS = 8;
// Fewer rows aren't cut.
const BLAS_ROWS = 32;
/** Up to this many rows, packing their part of B costs the BLAS more than a little. */
export const BLAS_FEW_ROWS = 256;
// Blocks for which nothing is packed, at the most.
const BLAS_UNPACKED_BLOCKS = 16;
const BLAS_FLOPS_PER_OPERATION = 12;

/** Computes a product. Zero dims work: K = 0 gives the bias, or 0. */
export function gemm(engine: Engine, product: Product): void {
  const { M, N, K } = product;
  const count = product.batches?.count ?? 1;
  if (M === 0 || N === 0 || count === 0) return;
  const a = normal(product.a, M, K);
  const b = normal(product.b, K, N);
  if (engine.hasBlas && suitsBlas(M, N, K, a, b)) native(engine, product, a, b, count);
  else if (M <= dotRows(K) && isUnpacked(a) && b.rowStride === 1) dots(engine, product, a, b, count);
  else blocks(engine, product, a, b, count);
}

function dotRows(K: number): number {
  return DOT_ROWS_FROM.find(([from]) => K >= from)?.[1] ?? DOT_ROWS;
}

function dots(engine: Engine, product: Product, a: Matrices, b: Matrices, count: number): void {
  const { M, N, K } = product;
  const table = new Table(engine, count * 3);
  addresses(table, product, a, b, count);
  const { slots } = engine;
  slots[0] = table.address;
  slots[1] = M;
  slots[2] = N;
  slots[3] = K;
  slots[4] = a.rowStride * 4;
  slots[5] = b.colStride * 4;
  slots[7] = (product.rowStride ?? N) * 4;
  slots[9] = DOT_COLUMNS;
  finish(slots, product, product.bias ?? 0);
  engine.launch('matmulDots', count * Math.ceil(N / DOT_COLUMNS), (count * M * N * K) / FLOPS_PER_OPERATION);
  table.free();
}

function suitsBlas(M: number, N: number, K: number, a: Matrices, b: Matrices): boolean {
  return callsBlas(M, N, K) && leading(a, M, K) > 0 && leading(b, K, N) > 0;
}

/** Whether products of this size go to the system's BLAS, where there is one. */
export function callsBlas(M: number, N: number, K: number): boolean {
  return M * N * K >= BLAS_MULTIPLY_ADDS && Math.min(M, N, K) >= BLAS_DIMENSION;
}

// The BLAS's leading dimension of a matrix, or 0 where neither rows nor columns are dense.
function leading({ rowStride, colStride }: Matrices, rows: number, columns: number): number {
  if (colStride === 1) return rowStride >= columns ? rowStride : 0;
  return rowStride === 1 && colStride >= rows ? colStride : 0;
}

// First cuts between rows: each thread then goes on with the rows that it has in its cache (see shares.ts). Then halves the
// longer side until there are enough blocks. Each call packs its part of B anew, where B lies transposed at twice the cost:
// there it is the columns that are halved until blocks are twice as high as wide.
// Few rows go in blocks for which it packs nothing, where it has such, of at least so many rows and whole vectors.
function blasBlock(
  M: number,
  N: number,
  K: number,
  transB: boolean,
  unpacked: number,
): { height: number; width: number } {
  let [height, width] = [M, N];
  for (let blocks = 2; blocks <= BLAS_BLOCKS; blocks *= 2) {
    const [least, area] = blocks === 2 ? [BLAS_HALF, BLAS_HALF_AREA] : [BLAS_BLOCK, BLAS_AREA];
    if (M * N * K < blocks * least || M * N < blocks * area) break;
    const first = blocks === 2 && height >= BLAS_ROWS;
    if (first || (transB ? height > 2 * width : height >= width)) height = Math.ceil(height / 32) * 16;
    else width = Math.ceil(width / 32) * 16;
  }
  if (!transB && M <= BLAS_FEW_ROWS && M * N * K <= BLAS_UNPACKED_BLOCKS * unpacked) {
    while (height > BLAS_ROWS && height * width * K > unpacked) height = Math.ceil(height / 32) * 16;
    width = Math.ceil(width / Math.ceil((height * width * K) / unpacked) / 16) * 16;
  }
  return { height, width };
}

function native(engine: Engine, product: Product, a: Matrices, b: Matrices, count: number): void {
  const { M, N, K } = product;
  const transB = b.colStride !== 1;
  const { height, width } = blasBlock(M, N, K, transB, engine.unpacked);
  const table = new Table(engine, count * 3);
  addresses(table, product, a, b, count);
  const { slots } = engine;
  slots[0] = table.address;
  slots[1] = M;
  slots[2] = N;
  slots[3] = K;
  slots[7] = (product.rowStride ?? N) * 4;
  slots[8] = height;
  slots[9] = width;
  slots[TRANS_A] = a.colStride === 1 ? 0 : 1;
  slots[TRANS_B] = transB ? 1 : 0;
  slots[LDA] = leading(a, M, K);
  slots[LDB] = leading(b, K, N);
  finish(slots, product, product.bias ?? 0);
  const work = (count * M * N * K) / BLAS_FLOPS_PER_OPERATION;
  engine.launchBlas(BLAS_JOB, count * Math.ceil(M / height) * Math.ceil(N / width), work);
  table.free();
}

function blocks(engine: Engine, product: Product, a: Matrices, b: Matrices, count: number): void {
  const { M, N, K, batches } = product;
  const bias = product.bias ?? 0;
  const dense = isUnpacked(b) && (M <= UNPACKED_ROWS || K * b.rowStride <= UNPACKED_SPAN);
  const packedB = dense ? null : pack(engine, b, batches?.b, count, K, N, b.rowStride, b.colStride, B_PANEL, bias);
  const tall = engine.info.simd === 'relaxed' ? 6 : 4;
  const packedA = isUnpacked(a) ? null : pack(engine, a, batches?.a, count, K, M, a.colStride, a.rowStride, tall, 0);
  const { height, width } = blockSize(M, N, count);
  const table = new Table(engine, count * 3);
  for (let i = 0; i < count; i++) {
    table.set(3 * i, packedA === null ? a.address + (batches?.a[i] ?? 0) * 4 : packedA.copies[i]);
    table.set(3 * i + 1, packedB === null ? b.address + (batches?.b[i] ?? 0) * 4 : packedB.copies[i]);
    table.set(3 * i + 2, product.c + (batches?.c[i] ?? 0) * 4);
  }
  const { slots } = engine;
  slots[0] = table.address;
  slots[1] = M;
  slots[2] = N;
  slots[3] = K;
  slots[4] = packedA === null ? a.rowStride * 4 : 0;
  slots[6] = packedB === null ? b.rowStride * 4 : 0;
  slots[7] = (product.rowStride ?? N) * 4;
  slots[8] = height;
  slots[9] = width;
  slots[10] = packedB === null ? bias : 0;
  finish(slots, product, 0);
  const units = count * Math.ceil(M / height) * Math.ceil(N / width);
  engine.launch('matmul', units, (count * M * N * K) / FLOPS_PER_OPERATION);
  table.free();
  if (packedA !== null) engine.free(packedA.buffer);
  if (packedB !== null) engine.free(packedB.buffer);
}

// Whether the kernels can read a matrix where it lies. One row for all (an expanded view) they can't: to them a row stride
// of 0 says that the matrix is packed, or has one row alone.
function isUnpacked({ rowStride, colStride }: Matrices): boolean {
  return colStride === 1 && rowStride !== 0;
}

// Enough blocks for threads to share, as large as that allows: rows are cut first, then columns, then rows again.
function blockSize(M: number, N: number, count: number): { height: number; width: number } {
  const across = Math.ceil(N / MAX_BLOCK_COLUMNS);
  const even = Math.ceil((M * count * across) / WANTED_BLOCKS / 12) * 12;
  let height = Math.min(MAX_BLOCK_ROWS, Math.max(MIN_BLOCK_ROWS, even));
  const wanted = Math.max(across, Math.ceil(WANTED_BLOCKS / (count * Math.ceil(M / height))));
  const width = Math.max(MIN_BLOCK_COLUMNS, Math.ceil(N / wanted / 8) * 8);
  if (count * Math.ceil(M / height) * Math.ceil(N / width) < WANTED_BLOCKS) height = MIN_BLOCK_ROWS / 2;
  return { height, width };
}

// The slots that all kernels have in common; `bias` where the sums don't start from it.
function finish(slots: Int32Array, product: Product, bias: number): void {
  slots[11] = product.accumulate ? 1 : 0;
  slots[12] = ACTIVATIONS.indexOf(product.activation ?? 'none');
  slots[13] = product.pre ?? 0;
  slots[14] = product.residual ?? 0;
  slots[15] = bias;
}

function addresses(table: Table, product: Product, a: Matrices, b: Matrices, count: number): void {
  const { batches } = product;
  for (let i = 0; i < count; i++) {
    table.set(3 * i, a.address + (batches?.a[i] ?? 0) * 4);
    table.set(3 * i + 1, b.address + (batches?.b[i] ?? 0) * 4);
    table.set(3 * i + 2, product.c + (batches?.c[i] ?? 0) * 4);
  }
}

// The stride of a dimension of one element says nothing; 1 lets the fast paths match.
function normal(matrices: Matrices, rows: number, columns: number): Matrices {
  if (rows > 1 && columns > 1) return matrices;
  const { address, rowStride, colStride } = matrices;
  if (columns > 1) return { address, rowStride: columns, colStride };
  return rows > 1 ? { address, rowStride, colStride: 1 } : { address, rowStride: 1, colStride: 1 };
}
