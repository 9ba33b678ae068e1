// Sums and maxima over any axes. Floats are added in short blocks, and those in float64, so that a million of them keep
// six digits. A long reduction is split into parts of fixed size, whose float64 results `reduceFinish` puts together.
import { slot, sumLanes, maxLanes } from './simd';

// The numbers of `REDUCTIONS` in src/backends/wasm/kernels/reduce.ts.
const SUM: i32 = 0;
const MAX: i32 = 1;
const INT_SUM: i32 = 2;

// Slots of reduceRows and reduceColumns: 0 x, 1 out, 2 operation, 3 outputs, 4 elements of each, 5 parts, 6 elements of
// a part, 7 outputs a unit, 8 kept rank, 9 … 24 sizes, 25 … 40 strides in bytes; 41 reduced rank, 42 … 57 sizes,
// 58 … 73 strides; 74 becomes 1 where a result fits no int32. Out holds float64 [outputs, parts] where there are several
// parts.
const KEPT: i32 = 8;
const REDUCED: i32 = 41;
const TOO_GREAT: usize = 74;

// Offset in bytes of the i-th position of the first `rank` axes.
function offsetOf(args: usize, axes: i32, rank: i32, i: i32): usize {
  let offset: usize = 0;
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = slot(args, axes + 1 + axis);
    const above = i / size;
    offset += <usize>(i - above * size) * <usize>slot(args, axes + 17 + axis);
    i = above;
  }
  return offset;
}

@inline
function identity(op: i32): f64 {
  if (op == SUM || op == INT_SUM) return 0;
  return op == MAX ? -Infinity : -2147483648;
}

@inline
function combine(op: i32, a: f64, b: f64): f64 {
  return op == SUM || op == INT_SUM ? a + b : max(a, b);
}

@inline
function put(args: usize, op: i32, out: usize, o: i32, value: f64): void {
  if (op == SUM || op == MAX) {
    store<f32>(out + (<usize>o << 2), <f32>value);
    return;
  }
  const whole = <i32>(<i64>value);
  if (<f64>whole != value) store<i32>(args + (TOO_GREAT << 2), 1);
  store<i32>(out + (<usize>o << 2), whole);
}

function total(op: i32, x: usize, step: usize, count: i32): f64 {
  if (op == SUM) {
    let sum: f64 = 0;
    if (step == 4) {
      for (; count >= 64; count -= 64) {
        sum += <f64>sum64(x);
        x += 256;
      }
    }
    for (; count > 0; count--) {
      sum += <f64>load<f32>(x);
      x += step;
    }
    return sum;
  }
  if (op == MAX) {
    let top: f32 = -Infinity;
    if (step == 4 && count >= 4) {
      let t = f32x4.splat(-Infinity);
      for (; count >= 4; count -= 4) {
        t = f32x4.max(t, v128.load(x));
        x += 16;
      }
      top = maxLanes(t);
    }
    for (; count > 0; count--) {
      top = max(top, load<f32>(x));
      x += step;
    }
    return <f64>top;
  }
  let value = identity(op);
  for (; count > 0; count--) {
    value = combine(op, value, <f64>load<i32>(x));
    x += step;
  }
  return value;
}

