// Rows of the table that read and write by index, and those that move elements. Kernels report an index outside its
// axis in the argument block, and `checkIndices` turns that into a typed error.
import { IndexError } from '../../../errors';
import type { PrimitiveRows } from '../../../registry';
import { rowMajor, type Shape, sizeOf } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import type { Kernel, Meta } from '../../backend';
import { addressOf } from '../address';
import type { Engine } from '../engine/engine';
import { CHUNK, copyTo, denseAddress, release, writeAxes } from './layout';
import { behind } from './reduce';

// Slots of a reported index: a flag, and the index.
const BAD = 60;

// Groups of rows that `takeGrad` cuts its result into: each of them reads all indices.
const GRAD_UNITS = 32;
// Elements that a unit of copied rows covers, about.
const UNIT = 8_192;

/** Makes the rows that index and move. */
export function indexing(engine: Engine) {
  return {
    gather: ([x, index], out: Meta, { axis }: PrimitiveRows['gather']): number => {
      const result = engine.alloc(sizeOf(out.shape) * 4);
      lines(engine, 'gather', addressOf(x), x.shape, x.strides, index, result, axis);
      return result;
    },
    scatterAdd: ([index, src], _out: Meta, { axis, shape }: PrimitiveRows['scatterAdd']): number => {
      const result = engine.alloc(sizeOf(shape) * 4);
      fillWith(engine, result, sizeOf(shape), 0);
      const values = denseAddress(engine, src);
      lines(engine, 'scatterAdd', result, shape, rowMajor(shape), index, values, axis);
      release(engine, src, values);
      return result;
    },
    take: ([table, index]): number => take(engine, 'take', table, index),
    takeGrad: ([index, g], _out: Meta, { rows }: PrimitiveRows['takeGrad']): number =>
      takeGrad(engine, 'takeGrad', index, g, rows, null),
    concat: (inputs: readonly AnyTensor[], out: Meta, { axis }: PrimitiveRows['concat']): number =>
      concat(engine, inputs, out, axis),
    pad: ([x], out: Meta, { before, value }: PrimitiveRows['pad']): number => {
      const size = sizeOf(out.shape);
      const result = engine.alloc(size * 4);
      fillWith(engine, result, size, value, out.dtype);
      const strides = rowMajor(out.shape);
      place(engine, x, x.shape, strides, result + 4 * before.reduce((at, n, i) => at + n * strides[i], 0));
      return result;
    },
    contiguous: ([x]): number => {
      const result = engine.alloc(x.size * 4);
      copyTo(engine, x, result);
      return result;
    },
    fill: (_inputs: readonly AnyTensor[], out: Meta, { value }: PrimitiveRows['fill']): number => {
      const size = sizeOf(out.shape);
      const result = engine.alloc(size * 4);
      fillWith(engine, result, size, value, out.dtype);
      return result;
    },
    iota: (_inputs: readonly AnyTensor[], out: Meta, { start, step }: PrimitiveRows['iota']): number => {
      const size = sizeOf(out.shape);
      const result = engine.alloc(size * 4);
      const { slots } = engine;
      const ends = new Float64Array(slots.buffer, slots.byteOffset, 2);
      ends[0] = start;
      ends[1] = step;
      slots[4] = result;
      slots[5] = out.dtype === 'float32' ? 0 : 1;
      engine.launch('iota', size);
      return result;
    },
  } satisfies Record<string, Kernel<never, number>>;
}

/** Writes one number into `size` elements. */
export function fillWith(
  engine: Engine,
  to: number,
  size: number,
  value: number,
  dtype: Meta['dtype'] = 'float32',
): void {
  if (size === 0) return;
  const { slots, floats } = engine;
  if (dtype === 'float32') floats[0] = value;
  else slots[0] = dtype === 'bool' && value !== 0 ? 1 : value;
  slots[1] = to;
  slots[2] = size;
  slots[3] = CHUNK;
  engine.launch('fill', Math.ceil(size / CHUNK), size);
}

/** Rows of a table by index, into a new buffer. */
export function take(engine: Engine, op: string, table: AnyTensor, index: AnyTensor): number {
  const row = behind(table.shape, 0);
  const out = engine.alloc(index.size * row * 4);
  if (index.size * row === 0) return out;
  const direct = hasDenseRows(table, row);
  const from = direct ? addressOf(table) : denseAddress(engine, table);
  const ids = denseAddress(engine, index);
  const { slots } = engine;
  const perUnit = Math.max(1, Math.floor(UNIT / row));
  slots[0] = from;
  slots[1] = ids;
  slots[2] = out;
  slots[3] = table.shape[0];
  slots[4] = (direct ? table.strides[0] : row) * 4;
  slots[5] = row * 4;
  slots[6] = index.size;
  slots[7] = perUnit;
  slots[BAD] = 0;
  engine.launch('take', Math.ceil(index.size / perUnit), index.size * row);
  if (!direct) release(engine, table, from);
  release(engine, index, ids);
  checkIndices(engine, op, table.shape[0]);
  return out;
}

