// Calls the native BLAS on blocks of a product, straight on linear memory. Runs on every thread: imports constants only.

/** Row-major C = alpha · A · B + beta · C, where A and B may lie transposed (AS_IT_IS, TRANSPOSED). Matrices are given by byte address. */
export type Sgemm = (
  transA: number,
  transB: number,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  beta: number,
  c: number,
  ldc: number,
) => void;

/** A library that koffi has loaded. */
export interface Library {
  func(prototype: string): (...args: never[]) => unknown;
  unload?(): void;
}

/** What koffi offers that is used here. */
export interface Koffi {
  load(library: string): Library;
  /** Where a buffer lies in the process. */
  address(buffer: ArrayBufferView): bigint;
}

// Addresses are plain numbers to C: a typed array for each matrix would cost as much as the call itself.
const PROTOTYPE =
  'void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, intptr_t a, int lda, intptr_t b, int ldb, float beta, intptr_t c, int ldc)';
const ROW_MAJOR = 101;
/** CBLAS's names of layouts. */
export const AS_IT_IS = 111;
export const TRANSPOSED = 112;

/** A library's `cblas_sgemm` on addresses of `memory`, without a copy. */
export function sgemmOn(memory: { readonly buffer: ArrayBufferLike }, koffi: Koffi, library: string): Sgemm {
  const call = koffi.load(library).func(PROTOTYPE) as unknown as (...args: number[]) => void;
  let bytes = new Uint8Array(memory.buffer);
  let base = Number(koffi.address(bytes));
  return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
    // Memory that threads share never moves; other memory may when it grows, and its views are empty then.
    if (bytes.length === 0) {
      bytes = new Uint8Array(memory.buffer);
      base = Number(koffi.address(bytes));
    }
    const [atA, atB, atC] = [base + (a >>> 0), base + (b >>> 0), base + (c >>> 0)];
    call(ROW_MAJOR, transA, transB, m, n, k, alpha, atA, lda, atB, ldb, beta, atC, ldc);
  };
}

type BlockKernel<R> = (args: number, batch: number, i0: number, i1: number, j0: number, j1: number) => R;

/** What is done to a block of C, rows [i0, i1), columns [j0, j1), beside the product: of assembly/matmul-finish.ts. */
export interface ProductParts {
  /** Writes the bias where the product is to be added to it and nothing else follows: 1 where that is so. */
  readonly matmulStart: BlockKernel<number>;
  /** Adds the bias and applies the activation. */
  readonly matmulFinish: BlockKernel<void>;
}

// Slots of the argument block beyond those that the block kernel `matmul` has: see gemm.ts.
/** 1 where A lies transposed. */
export const TRANS_A = 32;
/** 1 where B lies transposed. */
export const TRANS_B = 33;
/** Elements between rows of A, or between columns where it lies transposed. */
export const LDA = 34;
/** The same for B. */
export const LDB = 35;

/** Gives a view of all of a memory, taken anew after the memory has grown. */
export function viewOf<View extends ArrayBufferView>(
  memory: { readonly buffer: ArrayBufferLike },
  View: new (buffer: ArrayBufferLike) => View,
): () => View {
  let view = new View(memory.buffer);
  return () => {
    // It dies or ends too early then; in shared memory, nothing says so but the buffer.
    if (view.buffer !== memory.buffer) view = new View(memory.buffer);
    return view;
  };
}

/** Returns the function that computes the blocks `[from, to)` of the product that the argument block describes. */
export function blasRunner(memory: WebAssembly.Memory, sgemm: Sgemm, parts: ProductParts) {
  const wordsOf = viewOf(memory, Int32Array);
  return (args: number, from: number, to: number): void => {
    const words = wordsOf();
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
      const started = parts.matmulStart(args, batch, i0, i0 + m, j0, j0 + n) !== 0;
      sgemm(
        transA ? TRANSPOSED : AS_IT_IS,
        transB ? TRANSPOSED : AS_IT_IS,
        m,
        n,
        K,
        1,
        a,
        lda,
        b,
        ldb,
        started ? 1 : beta,
        c,
        ldc,
      );
      if (!started) parts.matmulFinish(args, batch, i0, i0 + m, j0, j0 + n);
    }
  };
}
