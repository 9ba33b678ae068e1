// How operands lie in memory, written into the argument block: axes that neighbours can be joined with are joined, so
// that most tensors become one run. Nothing is allocated here but by `denseAddress`.
import { ArgumentError } from '../../../errors';
import type { Shape } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import { addressOf } from '../address';
import type { Engine } from '../engine/engine';

/** Elements that a unit of an elementwise kernel covers: 64 kB. */
export const CHUNK = 16_384;

/** Axes that a kernel's walk can have; `MAX_RANK` of assembly/strided.ts. */
const MAX_RANK = 16;

// Lies in memory with strides, one element after the other, or as one element for all; as assembly/strided.ts has them.
const STRIDED = 0;
const DENSE = 1;
const SAME = 2;

const sizes = new Int32Array(MAX_RANK);
const joined = [new Int32Array(MAX_RANK), new Int32Array(MAX_RANK), new Int32Array(MAX_RANK)];

/**
 * Joins axes of tensors of one shape and returns how many are left. They are written as sizes from slot `axes` on (last
 * axis last) and as strides in bytes from the slot of each tensor on.
 */
export function writeAxes(
  slots: Int32Array,
  shape: Shape,
  axes: number,
  a: readonly number[],
  atA: number,
  b: readonly number[] | null = null,
  atB = 0,
  c: readonly number[] | null = null,
  atC = 0,
): number {
  // Found from the last axis on, so in reverse.
  let rank = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis];
    if (size === 1) continue;
    const top = rank - 1;
    if (
      rank > 0 &&
      continues(a[axis], joined[0][top], sizes[top]) &&
      (b === null || continues(b[axis], joined[1][top], sizes[top])) &&
      (c === null || continues(c[axis], joined[2][top], sizes[top]))
    ) {
      sizes[top] *= size;
      continue;
    }
    if (rank === MAX_RANK)
      throw new ArgumentError('strides', 'tensor', `at most ${MAX_RANK} axes apart in memory`, String(shape.length));
    sizes[rank] = size;
    joined[0][rank] = a[axis];
    if (b !== null) joined[1][rank] = b[axis];
    if (c !== null) joined[2][rank] = c[axis];
    rank++;
  }
  if (rank === 0) {
    sizes[0] = 1;
    for (const strides of joined) strides[0] = 1;
    rank = 1;
  }
  for (let i = 0; i < rank; i++) {
    const from = rank - 1 - i;
    slots[axes + i] = sizes[from];
    slots[atA + i] = joined[0][from] * 4;
    if (b !== null) slots[atB + i] = joined[1][from] * 4;
    if (c !== null) slots[atC + i] = joined[2][from] * 4;
  }
  return rank;
}

// Whether an axis goes on where the joined axes inside it end.
function continues(stride: number, inner: number, size: number): boolean {
  return stride === inner * size;
}

/** Writes an operand's address and how it lies; true where its strides are wanted too. */
export function writeOperand(slots: Int32Array, at: number, t: AnyTensor): boolean {
  slots[at] = addressOf(t);
  slots[at + 1] = t.contiguous ? DENSE : isOneElement(t) ? SAME : STRIDED;
  return slots[at + 1] === STRIDED;
}

function isOneElement(t: AnyTensor): boolean {
  for (let i = 0; i < t.shape.length; i++) if (t.strides[i] !== 0 && t.shape[i] !== 1) return false;
  return true;
}

/** Address of a tensor's elements, one after the other: its own, or that of a copy. Give it to `release` afterwards. */
export function denseAddress(engine: Engine, t: AnyTensor): number {
  if (t.contiguous) return addressOf(t);
  const copy = engine.alloc(t.size * 4);
  copyTo(engine, t, copy);
  return copy;
}

/** Frees the copy that `denseAddress` made, if it did. */
export function release(engine: Engine, t: AnyTensor, address: number): void {
  if (!t.contiguous) engine.free(address);
}

/** Copies a tensor's elements, whatever its strides, to dense memory. */
export function copyTo(engine: Engine, t: AnyTensor, to: number): void {
  if (t.size === 0) return;
  const { slots } = engine;
  slots[0] = addressOf(t);
  slots[1] = to;
  slots[2] = t.size;
  slots[3] = CHUNK;
  const rank = writeAxes(slots, t.shape, 7, t.strides, 26);
  slots[6] = rank;
  if (rank > 1 && rank <= 5 && slots[26 + rank - 2] === 4 && slots[26 + rank - 1] !== 4) transpose(engine, rank);
  else engine.launch('contiguous', Math.ceil(t.size / CHUNK), t.size);
}

// The last two axes lie the other way round in memory. Their sizes and strides are in the slots of `contiguous`.
function transpose(engine: Engine, rank: number): void {
  const { slots } = engine;
  const rows = slots[7 + rank - 2];
  const columns = slots[7 + rank - 1];
  const step = slots[26 + rank - 1];
  let matrices = 1;
  for (let i = 0; i < 3; i++) {
    const axis = rank - 5 + i;
    sizes[i] = axis < 0 ? 1 : slots[7 + axis];
    joined[0][i] = axis < 0 ? 0 : slots[26 + axis];
    matrices *= sizes[i];
  }
  slots[2] = rows;
  slots[3] = columns;
  slots[4] = step;
  for (let i = 0; i < 3; i++) {
    slots[5 + i] = sizes[i];
    slots[8 + i] = joined[0][i];
  }
  engine.launch('transpose', matrices * Math.ceil(rows / 32), matrices * rows * columns);
}
