// Kernels that write into lists of dense tensors in one launch: optimizer steps, scaling, clamping, and the sum of
// squares that clipping needs. Units are chunks of elements, tensor after tensor.
import { scratch } from './engine';
import { fma, fnma, slot, sumLanes } from './simd';

// Slots: 0 entries, 1 elements a unit, 2 address of the table, 3 and on numbers of the kernel.
// Entries: first unit, size, addresses of four lists.
const ENTRY: usize = 24;

const ADAM: i32 = 0;
const SGD: i32 = 1;
const LION: i32 = 2;
const SCALE: i32 = 3;
const CLAMP: i32 = 4;

@inline
function number(args: usize, i: i32): v128 {
  return v128.load32_splat(args + (<usize>i << 2));
}

// What has died away counts as 0: a momentum that no gradient feeds would otherwise end as a subnormal number, and stay
// one, since 0.9 of the smallest rounds to itself. Processors compute with those a hundred times slower.
@inline
function alive(x: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), f32x4.splat(7.5e-37)));
}

// Adam and AdamW. Numbers: 3 lr / (1 − β₁ᵗ), 4 β₁, 5 1 − β₁, 6 β₂, 7 1 − β₂, 8 1 / √(1 − β₂ᵗ), 9 ε, 10 weight decay that
// joins the gradient, 11 factor that the weights shrink by.
@inline
function adam4(args: usize, p: usize, g: usize, m: usize, v: usize): void {
  const x = v128.load(p);
  const d = fma(number(args, 10), x, v128.load(g));
  const first = alive(fma(number(args, 5), d, f32x4.mul(number(args, 4), v128.load(m))));
  const second = alive(fma(f32x4.mul(number(args, 7), d), d, f32x4.mul(number(args, 6), v128.load(v))));
  v128.store(m, first);
  v128.store(v, second);
  const under = fma(f32x4.sqrt(second), number(args, 8), number(args, 9));
  // Where the squares have died away and there is no epsilon, there is no step.
  const step = v128.and(f32x4.div(first, under), f32x4.ne(under, f32x4.splat(0)));
  v128.store(p, fnma(number(args, 3), step, f32x4.mul(x, number(args, 11))));
}

// Numbers: 3 lr, 4 momentum, 5 1 − dampening, 6 weight decay, 7 Nesterov's share of the momentum. Without a momentum
// buffer m is 0; in the first step the buffer's content counts 0 times.
@inline
function sgd4(args: usize, p: usize, g: usize, m: usize): void {
  const x = v128.load(p);
  let d = fma(number(args, 6), x, v128.load(g));
  if (m != 0) {
    const velocity = alive(fma(number(args, 5), d, f32x4.mul(number(args, 4), v128.load(m))));
    v128.store(m, velocity);
    d = fma(number(args, 7), velocity, f32x4.mul(number(args, 8), d));
  }
  v128.store(p, fnma(number(args, 3), d, x));
}

// Numbers: 3 lr, 4 β₁, 5 1 − β₁, 6 β₂, 7 1 − β₂, 8 factor that the weights shrink by.
@inline
function lion4(args: usize, p: usize, g: usize, m: usize): void {
  const d = v128.load(g);
  const momentum = v128.load(m);
  const update = fma(number(args, 5), d, f32x4.mul(number(args, 4), momentum));
  const zero = f32x4.splat(0);
  const up = v128.and(f32x4.gt(update, zero), f32x4.splat(1));
  const down = v128.and(f32x4.lt(update, zero), f32x4.splat(-1));
  const isNaN = f32x4.ne(update, update);
  const sign = v128.bitselect(update, v128.or(up, down), isNaN);
  v128.store(p, fnma(number(args, 3), sign, f32x4.mul(v128.load(p), number(args, 8))));
  v128.store(m, alive(fma(number(args, 7), d, f32x4.mul(number(args, 6), momentum))));
}

