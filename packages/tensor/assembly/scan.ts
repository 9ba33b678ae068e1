// Kernels that walk lines along an axis in order: running sums, the place of the greatest, sorting.
import { slot } from './simd';

// Slots of cumsum and argmax: 0 x (dense), 1 out, 2 length of a line, 3 elements behind the axis, 4 whether int32;
// 74 becomes 1 where a running sum fits no int32.
const TOO_GREAT: usize = 74;

/** Running sums, in float64 before they are rounded. Units are lines. */
export function cumsum(args: usize, from: i32, to: i32): void {
  const length = slot(args, 2);
  const inner = slot(args, 3);
  const step = <usize>inner << 2;
  for (let line = from; line < to; line++) {
    let at = <usize>((line / inner) * length * inner + (line % inner)) << 2;
    let total: f64 = 0;
    let whole: i64 = 0;
    for (let i = 0; i < length; i++) {
      const x = <usize>slot(args, 0) + at;
      const y = <usize>slot(args, 1) + at;
      if (slot(args, 4) != 0) {
        whole += <i64>load<i32>(x);
        if (whole != <i64>(<i32>whole)) store<i32>(args + (TOO_GREAT << 2), 1);
        store<i32>(y, <i32>whole);
      } else {
        total += <f64>load<f32>(x);
        store<f32>(y, <f32>total);
      }
      at += step;
    }
  }
}

/** The place of the greatest of each line, the first of equals; of the first NaN where there is one. Units are lines. */
export function argmax(args: usize, from: i32, to: i32): void {
  const length = slot(args, 2);
  const inner = slot(args, 3);
  const whole = slot(args, 4) != 0;
  for (let line = from; line < to; line++) {
    let x = <usize>slot(args, 0) + (<usize>((line / inner) * length * inner + (line % inner)) << 2);
    let best = i32.MIN_VALUE;
    let place = 0;
    for (let i = 0; i < length; i++) {
      const key = whole ? load<i32>(x) : orderOf(load<f32>(x));
      if (key > best) {
        best = key;
        place = i;
      }
      x += <usize>inner << 2;
    }
    store<i32>(<usize>slot(args, 1) + (<usize>line << 2), place);
  }
}

// An integer that orders as the float does: −0 like 0, NaN after Infinity.
@inline
function orderOf(x: f32): i32 {
  if (x != x) return i32.MAX_VALUE;
  const bits = reinterpret<i32>(x + 0); // −0 + 0 = 0
  return bits < 0 ? bits ^ i32.MAX_VALUE : bits;
}

/**
 * The order that sorts each line, equal elements staying in theirs: a merge sort of integers. Units are lines.
 * Slots as above, and 5 whether descending, 6 room for three lines a unit.
 */
export function argsort(args: usize, from: i32, to: i32): void {
  const length = slot(args, 2);
  const inner = slot(args, 3);
  const whole = slot(args, 4) != 0;
  const flip = slot(args, 5) != 0 ? -1 : 0; // ~key orders the other way round
  const bytes = <usize>length << 2;
  const step = <usize>inner << 2;
  for (let line = from; line < to; line++) {
    const at = <usize>((line / inner) * length * inner + (line % inner)) << 2;
    const keys = <usize>slot(args, 6) + <usize>line * bytes * 3;
    let order = keys + bytes;
    let spare = order + bytes;
    let x = <usize>slot(args, 0) + at;
    for (let i = 0; i < length; i++) {
      store<i32>(keys + (<usize>i << 2), (whole ? load<i32>(x) : orderOf(load<f32>(x))) ^ flip);
      x += step;
    }
    sortRuns(keys, order, length);
    for (let run = RUN; run < length; run <<= 1) {
      for (let i = 0; i < length; i += run << 1) {
        merge(keys, order, spare, i, min(i + run, length), min(i + (run << 1), length));
      }
      const held = order;
      order = spare;
      spare = held;
    }
    let y = <usize>slot(args, 1) + at;
    for (let i = 0; i < length; i++) {
      store<i32>(y, load<i32>(order + (<usize>i << 2)));
      y += step;
    }
  }
}

const RUN: i32 = 16;

@inline
function keyOf(keys: usize, index: i32): i32 {
  return load<i32>(keys + (<usize>index << 2));
}

// Runs of 16 by insertion.
function sortRuns(keys: usize, order: usize, length: i32): void {
  for (let start = 0; start < length; start += RUN) {
    const end = min(length, start + RUN);
    for (let i = start; i < end; i++) {
      const key = keyOf(keys, i);
      let j = i;
      for (; j > start; j--) {
        const before = load<i32>(order + (<usize>(j - 1) << 2));
        if (keyOf(keys, before) <= key) break;
        store<i32>(order + (<usize>j << 2), before);
      }
      store<i32>(order + (<usize>j << 2), i);
    }
  }
}

function merge(keys: usize, order: usize, to: usize, start: i32, middle: i32, end: i32): void {
  let i = start;
  let j = middle;
  for (let k = start; k < end; k++) {
    let takeLeft = j == end;
    if (!takeLeft && i < middle) {
      takeLeft = keyOf(keys, load<i32>(order + (<usize>i << 2))) <= keyOf(keys, load<i32>(order + (<usize>j << 2)));
    }
    const from = takeLeft ? i++ : j++;
    store<i32>(to + (<usize>k << 2), load<i32>(order + (<usize>from << 2)));
  }
}
