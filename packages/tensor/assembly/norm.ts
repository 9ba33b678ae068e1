// layerNorm and rmsNorm of dense rows, forward and backward. The gradients of weight and bias are summed by unit, and
// the units' sums by `columnSums`, in order.
import { loadTail, storeTail } from './lanes';
import { fma, fnma, slot, floatSlot, sumLanes } from './simd';

/**
 * Units are groups of rows.
 * Slots: 0 x, 1 weight or 0, 2 bias or 0, 3 out, 4 and 5 where each row's mean and 1/deviation go, or 0, 6 rows,
 * 7 columns, 8 rows a unit, 9 epsilon, 10 whether the mean is taken off (layerNorm).
 */
export function norm(args: usize, from: i32, to: i32): void {
  const weight = <usize>slot(args, 1);
  const bias = <usize>slot(args, 2);
  const columns = slot(args, 7);
  const bytes = <usize>columns << 2;
  const whole = <usize>(columns & ~3) << 2;
  const rest = columns & 3;
  const centered = slot(args, 10) != 0;
  const end = min(slot(args, 6), to * slot(args, 8));
  for (let row = from * slot(args, 8); row < end; row++) {
    const x = <usize>slot(args, 0) + <usize>row * bytes;
    const y = <usize>slot(args, 3) + <usize>row * bytes;
    const mean: f32 = centered ? sumOf(x, whole, rest) / <f32>columns : 0;
    const m = f32x4.splat(mean);
    const scale: f32 = 1 / Mathf.sqrt(squaresOf(x, whole, rest, m) / <f32>columns + floatSlot(args, 9));
    const s = f32x4.splat(scale);
    let at: usize = 0;
    if (weight != 0 && bias != 0) {
      for (; at < whole; at += 16) {
        const normal = f32x4.mul(f32x4.sub(v128.load(x + at), m), s);
        v128.store(y + at, fma(normal, v128.load(weight + at), v128.load(bias + at)));
      }
    } else {
      for (; at < whole; at += 16) {
        const normal = f32x4.mul(f32x4.sub(v128.load(x + at), m), s);
        v128.store(y + at, weight == 0 ? normal : f32x4.mul(normal, v128.load(weight + at)));
      }
    }
    if (rest > 0) {
      let value = f32x4.mul(f32x4.sub(loadTail(x + at, rest, 0), m), s);
      if (weight != 0) value = f32x4.mul(value, loadTail(weight + at, rest, 0));
      if (bias != 0) value = f32x4.add(value, loadTail(bias + at, rest, 0));
      storeTail(y + at, value, rest);
    }
    if (slot(args, 5) != 0) {
      if (centered) store<f32>(<usize>slot(args, 4) + (<usize>row << 2), mean);
      store<f32>(<usize>slot(args, 5) + (<usize>row << 2), scale);
    }
  }
}

@inline
function sumOf(x: usize, whole: usize, rest: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 32 <= whole; at += 32) {
    a = f32x4.add(a, v128.load(x + at));
    b = f32x4.add(b, v128.load(x + at, 16));
  }
  if (at < whole) a = f32x4.add(a, v128.load(x + at));
  if (rest > 0) b = f32x4.add(b, loadTail(x + whole, rest, 0));
  return sumLanes(f32x4.add(a, b));
}

@inline
function squaresOf(x: usize, whole: usize, rest: i32, mean: v128): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 32 <= whole; at += 32) {
    const d = f32x4.sub(v128.load(x + at), mean);
    const e = f32x4.sub(v128.load(x + at, 16), mean);
    a = fma(d, d, a);
    b = fma(e, e, b);
  }
  if (at < whole) {
    const d = f32x4.sub(v128.load(x + at), mean);
    a = fma(d, d, a);
  }
  if (rest > 0) {
    const d = f32x4.sub(loadTail(x + whole, rest, f32x4.extract_lane(mean, 0)), mean);
    b = fma(d, d, b);
  }
  return sumLanes(f32x4.add(a, b));
}

