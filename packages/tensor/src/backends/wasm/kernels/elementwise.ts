// Rows of the table that go element by element: which operation, how operands lie, how many elements a unit.
import type { PrimitiveRows } from '../../../registry';
import { sizeOf } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import type { Kernel, Meta } from '../../backend';
import type { Engine } from '../engine/engine';
import { CHUNK, writeAxes, writeOperand } from './layout';

/** Operations on one operand, by the numbers that assembly/map.ts has for them. */
export const UNARY = {
  neg: 0,
  abs: 1,
  sign: 2,
  floor: 3,
  ceil: 4,
  round: 5,
  exp: 6,
  log: 7,
  log1p: 8,
  sqrt: 9,
  rsqrt: 10,
  sin: 11,
  cos: 12,
  tanh: 13,
  erf: 14,
  sigmoid: 15,
  relu: 16,
  affine: 17,
  powScalar: 18,
  reciprocal: 19,
  square: 20,
  cube: 21,
  gelu: 22,
  geluTanh: 23,
  silu: 24,
  not: 25,
  intNeg: 26,
  intAbs: 27,
  intSign: 28,
  intAffine: 29,
  toInt: 30,
  toFloat: 31,
  floatToBool: 32,
  intToBool: 33,
} as const;

/** Operations on two operands, likewise. */
export const BINARY = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  pow: 4,
  maximum: 5,
  minimum: 6,
  mod: 7,
  equal: 8,
  less: 9,
  lessEqual: 10,
  and: 11,
  or: 12,
  intAdd: 13,
  intSub: 14,
  intMul: 15,
  intMaximum: 16,
  intMinimum: 17,
  intMod: 18,
  intEqual: 19,
  intLess: 20,
  intLessEqual: 21,
  geluSlope: 22,
  geluTanhSlope: 23,
  siluSlope: 24,
} as const;

// Slots of operands, as assembly/map.ts has them.
const AXES = 6;
const FIRST = 24;
const SECOND = 44;
const THIRD = 64;

// Simple operations that an element of a transcendental function costs, in estimates of work.
const COSTLY = 6;

/** Computes one operation on one tensor into a new buffer. */
export function mapUnary(engine: Engine, operation: number, x: AnyTensor, p = 0, q = 0): number {
  const out = engine.alloc(x.size * 4);
  if (x.size === 0) return out;
  const { slots, floats } = engine;
  const whole = operation === UNARY.intAffine;
  if (whole) {
    slots[4] = p;
    slots[5] = q;
  } else {
    floats[4] = p;
    floats[5] = q;
  }
  header(slots, operation, out, x.size);
  if (writeOperand(slots, FIRST, x)) slots[AXES] = writeAxes(slots, x.shape, AXES + 1, x.strides, FIRST + 2);
  engine.launch('unary', Math.ceil(x.size / CHUNK), x.size * COSTLY);
  return out;
}

/** Computes one operation on two tensors of one shape into a new buffer. */
export function mapBinary(engine: Engine, operation: number, a: AnyTensor, b: AnyTensor): number {
  const out = engine.alloc(a.size * 4);
  mapBinaryTo(engine, operation, a, b, out);
  return out;
}

/** The same into memory that is there already; an operand's own will do where it is dense. */
export function mapBinaryTo(engine: Engine, operation: number, a: AnyTensor, b: AnyTensor, out: number): void {
  if (a.size === 0) return;
  const { slots } = engine;
  header(slots, operation, out, a.size);
  const strided = writeOperand(slots, FIRST, a);
  if (writeOperand(slots, SECOND, b) || strided)
    slots[AXES] = writeAxes(slots, a.shape, AXES + 1, a.strides, FIRST + 2, b.strides, SECOND + 2);
  engine.launch('binary', Math.ceil(a.size / CHUNK), a.size * 2);
}

function header(slots: Int32Array, operation: number, out: number, size: number): void {
  slots[0] = operation;
  slots[1] = out;
  slots[2] = size;
  slots[3] = CHUNK;
}

