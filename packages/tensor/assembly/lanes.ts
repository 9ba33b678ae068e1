// Rows whose length is no multiple of four: vectors with fewer than four lanes in use, and what softmaxes ask of rows.
// Not a kernel file.
import { expNegative4 } from './math';
import { sumLanes } from './simd';

/** The first `count` floats (1 to 3) at an address, and `rest` in the other lanes. */
@inline
export function loadTail(at: usize, count: i32, rest: f32): v128 {
  let v = v128.load_lane<f32>(at, f32x4.splat(rest), 0);
  if (count > 1) v = v128.load_lane<f32>(at + 4, v, 1);
  if (count > 2) v = v128.load_lane<f32>(at + 8, v, 2);
  return v;
}

/** Writes the first `count` lanes (1 to 3). */
@inline
export function storeTail(at: usize, v: v128, count: i32): void {
  v128.store_lane<f32>(at, v, 0);
  if (count > 1) v128.store_lane<f32>(at + 4, v, 1);
  if (count > 2) v128.store_lane<f32>(at + 8, v, 2);
}

/** All bits in the first `count` lanes, none in the others. */
@inline
export function tailMask(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** The greatest of `count` floats, leaving NaN out. */
@inline
export function maxOf(x: usize, count: i32): f32 {
  let a = f32x4.splat(-Infinity);
  let b = a;
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    a = f32x4.pmax(a, v128.load(x));
    b = f32x4.pmax(b, v128.load(x, 16));
    x += 32;
  }
  if (i + 4 <= count) {
    a = f32x4.pmax(a, v128.load(x));
    x += 16;
    i += 4;
  }
  if (i < count) b = f32x4.pmax(b, loadTail(x, count - i, -Infinity));
  a = f32x4.pmax(a, b);
  a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1));
}

/** The sum of e^(x − top) over a row. */
@inline
export function sumOfExponentials(x: usize, columns: i32, top: v128): f32 {
  let sum = f32x4.splat(0);
  let other = f32x4.splat(0);
  let at: usize = 0;
  const whole = <usize>(columns & ~3) << 2;
  for (; at + 32 <= whole; at += 32) {
    sum = f32x4.add(sum, expNegative4(f32x4.sub(v128.load(x + at), top)));
    other = f32x4.add(other, expNegative4(f32x4.sub(v128.load(x + at, 16), top)));
  }
  for (; at < whole; at += 16) sum = f32x4.add(sum, expNegative4(f32x4.sub(v128.load(x + at), top)));
  if (columns & 3) other = f32x4.add(other, expNegative4(f32x4.sub(loadTail(x + at, columns & 3, -Infinity), top)));
  return sumLanes(f32x4.add(sum, other));
}
