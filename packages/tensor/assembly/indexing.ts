// Kernels that read and write by index. An index outside its axis touches no memory: it is left in the argument block,
// where the TypeScript side looks for it. Sums go into one place from one unit only, in order, so they are repeatable.
import { slot } from './simd';
import { copyDense } from './strided';

// Where a bad index is reported: a flag, and the index.
const BAD: usize = 60 * 4;

@inline
function valid(args: usize, index: i32, size: i32): bool {
  if (<u32>index < <u32>size) return true;
  store<i32>(args, index, BAD + 4);
  store<i32>(args, 1, BAD);
  return false;
}

/**
 * Rows of a table. Units are groups of rows.
 * Slots: 0 table, 1 index, 2 out, 3 rows of the table, 4 bytes between them, 5 bytes of a row, 6 indices, 7 a unit.
 */
export function take(args: usize, from: i32, to: i32): void {
  const table = <usize>slot(args, 0);
  const index = <usize>slot(args, 1);
  const rows = slot(args, 3);
  const step = <usize>slot(args, 4);
  const bytes = <usize>slot(args, 5);
  const end = min(slot(args, 6), to * slot(args, 7));
  let i = from * slot(args, 7);
  let out = <usize>slot(args, 2) + <usize>i * bytes;
  for (; i < end; i++) {
    const row = load<i32>(index + (<usize>i << 2));
    if (valid(args, row, rows)) copyDense(table + <usize>row * step, out, bytes);
    out += bytes;
  }
}

/**
 * The gradient of `take`: rows of g added to zeros. A unit is a group of rows of the result: it looks at every index.
 * Slots: 0 index, 1 g, 2 out, 3 rows, 4 floats of a row, 5 indices, 6 rows a unit, 7 a row that gets nothing, or -1.
 */
export function takeGrad(args: usize, from: i32, to: i32): void {
  const index = <usize>slot(args, 0);
  const g = <usize>slot(args, 1);
  const out = <usize>slot(args, 2);
  const rows = slot(args, 3);
  const bytes = <usize>slot(args, 4) << 2;
  const count = slot(args, 5);
  const perUnit = slot(args, 6);
  const padding = slot(args, 7);
  const first = from * perUnit;
  const length = min(rows, to * perUnit) - first;
  memory.fill(out + <usize>first * bytes, 0, <usize>length * bytes);
  for (let i = 0; i < count; i++) {
    const row = load<i32>(index + (<usize>i << 2));
    if (<u32>(row - first) >= <u32>length) {
      if (from == 0) valid(args, row, rows);
      continue;
    }
    if (row != padding) addRow(out + <usize>row * bytes, g + <usize>i * bytes, bytes);
  }
}

@inline
function addRow(to: usize, x: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(x + at)));
  for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(x + at));
}

/**
 * out[…, i, …] = x[…, index[…, i, …], …]: torch.gather. Units are lines along the axis.
 * Slots: 0 x, 1 index, 2 out, 3 length of x along the axis, 4 its stride there, 5 length of index along the axis, 6 inner
 * size of index and out (elements behind the axis), 7 rank of the other axes, 8 … 23 their sizes, 24 … 39 their strides
 * in x.
 */
export function gather(args: usize, from: i32, to: i32): void {
  const length = slot(args, 3);
  const step = <usize>slot(args, 4);
  const count = slot(args, 5);
  const inner = slot(args, 6);
  for (let line = from; line < to; line++) {
    const x = <usize>slot(args, 0) + lineOffset(args, line);
    let at = <usize>((line / inner) * count * inner + (line % inner)) << 2;
    for (let i = 0; i < count; i++) {
      const k = load<i32>(<usize>slot(args, 1) + at);
      if (valid(args, k, length)) store<u32>(<usize>slot(args, 2) + at, load<u32>(x + <usize>k * step));
      at += <usize>inner << 2;
    }
  }
}

/**
 * out[…, index[…, i, …], …] += src[…, i, …]: torch.scatter_add into zeros. Units are lines along the axis.
 * Slots as in `gather`, with src for out (2) and the result for x (0).
 */
export function scatterAdd(args: usize, from: i32, to: i32): void {
  const length = slot(args, 3);
  const step = <usize>slot(args, 4);
  const count = slot(args, 5);
  const inner = slot(args, 6);
  for (let line = from; line < to; line++) {
    const out = <usize>slot(args, 0) + lineOffset(args, line);
    let at = <usize>((line / inner) * count * inner + (line % inner)) << 2;
    for (let i = 0; i < count; i++) {
      const k = load<i32>(<usize>slot(args, 1) + at);
      if (valid(args, k, length)) {
        const to = out + <usize>k * step;
        store<f32>(to, load<f32>(to) + load<f32>(<usize>slot(args, 2) + at));
      }
      at += <usize>inner << 2;
    }
  }
}

// Where a line along the axis begins, from its number in row-major order of the other axes.
function lineOffset(args: usize, line: i32): usize {
  let offset: usize = 0;
  for (let axis = slot(args, 7) - 1; axis >= 0; axis--) {
    const size = slot(args, 8 + axis);
    const above = line / size;
    offset += <usize>(line - above * size) * <usize>slot(args, 24 + axis);
    line = above;
  }
  return offset;
}
