// Rows of the table that reduce axes or walk along one. Long reductions are split into parts of fixed size.
import { sumTooGreat } from '../../../dtype';
import type { PrimitiveRows } from '../../../registry';
import { type Shape, sizeOf } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import type { Kernel, Meta } from '../../backend';
import { addressOf } from '../address';
import type { Engine } from '../engine/engine';
import { denseAddress, release, writeAxes } from './layout';

// The numbers that assembly/reduce.ts has.
const SUM = 0;
const MAX = 1;
const INT_SUM = 2;
const INT_MAX = 3;

// Slots, as assembly/reduce.ts has them.
const KEPT = 8;
const REDUCED = 41;
const TOO_GREAT = 74;

// Elements that one output sums at most before it is split into parts.
const PART = 16_384;
// Rows of a part, and columns of a unit, where outputs lie side by side.
const PART_ROWS = 512;
const UNIT_COLUMNS = 64;
// Elements that a unit of short reductions covers, about.
const UNIT = 16_384;

const keptShape: number[] = [];
const keptStrides: number[] = [];
const reducedShape: number[] = [];
const reducedStrides: number[] = [];

/** Makes the reducing rows. */
export function reductions(engine: Engine) {
  return {
    sum: ([x], _out: Meta, { axes }: PrimitiveRows['sum']): number =>
      reduce(engine, x.dtype === 'float32' ? SUM : INT_SUM, x, axes),
    max: ([x], _out: Meta, { axes }: PrimitiveRows['max']): number =>
      reduce(engine, x.dtype === 'float32' ? MAX : INT_MAX, x, axes),
    argmax: ([x], out: Meta, { axis }: PrimitiveRows['argmax']): number =>
      alongLines(engine, 'argmax', x, axis, sizeOf(out.shape)),
    cumsum: ([x], _out: Meta, { axis }: PrimitiveRows['cumsum']): number =>
      alongLines(engine, 'cumsum', x, axis, x.size),
    argsort: ([x], _out: Meta, { axis, descending }: PrimitiveRows['argsort']): number =>
      alongLines(engine, 'argsort', x, axis, x.size, descending),
  } satisfies Record<string, Kernel<never, number>>;
}

function reduce(engine: Engine, operation: number, x: AnyTensor, axes: readonly number[]): number {
  split(x, axes);
  const outputs = sizeOf(keptShape);
  const count = sizeOf(reducedShape);
  const out = engine.alloc(outputs * 4);
  if (outputs === 0) return out;
  if (count === 0) {
    const empty =
      operation === SUM || operation === INT_SUM ? 0 : operation === MAX ? Number.NEGATIVE_INFINITY : -(2 ** 31);
    const words = operation === SUM || operation === MAX ? engine.f32 : engine.i32;
    words.fill(empty, out / 4, out / 4 + outputs);
    return out;
  }
  let { slots } = engine;
  const kept = writeAxes(slots, keptShape, KEPT + 1, keptStrides, KEPT + 17);
  const reduced = writeAxes(slots, reducedShape, REDUCED + 1, reducedStrides, REDUCED + 17);
  const width = slots[KEPT + kept];
  const sideBySide = slots[KEPT + 16 + kept] === 4 && slots[REDUCED + 16 + reduced] !== 4 && width >= 16;
  const perPart = sideBySide ? PART_ROWS : PART;
  const parts = Math.ceil(count / perPart);
  const partials = parts === 1 ? 0 : engine.alloc(outputs * parts * 8);
  ({ slots } = engine);
  slots[0] = addressOf(x);
  slots[1] = parts === 1 ? out : partials;
  slots[2] = operation;
  slots[3] = outputs;
  slots[4] = count;
  slots[5] = parts;
  slots[6] = perPart;
  slots[KEPT] = kept;
  slots[REDUCED] = reduced;
  slots[TOO_GREAT] = 0;
  if (sideBySide) {
    slots[7] = UNIT_COLUMNS;
    const units = (outputs / width) * parts * Math.ceil(width / UNIT_COLUMNS);
    engine.launch('reduceColumns', units, x.size);
  } else {
    const perUnit = Math.max(1, Math.floor(UNIT / count));
    slots[7] = perUnit;
    engine.launch('reduceRows', Math.ceil((outputs * parts) / perUnit), x.size + outputs * 8);
  }
  if (parts > 1) {
    slots[0] = partials;
    slots[1] = out;
    slots[3] = parts;
    engine.launch('reduceFinish', outputs, outputs * parts);
    engine.free(partials);
  }
  if (slots[TOO_GREAT] !== 0) throw sumTooGreat('sum');
  return out;
}

// Kept axes in their order; reduced ones with the largest stride first, which sums float in another order only.
function split(x: AnyTensor, axes: readonly number[]): void {
  keptShape.length = 0;
  keptStrides.length = 0;
  reducedShape.length = 0;
  reducedStrides.length = 0;
  for (let axis = 0; axis < x.shape.length; axis++) {
    const isReduced = axes.includes(axis);
    const shape = isReduced ? reducedShape : keptShape;
    const strides = isReduced ? reducedStrides : keptStrides;
    let at = shape.length;
    if (isReduced) while (at > 0 && strides[at - 1] < x.strides[axis]) at--;
    shape.splice(at, 0, x.shape[axis]);
    strides.splice(at, 0, x.strides[axis]);
  }
}

function alongLines(
  engine: Engine,
  kernel: 'argmax' | 'cumsum' | 'argsort',
  x: AnyTensor,
  axis: number,
  size: number,
  descending = false,
): number {
  const out = engine.alloc(size * 4);
  const length = x.shape[axis];
  if (x.size === 0) {
    engine.i32.fill(0, out / 4, out / 4 + size);
    return out;
  }
  const from = denseAddress(engine, x);
  const room = kernel === 'argsort' ? engine.alloc(x.size * 12) : 0;
  const { slots } = engine;
  slots[0] = from;
  slots[1] = out;
  slots[2] = length;
  slots[3] = behind(x.shape, axis);
  slots[4] = x.dtype === 'float32' ? 0 : 1;
  slots[5] = descending ? 1 : 0;
  slots[6] = room;
  slots[TOO_GREAT] = 0;
  engine.launch(kernel, x.size / length, x.size * (kernel === 'argsort' ? 4 * Math.ceil(Math.log2(length + 1)) : 2));
  if (room !== 0) engine.free(room);
  release(engine, x, from);
  if (slots[TOO_GREAT] !== 0) throw sumTooGreat(kernel);
  return out;
}

/** Elements behind an axis. */
export function behind(shape: Shape, axis: number): number {
  let inner = 1;
  for (let i = axis + 1; i < shape.length; i++) inner *= shape[i];
  return inner;
}
