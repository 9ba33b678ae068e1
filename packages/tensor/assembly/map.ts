// Kernels that go element by element: one input, two, or a choice between two. Their loops are dense; operands that
// don't lie so are staged in blocks (strided.ts). One loop an operation, made by inlining with the operation constant.
import { gelu4, geluSlope4, geluTanh4, geluTanhSlope4, silu4, siluSlope4, relu4 } from './activation';
import { erf4, exp4, log1p4, log4, pow4, sigmoid4, sine4, tanh4 } from './math';
import { fma, slot } from './simd';
import { BLOCK, blockAt, dense } from './strided';

// The numbers of `UNARY` and `BINARY` in src/backends/wasm/kernels/elementwise.ts.
const NEG = 0, ABS = 1, SIGN = 2, FLOOR = 3, CEIL = 4, ROUND = 5, EXP = 6, LOG = 7, LOG1P = 8, SQRT = 9, RSQRT = 10;
const SIN = 11, COS = 12, TANH = 13, ERF = 14, SIGMOID = 15, RELU = 16, AFFINE = 17, POW_SCALAR = 18, RECIPROCAL = 19;
const SQUARE = 20, CUBE = 21, GELU = 22, GELU_TANH = 23, SILU = 24, NOT = 25, INT_NEG = 26, INT_ABS = 27, INT_SIGN = 28;
const INT_AFFINE = 29, TO_INT = 30, TO_FLOAT = 31, FLOAT_TO_BOOL = 32, INT_TO_BOOL = 33;

const ADD = 0, SUB = 1, MUL = 2, DIV = 3, POW = 4, MAXIMUM = 5, MINIMUM = 6, MOD = 7, EQUAL = 8, LESS = 9, LESS_EQUAL = 10;
const AND = 11, OR = 12, INT_ADD = 13, INT_SUB = 14, INT_MUL = 15, INT_MAXIMUM = 16, INT_MINIMUM = 17, INT_MOD = 18;
const INT_EQUAL = 19, INT_LESS = 20, INT_LESS_EQUAL = 21, GELU_SLOPE = 22, GELU_TANH_SLOPE = 23, SILU_SLOPE = 24;

@inline
function bit(mask: v128): v128 {
  return v128.and(mask, i32x4.splat(1));
}

@inline
function sign4(x: v128): v128 {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  const y = v128.or(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), f32x4.splat(-1)));
  return v128.bitselect(y, x, v128.or(f32x4.gt(x, zero), f32x4.lt(x, zero))); // 0 and NaN stay
}

