// Sparse rows in typed arrays, and the two products that linear models need. No model and no text here.

/** A matrix of which most is zero: row r holds `values[starts[r] … starts[r + 1])` in columns `columns[…]`. */
export interface SparseRows {
  readonly rows: number;
  readonly width: number;
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

/** y = X·w + bias. */
export function multiply({ rows, starts, columns, values }: SparseRows, w: Float64Array, bias: number): Float64Array {
  const y = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let sum = bias;
    for (let i = starts[r]; i < starts[r + 1]; i++) sum += values[i] * w[columns[i]];
    y[r] = sum;
  }
  return y;
}

/** out += Xᵀ·y. */
export function addTransposed({ rows, starts, columns, values }: SparseRows, y: Float64Array, out: Float64Array): void {
  for (let r = 0; r < rows; r++) {
    const factor = y[r];
    if (factor === 0) continue;
    for (let i = starts[r]; i < starts[r + 1]; i++) out[columns[i]] += factor * values[i];
  }
}

/** The same matrix with other values in the same places. */
export function mapValues(x: SparseRows, change: (value: number, column: number) => number): SparseRows {
  const values = Float32Array.from(x.values, (value, i) => change(value, x.columns[i]));
  return { ...x, values };
}

/** Divides every row by its Euclidean length. */
export function unitRows(x: SparseRows): SparseRows {
  const values = x.values.slice();
  for (let r = 0; r < x.rows; r++) {
    let squares = 0;
    for (let i = x.starts[r]; i < x.starts[r + 1]; i++) squares += values[i] ** 2;
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let i = x.starts[r]; i < x.starts[r + 1]; i++) values[i] *= scale;
  }
  return { ...x, values };
}
