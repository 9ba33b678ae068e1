// Calls the native BLAS on blocks of a product, straight on linear memory. Runs on every thread: imports constants only.

/** `cblas_sgemm`, as koffi gives it. */
export type Sgemm = (
  order: number,
  transA: number,
  transB: number,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: Float32Array,
  lda: number,
  b: Float32Array,
  ldb: number,
  beta: number,
  c: Float32Array,
  ldc: number,
) => void;

/** The kernel that adds bias and applies the activation to a block of C: rows [i0, i1), columns [j0, j1). */
export type Finish = (args: number, batch: number, i0: number, i1: number, j0: number, j1: number) => void;

/** What koffi offers that is used here. */
export interface Koffi {
  load(library: string): { func(prototype: string): (...args: never[]) => unknown };
}

/** C prototype of `cblas_sgemm`. */
export const SGEMM =
  'void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, void *a, int lda, void *b, int ldb, float beta, void *c, int ldc)';

/** CBLAS's names of layouts. */
export const ROW_MAJOR = 101;
export const AS_IT_IS = 111;
export const TRANSPOSED = 112;

// Slots of the argument block beyond those that the block kernel `matmul` has: see gemm.ts.
/** 1 where A lies transposed. */
export const TRANS_A = 32;
/** 1 where B lies transposed. */
export const TRANS_B = 33;
/** Elements between rows of A, or between columns where it lies transposed. */
export const LDA = 34;
/** The same for B. */
export const LDB = 35;

/** Returns the function that computes the blocks `[from, to)` of the product that the argument block describes. */
export function blasRunner(memory: WebAssembly.Memory, sgemm: Sgemm, finish: Finish) {
  let words = new Int32Array(memory.buffer);
  // Views die or end too early when the memory grows; in shared memory, nobody says so but the buffer.
  const floats = (address: number, count: number): Float32Array => {
    // A matrix ends where its memory does; the length only has to be valid.
    const start = address >>> 0;
    if (start + count * 4 > words.byteLength) words = new Int32Array(memory.buffer);
    return new Float32Array(words.buffer, start, count);
  };
  return (args: number, from: number, to: number): void => {
    if (words.buffer !== memory.buffer) words = new Int32Array(memory.buffer);
    const at = args >>> 2;
    const table = words[at] >>> 2;
    const [M, N, K] = [words[at + 1], words[at + 2], words[at + 3]];
    const ldc = words[at + 7] >> 2;
    const [height, width, beta] = [words[at + 8], words[at + 9], words[at + 11]];
    const [transA, transB, lda, ldb] = [words[at + TRANS_A], words[at + TRANS_B], words[at + LDA], words[at + LDB]];
    const down = Math.ceil(M / height);
    const across = Math.ceil(N / width);
    for (let unit = from; unit < to; unit++) {
      const row = Math.floor(unit / across);
      const batch = Math.floor(row / down);
      const i0 = (row - batch * down) * height;
      const j0 = (unit - row * across) * width;
      const m = Math.min(height, M - i0);
      const n = Math.min(width, N - j0);
      const entry = table + batch * 3;
      const a = words[entry] + i0 * (transA ? 4 : lda * 4);
      const b = words[entry + 1] + j0 * (transB ? ldb * 4 : 4);
      const c = words[entry + 2] + (i0 * ldc + j0) * 4;
      sgemm(
        ROW_MAJOR,
        transA ? TRANSPOSED : AS_IT_IS,
        transB ? TRANSPOSED : AS_IT_IS,
        m,
        n,
        K,
        1,
        floats(a, 1),
        lda,
        floats(b, 1),
        ldb,
        beta,
        floats(c, 1),
        ldc,
      );
      finish(args, batch, i0, i0 + m, j0, j0 + n);
    }
  };
}