function hasDenseRows(table: AnyTensor, row: number): boolean {
  let step = row;
  for (let axis = 1; axis < table.shape.length; axis++) {
    step /= table.shape[axis];
    if (table.shape[axis] !== 1 && table.strides[axis] !== step) return false;
  }
  return true;
}

/** Rows of `g` added to `rows` rows of zeros; row `padding` gets nothing. */
export function takeGrad(
  engine: Engine,
  op: string,
  index: AnyTensor,
  g: AnyTensor,
  rows: number,
  padding: number | null,
): number {
  const row = index.size === 0 ? behind(g.shape, index.shape.length - 1) : g.size / index.size;
  const out = engine.alloc(rows * row * 4);
  if (rows * row === 0) return out;
  const from = denseAddress(engine, g);
  const ids = denseAddress(engine, index);
  const { slots } = engine;
  const perUnit = Math.ceil(rows / GRAD_UNITS);
  slots[0] = ids;
  slots[1] = from;
  slots[2] = out;
  slots[3] = rows;
  slots[4] = row;
  slots[5] = index.size;
  slots[6] = perUnit;
  slots[7] = padding ?? -1;
  slots[BAD] = 0;
  engine.launch('takeGrad', Math.ceil(rows / perUnit), rows * row + g.size + GRAD_UNITS * index.size);
  release(engine, g, from);
  release(engine, index, ids);
  checkIndices(engine, op, rows);
  return out;
}

/** Throws where the last kernel met an index outside `[0, size)`. */
export function checkIndices(engine: Engine, op: string, size: number): void {
  if (engine.slots[BAD] === 0) return;
  throw new IndexError(op, 'index', `indices in [0, ${size - 1}]`, String(engine.slots[BAD + 1]));
}

// gather and scatterAdd: `dense` lies like the index, `strided` has its own strides, and length along the axis.
function lines(
  engine: Engine,
  kernel: 'gather' | 'scatterAdd',
  strided: number,
  shape: Shape,
  strides: readonly number[],
  index: AnyTensor,
  dense: number,
  axis: number,
): void {
  if (index.size === 0) return;
  const ids = denseAddress(engine, index);
  const { slots } = engine;
  slots[0] = strided;
  slots[1] = ids;
  slots[2] = dense;
  slots[3] = shape[axis];
  slots[4] = strides[axis] * 4;
  slots[5] = index.shape[axis];
  slots[6] = behind(index.shape, axis);
  let rank = 0;
  for (let i = 0; i < shape.length; i++) {
    if (i === axis) continue;
    slots[8 + rank] = index.shape[i];
    slots[24 + rank] = strides[i] * 4;
    rank++;
  }
  slots[7] = rank;
  slots[BAD] = 0;
  engine.launch(kernel, index.size / index.shape[axis], index.size * 4);
  release(engine, index, ids);
  checkIndices(engine, kernel, shape[axis]);
}

function concat(engine: Engine, inputs: readonly AnyTensor[], out: Meta, axis: number): number {
  const result = engine.alloc(sizeOf(out.shape) * 4);
  const strides = rowMajor(out.shape);
  let before = 0;
  for (const x of inputs) {
    place(engine, x, x.shape, strides, result + before * strides[axis] * 4);
    before += x.shape[axis];
  }
  return result;
}

// Copies x to where a larger tensor of other strides has its elements: the axes that lie alike there make a run.
function place(engine: Engine, x: AnyTensor, shape: Shape, strides: readonly number[], to: number): void {
  if (x.size === 0) return;
  const from = denseAddress(engine, x);
  const { slots } = engine;
  let rank = writeAxes(slots, shape, 7, strides, 26);
  let run = 1;
  if (slots[26 + rank - 1] === 4) run = slots[7 + --rank];
  const runs = x.size / run;
  const perUnit = Math.max(1, Math.floor(UNIT / run));
  slots[0] = from;
  slots[1] = to;
  slots[2] = run;
  slots[3] = runs;
  slots[4] = perUnit;
  slots[6] = rank;
  engine.launch('place', Math.ceil(runs / perUnit), x.size);
  release(engine, x, from);
}