@inline
function sum64(x: usize): f32 {
  let s0 = v128.load(x);
  let s1 = v128.load(x, 16);
  let s2 = v128.load(x, 32);
  let s3 = v128.load(x, 48);
  for (let at: usize = 64; at < 256; at += 64) {
    s0 = f32x4.add(s0, v128.load(x + at));
    s1 = f32x4.add(s1, v128.load(x + at, 16));
    s2 = f32x4.add(s2, v128.load(x + at, 32));
    s3 = f32x4.add(s3, v128.load(x + at, 48));
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** Each output by itself, along runs of the last reduced axis. Units are groups of outputs, or parts of one. */
export function reduceRows(args: usize, from: i32, to: i32): void {
  const x = <usize>slot(args, 0);
  const out = <usize>slot(args, 1);
  const op = slot(args, 2);
  const parts = slot(args, 5);
  const perUnit = slot(args, 7);
  const end = min(slot(args, 3) * parts, to * perUnit);
  for (let job = from * perUnit; job < end; job++) {
    const o = job / parts;
    const first = (job - o * parts) * slot(args, 6);
    const last = min(slot(args, 4), first + slot(args, 6));
    const value = range(args, op, x + offsetOf(args, KEPT, slot(args, KEPT), o), first, last);
    if (parts == 1) put(args, op, out, o, value);
    else store<f64>(out + (<usize>job << 3), value);
  }
}

function range(args: usize, op: i32, x: usize, first: i32, last: i32): f64 {
  const inner = slot(args, REDUCED) - 1;
  const length = slot(args, REDUCED + 1 + inner);
  const step = <usize>slot(args, REDUCED + 17 + inner);
  let value = identity(op);
  while (first < last) {
    const run = first / length;
    const i = first - run * length;
    const count = min(length - i, last - first);
    value = combine(op, value, total(op, x + offsetOf(args, REDUCED, inner, run) + <usize>i * step, step, count));
    first += count;
  }
  return value;
}

/**
 * Outputs that lie side by side, sixteen at a time, row by row. Units are groups of columns, part by part, position by
 * position of the kept axes before the last, whose stride is that of an element.
 */
export function reduceColumns(args: usize, from: i32, to: i32): void {
  const x = <usize>slot(args, 0);
  const out = <usize>slot(args, 1);
  const op = slot(args, 2);
  const parts = slot(args, 5);
  const perUnit = slot(args, 7);
  const outer = slot(args, KEPT) - 1;
  const width = slot(args, KEPT + 1 + outer);
  const groups = (width + perUnit - 1) / perUnit;
  for (let unit = from; unit < to; unit++) {
    const row = unit / (groups * parts);
    const rest = unit - row * (groups * parts);
    const part = rest / groups;
    const first = part * slot(args, 6);
    const last = min(slot(args, 4), first + slot(args, 6));
    const base = x + offsetOf(args, KEPT, outer, row);
    let j = (rest - part * groups) * perUnit;
    const stop = min(width, j + perUnit);
    const column = (row * width) * parts + part;
    if (op == SUM) {
      for (; j + 16 <= stop; j += 16) sumColumns(args, base + (<usize>j << 2), first, last, out, column + j * parts, parts);
    }
    for (; j < stop; j++) {
      const o = column + j * parts;
      const value = range(args, op, base + (<usize>j << 2), first, last);
      if (parts == 1) put(args, op, out, o, value);
      else store<f64>(out + (<usize>o << 3), value);
    }
  }
}

// Sixteen columns: up to 64 rows in float32, then into float64.
function sumColumns(args: usize, x: usize, first: i32, last: i32, out: usize, o: i32, parts: i32): void {
  const inner = slot(args, REDUCED) - 1;
  const length = slot(args, REDUCED + 1 + inner);
  const step = <usize>slot(args, REDUCED + 17 + inner);
  let d0 = f64x2.splat(0);
  let d1 = f64x2.splat(0);
  let d2 = f64x2.splat(0);
  let d3 = f64x2.splat(0);
  let d4 = f64x2.splat(0);
  let d5 = f64x2.splat(0);
  let d6 = f64x2.splat(0);
  let d7 = f64x2.splat(0);
  while (first < last) {
    const run = first / length;
    const i = first - run * length;
    const count = min(min(length - i, last - first), 64);
    let at = x + offsetOf(args, REDUCED, inner, run) + <usize>i * step;
    let s0 = v128.load(at);
    let s1 = v128.load(at, 16);
    let s2 = v128.load(at, 32);
    let s3 = v128.load(at, 48);
    for (let k = 1; k < count; k++) {
      at += step;
      s0 = f32x4.add(s0, v128.load(at));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
    }
    d0 = f64x2.add(d0, f64x2.promote_low_f32x4(s0));
    d1 = f64x2.add(d1, f64x2.promote_low_f32x4(upper(s0)));
    d2 = f64x2.add(d2, f64x2.promote_low_f32x4(s1));
    d3 = f64x2.add(d3, f64x2.promote_low_f32x4(upper(s1)));
    d4 = f64x2.add(d4, f64x2.promote_low_f32x4(s2));
    d5 = f64x2.add(d5, f64x2.promote_low_f32x4(upper(s2)));
    d6 = f64x2.add(d6, f64x2.promote_low_f32x4(s3));
    d7 = f64x2.add(d7, f64x2.promote_low_f32x4(upper(s3)));
    first += count;
  }
  if (parts == 1) {
    const y = out + (<usize>o << 2);
    v128.store(y, demote(d0, d1));
    v128.store(y, demote(d2, d3), 16);
    v128.store(y, demote(d4, d5), 32);
    v128.store(y, demote(d6, d7), 48);
    return;
  }
  const between = <usize>parts << 3;
  let y = out + (<usize>o << 3);
  y = putPair(y, d0, between);
  y = putPair(y, d1, between);
  y = putPair(y, d2, between);
  y = putPair(y, d3, between);
  y = putPair(y, d4, between);
  y = putPair(y, d5, between);
  y = putPair(y, d6, between);
  putPair(y, d7, between);
}

@inline
function upper(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 2, 3, 2, 3);
}

@inline
function demote(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

@inline
function putPair(y: usize, d: v128, between: usize): usize {
  store<f64>(y, f64x2.extract_lane(d, 0));
  store<f64>(y + between, f64x2.extract_lane(d, 1));
  return y + 2 * between;
}

/** Puts the parts of each output together, in order. Units are outputs. Slots: 0 parts, 1 out, 2 operation, 3 parts of each, 74 as above. */
export function reduceFinish(args: usize, from: i32, to: i32): void {
  const parts = slot(args, 3);
  const op = slot(args, 2);
  for (let o = from; o < to; o++) {
    let at = <usize>slot(args, 0) + (<usize>o * <usize>parts << 3);
    let value = identity(op);
    for (let i = 0; i < parts; i++) {
      value = combine(op, value, load<f64>(at));
      at += 8;
    }
    put(args, op, <usize>slot(args, 1), o, value);
  }
}