@inline
function one4(op: i32, x: v128, p: v128, q: v128): v128 {
  if (op == NEG) return f32x4.neg(x);
  if (op == ABS) return f32x4.abs(x);
  if (op == SIGN) return sign4(x);
  if (op == FLOOR) return f32x4.floor(x);
  if (op == CEIL) return f32x4.ceil(x);
  if (op == ROUND) return f32x4.nearest(x);
  if (op == EXP) return exp4(x);
  if (op == LOG) return log4(x);
  if (op == LOG1P) return log1p4(x);
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (op == SIN) return sine4(x, 0);
  if (op == COS) return sine4(x, 1);
  if (op == TANH) return tanh4(x);
  if (op == ERF) return erf4(x);
  if (op == SIGMOID) return sigmoid4(x);
  if (op == RELU) return relu4(x);
  if (op == AFFINE) return fma(x, p, q);
  if (op == POW_SCALAR) return pow4(x, p);
  if (op == RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  if (op == SQUARE) return f32x4.mul(x, x);
  if (op == CUBE) return f32x4.mul(f32x4.mul(x, x), x);
  if (op == GELU) return gelu4(x);
  if (op == GELU_TANH) return geluTanh4(x);
  if (op == SILU) return silu4(x);
  if (op == NOT) return bit(i32x4.eq(x, i32x4.splat(0)));
  if (op == INT_NEG) return i32x4.neg(x);
  if (op == INT_ABS) return i32x4.abs(x);
  if (op == INT_SIGN) return v128.or(i32x4.shr_s(x, 31), i32x4.shr_u(i32x4.neg(x), 31));
  if (op == INT_AFFINE) return i32x4.add(i32x4.mul(x, p), q);
  if (op == TO_INT) return i32x4.trunc_sat_f32x4_s(x);
  if (op == TO_FLOAT) return f32x4.convert_i32x4_s(x);
  if (op == FLOAT_TO_BOOL) return bit(f32x4.ne(x, f32x4.splat(0)));
  return bit(i32x4.ne(x, i32x4.splat(0)));
}

@inline
function two4(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b);
  if (op == SUB) return f32x4.sub(a, b);
  if (op == MUL) return f32x4.mul(a, b);
  if (op == DIV) return f32x4.div(a, b);
  if (op == POW) return pow4(a, b);
  if (op == MAXIMUM) return f32x4.max(a, b);
  if (op == MINIMUM) return f32x4.min(a, b);
  if (op == MOD) return mod4(a, b);
  if (op == EQUAL) return bit(f32x4.eq(a, b));
  if (op == LESS) return bit(f32x4.lt(a, b));
  if (op == LESS_EQUAL) return bit(f32x4.le(a, b));
  if (op == AND) return v128.and(a, b);
  if (op == OR) return v128.or(a, b);
  if (op == INT_ADD) return i32x4.add(a, b);
  if (op == INT_SUB) return i32x4.sub(a, b);
  if (op == INT_MUL) return i32x4.mul(a, b);
  if (op == INT_MAXIMUM) return i32x4.max_s(a, b);
  if (op == INT_MINIMUM) return i32x4.min_s(a, b);
  if (op == INT_MOD) return intMod4(a, b);
  if (op == INT_EQUAL) return bit(i32x4.eq(a, b));
  if (op == INT_LESS) return bit(i32x4.lt_s(a, b));
  if (op == INT_LESS_EQUAL) return bit(i32x4.le_s(a, b));
  // A gradient and the input of what it came through.
  if (op == GELU_SLOPE) return f32x4.mul(a, geluSlope4(b));
  if (op == GELU_TANH_SLOPE) return f32x4.mul(a, geluTanhSlope4(b));
  return f32x4.mul(a, siluSlope4(b));
}