/**
 * dx = (g w − mean(g w) − x̂ mean(g w x̂)) / deviation, and by unit the sums of g x̂ and of g. Units are groups of rows.
 * Slots: 0 x, 1 weight or 0, 2 g, 3 dx or 0, 4 means (layerNorm), 5 1/deviations, 6 rows, 7 columns, 8 rows a unit,
 * 9 sums for the weight [units, columns] or 0, 10 whether the mean was taken off, 11 sums for the bias or 0.
 */
export function normGrad(args: usize, from: i32, to: i32): void {
  const columns = slot(args, 7);
  const bytes = <usize>columns << 2;
  for (let unit = from; unit < to; unit++) {
    const weightSums = slot(args, 9) == 0 ? 0 : <usize>slot(args, 9) + <usize>unit * bytes;
    const biasSums = slot(args, 11) == 0 ? 0 : <usize>slot(args, 11) + <usize>unit * bytes;
    if (weightSums != 0) memory.fill(weightSums, 0, bytes);
    if (biasSums != 0) memory.fill(biasSums, 0, bytes);
    const end = min(slot(args, 6), (unit + 1) * slot(args, 8));
    for (let row = unit * slot(args, 8); row < end; row++) gradOfRow(args, row, columns, weightSums, biasSums);
  }
}

@inline
function gradOfRow(args: usize, row: i32, columns: i32, weightSums: usize, biasSums: usize): void {
  const bytes = <usize>columns << 2;
  const whole = <usize>(columns & ~3) << 2;
  const rest = columns & 3;
  const weight = <usize>slot(args, 1);
  const x = <usize>slot(args, 0) + <usize>row * bytes;
  const g = <usize>slot(args, 2) + <usize>row * bytes;
  const centered = slot(args, 10) != 0;
  const m = centered ? v128.load32_splat(<usize>slot(args, 4) + (<usize>row << 2)) : f32x4.splat(0);
  const s = v128.load32_splat(<usize>slot(args, 5) + (<usize>row << 2));
  let sum = f32x4.splat(0);
  let dot = f32x4.splat(0);
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const d = v128.load(g + at);
    const normal = f32x4.mul(f32x4.sub(v128.load(x + at), m), s);
    if (weightSums != 0) v128.store(weightSums + at, fma(d, normal, v128.load(weightSums + at)));
    if (biasSums != 0) v128.store(biasSums + at, f32x4.add(d, v128.load(biasSums + at)));
    const scaled = weight == 0 ? d : f32x4.mul(d, v128.load(weight + at));
    sum = f32x4.add(sum, scaled);
    dot = fma(scaled, normal, dot);
  }
  if (rest > 0) {
    const d = loadTail(g + at, rest, 0);
    const normal = f32x4.mul(f32x4.sub(loadTail(x + at, rest, 0), m), s);
    if (weightSums != 0) storeTail(weightSums + at, fma(d, normal, loadTail(weightSums + at, rest, 0)), rest);
    if (biasSums != 0) storeTail(biasSums + at, f32x4.add(d, loadTail(biasSums + at, rest, 0)), rest);
    const scaled = weight == 0 ? d : f32x4.mul(d, loadTail(weight + at, rest, 0));
    sum = f32x4.add(sum, scaled);
    dot = fma(scaled, normal, dot);
  }
  if (slot(args, 3) == 0) return;
  const out = <usize>slot(args, 3) + <usize>row * bytes;
  const meanOfG = f32x4.splat(centered ? sumLanes(sum) / <f32>columns : 0);
  const meanOfDot = f32x4.splat(sumLanes(dot) / <f32>columns);
  for (at = 0; at < whole; at += 16) {
    const d = v128.load(g + at);
    const scaled = weight == 0 ? d : f32x4.mul(d, v128.load(weight + at));
    const normal = f32x4.mul(f32x4.sub(v128.load(x + at), m), s);
    v128.store(out + at, f32x4.mul(fnma(normal, meanOfDot, f32x4.sub(scaled, meanOfG)), s));
  }
  if (rest > 0) {
    const d = loadTail(g + at, rest, 0);
    const scaled = weight == 0 ? d : f32x4.mul(d, loadTail(weight + at, rest, 0));
    const normal = f32x4.mul(f32x4.sub(loadTail(x + at, rest, 0), m), s);
    storeTail(out + at, f32x4.mul(fnma(normal, meanOfDot, f32x4.sub(scaled, meanOfG)), s), rest);
  }
}