/** Makes the elementwise rows. */
export function elementwise(engine: Engine) {
  const unary =
    (operation: number, onInts: number = operation): Kernel<object, number> =>
    ([x]) =>
      mapUnary(engine, x.dtype === 'float32' ? operation : onInts, x);
  const binary =
    (operation: number, onInts: number = operation): Kernel<object, number> =>
    ([a, b]) =>
      mapBinary(engine, a.dtype === 'float32' ? operation : onInts, a, b);

  return {
    neg: unary(UNARY.neg, UNARY.intNeg),
    abs: unary(UNARY.abs, UNARY.intAbs),
    sign: unary(UNARY.sign, UNARY.intSign),
    floor: unary(UNARY.floor),
    ceil: unary(UNARY.ceil),
    round: unary(UNARY.round),
    exp: unary(UNARY.exp),
    log: unary(UNARY.log),
    log1p: unary(UNARY.log1p),
    sqrt: unary(UNARY.sqrt),
    rsqrt: unary(UNARY.rsqrt),
    sin: unary(UNARY.sin),
    cos: unary(UNARY.cos),
    tanh: unary(UNARY.tanh),
    erf: unary(UNARY.erf),
    sigmoid: unary(UNARY.sigmoid),
    relu: unary(UNARY.relu),
    logicalNot: unary(UNARY.not),
    affine: ([x], _out: Meta, { scale, shift }: PrimitiveRows['affine']): number =>
      mapUnary(engine, x.dtype === 'int32' ? UNARY.intAffine : UNARY.affine, x, scale, shift),
    powScalar: ([x], _out: Meta, { exponent }: PrimitiveRows['powScalar']): number =>
      mapUnary(engine, POWERS.get(exponent) ?? UNARY.powScalar, x, exponent),
    cast: ([x], _out: Meta, { dtype }: PrimitiveRows['cast']): number => mapUnary(engine, castOf(x, dtype), x, 1, 0),
    add: binary(BINARY.add, BINARY.intAdd),
    sub: binary(BINARY.sub, BINARY.intSub),
    mul: binary(BINARY.mul, BINARY.intMul),
    div: binary(BINARY.div),
    pow: binary(BINARY.pow),
    maximum: binary(BINARY.maximum, BINARY.intMaximum),
    minimum: binary(BINARY.minimum, BINARY.intMinimum),
    mod: binary(BINARY.mod, BINARY.intMod),
    equal: binary(BINARY.equal, BINARY.intEqual),
    less: binary(BINARY.less, BINARY.intLess),
    lessEqual: binary(BINARY.lessEqual, BINARY.intLessEqual),
    logicalAnd: binary(BINARY.and),
    logicalOr: binary(BINARY.or),
    where: (inputs: readonly AnyTensor[]): number => select(engine, inputs),
  } satisfies Record<string, Kernel<never, number>>;
}

// Exponents that need no power.
const POWERS: ReadonlyMap<number, number> = new Map([
  [-1, UNARY.reciprocal],
  [-0.5, UNARY.rsqrt],
  [0.5, UNARY.sqrt],
  [2, UNARY.square],
  [3, UNARY.cube],
]);

function castOf(x: AnyTensor, dtype: PrimitiveRows['cast']['dtype']): number {
  switch (dtype) {
    case 'float32':
      return x.dtype === 'float32' ? UNARY.affine : UNARY.toFloat;
    case 'int32':
      return x.dtype === 'float32' ? UNARY.toInt : UNARY.intAffine;
    case 'bool':
      return x.dtype === 'float32' ? UNARY.floatToBool : UNARY.intToBool;
    default:
      return dtype satisfies never;
  }
}

function select(engine: Engine, [condition, a, b]: readonly AnyTensor[]): number {
  const size = sizeOf(a.shape);
  const out = engine.alloc(size * 4);
  if (size === 0) return out;
  const { slots } = engine;
  header(slots, 0, out, size);
  const first = writeOperand(slots, FIRST, condition);
  const second = writeOperand(slots, SECOND, a);
  if (writeOperand(slots, THIRD, b) || first || second) {
    slots[AXES] = writeAxes(
      slots,
      a.shape,
      AXES + 1,
      condition.strides,
      FIRST + 2,
      a.strides,
      SECOND + 2,
      b.strides,
      THIRD + 2,
    );
  }
  engine.launch('select', Math.ceil(size / CHUNK), size * 2);
  return out;
}
