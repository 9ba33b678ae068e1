// Kernels that move elements without computing: strided copies and transposes, repeated rows, fills, counts.
import { slot } from './simd';
import { copyDense, copyRun, gatherRuns } from './strided';

/**
 * A dense copy of a strided operand. Units are runs of elements.
 * Slots: 0 x, 1 out, 2 size, 3 elements a unit, 6 rank, 7 … sizes, 26 … strides.
 */
export function contiguous(args: usize, from: i32, to: i32): void {
  const start = from * slot(args, 3);
  const count = min(slot(args, 2), to * slot(args, 3)) - start;
  const out = <usize>slot(args, 1) + (<usize>start << 2);
  gatherRuns(<usize>slot(args, 0), args + 26 * 4, slot(args, 6), args + 7 * 4, start, count, out);
}

/**
 * Copies into a part of a larger tensor: runs of `length` dense elements, each to its own place. Units are groups of runs.
 * Slots: 0 x, 1 first place in out, 2 elements of a run, 3 runs, 4 runs a unit, 6 rank of the axes that count the runs,
 * 7 … sizes, 26 … strides in out, in bytes.
 */
export function place(args: usize, from: i32, to: i32): void {
  const bytes = <usize>slot(args, 2) << 2;
  const end = min(slot(args, 3), to * slot(args, 4));
  for (let run = from * slot(args, 4); run < end; run++) {
    let out = <usize>slot(args, 1);
    let rest = run;
    for (let axis = slot(args, 6) - 1; axis >= 0; axis--) {
      const size = slot(args, 7 + axis);
      const above = rest / size;
      out += <usize>(rest - above * size) * <usize>slot(args, 26 + axis);
      rest = above;
    }
    copyDense(<usize>slot(args, 0) + <usize>run * bytes, out, bytes);
  }
}

/**
 * A dense copy of transposed matrices, in tiles that stay in the cache: rows of x lie 4 bytes apart, columns anyhow.
 * Units are bands of 32 rows of out, matrix by matrix, which lie in up to three axes.
 * Slots: 0 x, 1 out, 2 rows, 3 columns of out, 4 bytes between its columns in x, 5 … 7 sizes, 8 … 10 strides of the
 * axes of matrices.
 */
export function transpose(args: usize, from: i32, to: i32): void {
  const rows = slot(args, 2);
  const columns = slot(args, 3);
  const step = <usize>slot(args, 4);
  const bands = (rows + 31) >> 5;
  const width = <usize>columns << 2;
  for (let unit = from; unit < to; unit++) {
    const matrix = unit / bands;
    const above = matrix / slot(args, 7);
    const x =
      <usize>slot(args, 0) +
      <usize>(matrix - above * slot(args, 7)) * <usize>slot(args, 10) +
      <usize>(above % slot(args, 6)) * <usize>slot(args, 9) +
      <usize>(above / slot(args, 6)) * <usize>slot(args, 8);
    const out = <usize>slot(args, 1) + <usize>matrix * <usize>rows * width;
    const first = (unit - matrix * bands) << 5;
    const last = min(rows, first + 32);
    for (let j = 0; j < columns; j += 32) {
      const stop = min(columns, j + 32);
      let i = first;
      for (; i + 4 <= last; i += 4) fourRows(x + (<usize>i << 2), step, out + <usize>i * width, width, j, stop);
      for (; i < last; i++) {
        copyRun(x + (<usize>i << 2) + <usize>j * step, step, out + <usize>i * width + (<usize>j << 2), stop - j);
      }
    }
  }
}

// Columns [j, stop) of four rows of out.
@inline
function fourRows(x: usize, step: usize, out: usize, width: usize, j: i32, stop: i32): void {
  for (; j + 4 <= stop; j += 4) {
    const at = x + <usize>j * step;
    const x0 = v128.load(at);
    const x1 = v128.load(at + step);
    const x2 = v128.load(at + 2 * step);
    const x3 = v128.load(at + 3 * step);
    const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    let y = out + (<usize>j << 2);
    v128.store(y, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    y += width;
    v128.store(y, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    y += width;
    v128.store(y, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    y += width;
    v128.store(y, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
  }
  for (; j < stop; j++) {
    const at = x + <usize>j * step;
    let y = out + (<usize>j << 2);
    for (let i: usize = 0; i < 16; i += 4) {
      store<u32>(y, load<u32>(at + i));
      y += width;
    }
  }
}

/** The same word everywhere. Units are runs. Slots: 0 word, 1 out, 2 size, 3 elements a unit. */
export function fill(args: usize, from: i32, to: i32): void {
  const start = from * slot(args, 3);
  const count = min(slot(args, 2), to * slot(args, 3)) - start;
  copyRun(args, 0, <usize>slot(args, 1) + (<usize>start << 2), count);
}

/** start + i · step, in float64 before it is rounded. Slots: 0 and 2 start and step (float64), 4 out, 5 whether int32. */
export function iota(args: usize, from: i32, to: i32): void {
  const start = load<f64>(args);
  const step = load<f64>(args, 8);
  const out = <usize>slot(args, 4);
  const whole = slot(args, 5) != 0;
  for (let i = from; i < to; i++) {
    const value = start + <f64>i * step;
    if (whole) store<i32>(out + (<usize>i << 2), <i32>value);
    else store<f32>(out + (<usize>i << 2), <f32>value);
  }
}