@inline
function four(kind: i32, args: usize, p: usize, g: usize, m: usize, v: usize): void {
  if (kind == ADAM) adam4(args, p, g, m, v);
  else if (kind == SGD) sgd4(args, p, g, m);
  else if (kind == LION) lion4(args, p, g, m);
  else if (kind == SCALE) v128.store(p, f32x4.mul(v128.load(p), v128.load32_splat(<usize>slot(args, 3))));
  else v128.store(p, f32x4.min(f32x4.max(v128.load(p), f32x4.neg(number(args, 3))), number(args, 3)));
}

@inline
function moved(address: usize, by: usize): usize {
  return address == 0 ? 0 : address + by;
}

// All chunks in [from, to) of the entries that they belong to.
@inline
function walk(kind: i32, args: usize, from: i32, to: i32): void {
  const chunk = slot(args, 1);
  for (let unit = from; unit < to; unit++) {
    const entry = entryOf(args, unit);
    let i = (unit - load<i32>(entry)) * chunk;
    const end = min(load<i32>(entry, 4), i + chunk);
    const at = <usize>i << 2;
    let p = load<usize>(entry, 8) + at;
    let g = moved(load<usize>(entry, 12), at);
    let m = moved(load<usize>(entry, 16), at);
    let v = moved(load<usize>(entry, 20), at);
    for (; i + 4 <= end; i += 4) {
      four(kind, args, p, g, m, v);
      p += 16;
      g += 16;
      m = moved(m, 16);
      v += 16;
    }
    if (i < end) {
      // The rest goes through four lanes of scratch memory.
      const bytes = <usize>(end - i) << 2;
      const s = scratch();
      memory.fill(s, 0, 64);
      memory.copy(s, p, bytes);
      if (kind <= LION) memory.copy(s + 16, g, bytes);
      if (kind <= LION && m != 0) memory.copy(s + 32, m, bytes);
      if (kind == ADAM) memory.copy(s + 48, v, bytes);
      four(kind, args, s, s + 16, kind == SGD && m == 0 ? 0 : s + 32, s + 48);
      memory.copy(p, s, bytes);
      if (kind <= LION && m != 0) memory.copy(m, s + 32, bytes);
      if (kind == ADAM) memory.copy(v, s + 48, bytes);
    }
  }
}

// The last entry whose first unit is not behind `unit`.
function entryOf(args: usize, unit: i32): usize {
  const table = <usize>slot(args, 2);
  let low = 0;
  let high = slot(args, 0) - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (load<i32>(table + <usize>middle * ENTRY) <= unit) low = middle;
    else high = middle - 1;
  }
  return table + <usize>low * ENTRY;
}

export function adam(args: usize, from: i32, to: i32): void {
  walk(ADAM, args, from, to);
}

export function sgd(args: usize, from: i32, to: i32): void {
  walk(SGD, args, from, to);
}

export function lion(args: usize, from: i32, to: i32): void {
  walk(LION, args, from, to);
}

/** Slot 3 is the address of the factor. */
export function scaleInPlace(args: usize, from: i32, to: i32): void {
  walk(SCALE, args, from, to);
}

/** Number 3 is the limit. */
export function clampInPlace(args: usize, from: i32, to: i32): void {
  walk(CLAMP, args, from, to);
}

/** The sum of squares of each chunk, in float64. Slot 3 is where they go, for `reduceFinish`. */
export function sumSquares(args: usize, from: i32, to: i32): void {
  const chunk = slot(args, 1);
  for (let unit = from; unit < to; unit++) {
    const entry = entryOf(args, unit);
    let i = (unit - load<i32>(entry)) * chunk;
    const end = min(load<i32>(entry, 4), i + chunk);
    let x = load<usize>(entry, 8) + (<usize>i << 2);
    let total: f64 = 0;
    for (; i + 64 <= end; i += 64) {
      total += <f64>squares64(x);
      x += 256;
    }
    for (; i < end; i++) {
      const value = <f64>load<f32>(x);
      total += value * value;
      x += 4;
    }
    store<f64>(<usize>slot(args, 3) + (<usize>unit << 3), total);
  }
}

@inline
function squares64(x: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  for (let at: usize = 0; at < 256; at += 32) {
    const a = v128.load(x + at);
    const b = v128.load(x + at, 16);
    s0 = fma(a, a, s0);
    s1 = fma(b, b, s1);
  }
  return sumLanes(f32x4.add(s0, s1));
}