// In float64: the quotient of floats rounds too early.
function mod4(a: v128, b: v128): v128 {
  const low = mod2(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
  const high = mod2(f64x2.promote_low_f32x4(upper(a)), f64x2.promote_low_f32x4(upper(b)));
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

// a − ⌊a / b⌋ · b, whose product is exact for quotients below 2²⁹; others, and infinite divisors, take the slow way.
@inline
function mod2(a: v128, b: v128): v128 {
  const quotient = f64x2.floor(f64x2.div(a, b));
  const y = f64x2.sub(a, f64x2.mul(quotient, b));
  const exact = v128.and(f64x2.lt(f64x2.abs(quotient), f64x2.splat(536870912)), f64x2.eq(y, y));
  if (i64x2.all_true(exact)) return y;
  const first = mod1(f64x2.extract_lane(a, 0), f64x2.extract_lane(b, 0));
  return f64x2.replace_lane(f64x2.splat(first), 1, mod1(f64x2.extract_lane(a, 1), f64x2.extract_lane(b, 1)));
}

function mod1(a: f64, b: f64): f64 {
  const r = a % b;
  return r != 0 && r < 0 != b < 0 ? r + b : r;
}

@inline
function upper(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 2, 3, 2, 3);
}

function intMod4(a: v128, b: v128): v128 {
  let y = i32x4.splat(intMod(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
  y = i32x4.replace_lane(y, 1, intMod(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
  y = i32x4.replace_lane(y, 2, intMod(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
  return i32x4.replace_lane(y, 3, intMod(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
}

// With the divisor's sign; 0 for a divisor of 0, where WebAssembly would trap.
@inline
function intMod(a: i32, b: i32): i32 {
  if (b == 0 || b == -1) return 0;
  const rest = a % b;
  return rest != 0 && (rest ^ b) < 0 ? rest + b : rest;
}

@inline
function loop1(op: i32, x: usize, to: usize, count: i32, p: v128, q: v128): void {
  const end = to + (<usize>count << 2);
  for (; to < end; to += 16) {
    v128.store(to, one4(op, v128.load(x), p, q));
    x += 16;
  }
}

@inline
function loop2(op: i32, a: usize, b: usize, to: usize, count: i32): void {
  const end = to + (<usize>count << 2);
  for (; to < end; to += 16) {
    v128.store(to, two4(op, v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
}

// `count` is a multiple of 4.
function run1(op: i32, x: usize, to: usize, count: i32, p: v128, q: v128): void {
  switch (op) {
    case NEG: loop1(NEG, x, to, count, p, q); break;
    case ABS: loop1(ABS, x, to, count, p, q); break;
    case SIGN: loop1(SIGN, x, to, count, p, q); break;
    case FLOOR: loop1(FLOOR, x, to, count, p, q); break;
    case CEIL: loop1(CEIL, x, to, count, p, q); break;
    case ROUND: loop1(ROUND, x, to, count, p, q); break;
    case EXP: loop1(EXP, x, to, count, p, q); break;
    case LOG: loop1(LOG, x, to, count, p, q); break;
    case LOG1P: loop1(LOG1P, x, to, count, p, q); break;
    case SQRT: loop1(SQRT, x, to, count, p, q); break;
    case RSQRT: loop1(RSQRT, x, to, count, p, q); break;
    case SIN: loop1(SIN, x, to, count, p, q); break;
    case COS: loop1(COS, x, to, count, p, q); break;
    case TANH: loop1(TANH, x, to, count, p, q); break;
    case ERF: loop1(ERF, x, to, count, p, q); break;
    case SIGMOID: loop1(SIGMOID, x, to, count, p, q); break;
    case RELU: loop1(RELU, x, to, count, p, q); break;
    case AFFINE: loop1(AFFINE, x, to, count, p, q); break;
    case POW_SCALAR: loop1(POW_SCALAR, x, to, count, p, q); break;
    case RECIPROCAL: loop1(RECIPROCAL, x, to, count, p, q); break;
    case SQUARE: loop1(SQUARE, x, to, count, p, q); break;
    case CUBE: loop1(CUBE, x, to, count, p, q); break;
    case GELU: loop1(GELU, x, to, count, p, q); break;
    case GELU_TANH: loop1(GELU_TANH, x, to, count, p, q); break;
    case SILU: loop1(SILU, x, to, count, p, q); break;
    case NOT: loop1(NOT, x, to, count, p, q); break;
    case INT_NEG: loop1(INT_NEG, x, to, count, p, q); break;
    case INT_ABS: loop1(INT_ABS, x, to, count, p, q); break;
    case INT_SIGN: loop1(INT_SIGN, x, to, count, p, q); break;
    case INT_AFFINE: loop1(INT_AFFINE, x, to, count, p, q); break;
    case TO_INT: loop1(TO_INT, x, to, count, p, q); break;
    case TO_FLOAT: loop1(TO_FLOAT, x, to, count, p, q); break;
    case FLOAT_TO_BOOL: loop1(FLOAT_TO_BOOL, x, to, count, p, q); break;
    case INT_TO_BOOL: loop1(INT_TO_BOOL, x, to, count, p, q); break;
  }
}

// `count` is a multiple of 4.
function run2(op: i32, a: usize, b: usize, to: usize, count: i32): void {
  switch (op) {
    case ADD: loop2(ADD, a, b, to, count); break;
    case SUB: loop2(SUB, a, b, to, count); break;
    case MUL: loop2(MUL, a, b, to, count); break;
    case DIV: loop2(DIV, a, b, to, count); break;
    case POW: loop2(POW, a, b, to, count); break;
    case MAXIMUM: loop2(MAXIMUM, a, b, to, count); break;
    case MINIMUM: loop2(MINIMUM, a, b, to, count); break;
    case MOD: loop2(MOD, a, b, to, count); break;
    case EQUAL: loop2(EQUAL, a, b, to, count); break;
    case LESS: loop2(LESS, a, b, to, count); break;
    case LESS_EQUAL: loop2(LESS_EQUAL, a, b, to, count); break;
    case AND: loop2(AND, a, b, to, count); break;
    case OR: loop2(OR, a, b, to, count); break;
    case INT_ADD: loop2(INT_ADD, a, b, to, count); break;
    case INT_SUB: loop2(INT_SUB, a, b, to, count); break;
    case INT_MUL: loop2(INT_MUL, a, b, to, count); break;
    case INT_MAXIMUM: loop2(INT_MAXIMUM, a, b, to, count); break;
    case INT_MINIMUM: loop2(INT_MINIMUM, a, b, to, count); break;
    case INT_MOD: loop2(INT_MOD, a, b, to, count); break;
    case INT_EQUAL: loop2(INT_EQUAL, a, b, to, count); break;
    case INT_LESS: loop2(INT_LESS, a, b, to, count); break;
    case INT_LESS_EQUAL: loop2(INT_LESS_EQUAL, a, b, to, count); break;
    case GELU_SLOPE: loop2(GELU_SLOPE, a, b, to, count); break;
    case GELU_TANH_SLOPE: loop2(GELU_TANH_SLOPE, a, b, to, count); break;
    case SILU_SLOPE: loop2(SILU_SLOPE, a, b, to, count); break;
  }
}

// What lies behind the last full group of four goes through these lanes, so that every element is computed alike.
function padded(x: usize, count: i32, to: usize): usize {
  v128.store(to, f32x4.splat(1));
  memory.copy(to, x, <usize>count << 2);
  return to;
}

// Slots of all three kernels: 0 operation, 1 out, 2 size, 3 elements a unit, 4 and 5 numbers, 6 rank, 7 … sizes,
// 24, 44, 64 operands: address, how it lies, strides.
const AXES: i32 = 6;
const FIRST: i32 = 24;
const SECOND: i32 = 44;
const THIRD: i32 = 64;

/** out = op(x), with up to two numbers as further arguments. Units are runs of elements. */
export function unary(args: usize, from: i32, to: i32): void {
  const op = slot(args, 0);
  const out = <usize>slot(args, 1);
  const p = v128.load32_splat(args, 16);
  const q = v128.load32_splat(args, 20);
  const end = min(slot(args, 2), to * slot(args, 3));
  for (let at = from * slot(args, 3); at < end; at += BLOCK) {
    const count = min(BLOCK, end - at);
    const x = dense(args, AXES, FIRST, at, count, blockAt(0));
    const y = out + (<usize>at << 2);
    const whole = count & ~3;
    run1(op, x, y, whole, p, q);
    if (whole < count) {
      const lanes = padded(x + (<usize>whole << 2), count - whole, blockAt(3));
      run1(op, lanes, lanes, 4, p, q);
      memory.copy(y + (<usize>whole << 2), lanes, <usize>(count - whole) << 2);
    }
  }
}

/** out = op(a, b). Units are runs of elements. */
export function binary(args: usize, from: i32, to: i32): void {
  const op = slot(args, 0);
  const out = <usize>slot(args, 1);
  const end = min(slot(args, 2), to * slot(args, 3));
  for (let at = from * slot(args, 3); at < end; at += BLOCK) {
    const count = min(BLOCK, end - at);
    const a = dense(args, AXES, FIRST, at, count, blockAt(0));
    const b = dense(args, AXES, SECOND, at, count, blockAt(1));
    const y = out + (<usize>at << 2);
    const whole = count & ~3;
    run2(op, a, b, y, whole);
    if (whole < count) {
      const tail = <usize>whole << 2;
      const lanes = padded(a + tail, count - whole, blockAt(3));
      run2(op, lanes, padded(b + tail, count - whole, lanes + 16), lanes, 4);
      memory.copy(y + tail, lanes, <usize>(count - whole) << 2);
    }
  }
}

/** out = condition ? a : b, whatever the elements are. Units are runs of elements. */
export function select(args: usize, from: i32, to: i32): void {
  const out = <usize>slot(args, 1);
  const end = min(slot(args, 2), to * slot(args, 3));
  for (let at = from * slot(args, 3); at < end; at += BLOCK) {
    const count = min(BLOCK, end - at);
    const c = dense(args, AXES, FIRST, at, count, blockAt(0));
    const a = dense(args, AXES, SECOND, at, count, blockAt(1));
    const b = dense(args, AXES, THIRD, at, count, blockAt(2));
    const y = out + (<usize>at << 2);
    const bytes = <usize>count << 2;
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) {
      const isB = i32x4.eq(v128.load(c + i), i32x4.splat(0));
      v128.store(y + i, v128.bitselect(v128.load(b + i), v128.load(a + i), isB));
    }
    for (; i < bytes; i += 4) store<u32>(y + i, load<u32>(load<u32>(c + i) != 0 ? a + i : b + i));
  }
}
