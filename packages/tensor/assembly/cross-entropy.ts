// Cross-entropy of rows of logits against class indices. Two numbers a row are kept for the backward pass, which writes
// the gradient in one go: there is never a second [rows × classes] buffer. Their sum alone, log Σ eˣ, would lose the digits
// that great logits leave no room for.
import { loadTail, maxOf, storeTail, sumOfExponentials } from './lanes';
import { expWeight4, log4 } from './math';
import { floatSlot, fma, fnma, slot, sumLanes } from './simd';

// Where a target outside the classes is reported, as in indexing.ts.
const BAD: usize = 60 * 4;

// Slots of both kernels: 0 logits, 1 targets, 2 class weights or 0, 3 losses or gradient, 4 greatest logits and the log-sums
// of exponentials above them (or 0), 5 weights of rows, 6 rows, 7 classes, 8 rows a unit, 9 ignored target, 10 label smoothing, 11 bytes between rows.

/** Losses, what the gradient needs, and weights of rows. Units are groups of rows. */
export function crossEntropy(args: usize, from: i32, to: i32): void {
  const classes = slot(args, 7);
  const smoothing = floatSlot(args, 10);
  const weight = <usize>slot(args, 2);
  const end = min(slot(args, 6), to * slot(args, 8));
  for (let row = from * slot(args, 8); row < end; row++) {
    const at = <usize>row << 2;
    const target = load<i32>(<usize>slot(args, 1) + at);
    let loss: f32 = 0;
    let top: f32 = 0;
    let above: f32 = 0;
    let own: f32 = 0;
    if (target != slot(args, 9)) {
      if (<u32>target >= <u32>classes) {
        store<i32>(args, target, BAD + 4);
        store<i32>(args, 1, BAD);
        continue;
      }
      const x = <usize>slot(args, 0) + <usize>row * <usize>slot(args, 11);
      top = maxOf(x, classes);
      above = f32x4.extract_lane(log4(f32x4.splat(sumOfExponentials(x, classes, f32x4.splat(top)))), 0);
      own = weight == 0 ? 1 : load<f32>(weight + (<usize>target << 2));
      loss = (1 - smoothing) * own * (top - load<f32>(x + (<usize>target << 2)) + above);
      if (smoothing > 0) loss += (smoothing / <f32>classes) * spread(x, weight, classes, top, above);
    }
    store<f32>(<usize>slot(args, 3) + at, loss);
    store<f32>(<usize>slot(args, 5) + at, own);
    if (slot(args, 4) != 0) {
      store<f32>(<usize>slot(args, 4) + 2 * at, top);
      store<f32>(<usize>slot(args, 4) + 2 * at, above, 4);
    }
  }
}

// Σ w (logSum − x) over all classes.
function spread(x: usize, weight: usize, classes: i32, top: f32, above: f32): f32 {
  const t = f32x4.splat(top);
  const one = f32x4.splat(1);
  let sum = f32x4.splat(0);
  let weights = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= classes; i += 4) {
    const at = <usize>i << 2;
    const w = weight == 0 ? one : v128.load(weight + at);
    sum = fma(w, f32x4.sub(t, v128.load(x + at)), sum);
    weights = f32x4.add(weights, w);
  }
  if (i < classes) {
    const at = <usize>i << 2;
    const w = weight == 0 ? f32x4.splat(0) : loadTail(weight + at, classes - i, 0);
    sum = fma(weight == 0 ? one : w, f32x4.sub(t, loadTail(x + at, classes - i, top)), sum);
    weights = f32x4.add(weights, w);
  }
  const total = weight == 0 ? <f32>classes : sumLanes(weights);
  return sumLanes(sum) + total * above;
}

/**
 * The losses of rows as one number, in float64. One unit.
 * Slots: 0 losses, 1 weights of rows, 2 rows, 3 where the result goes, 4 where the divisor goes or 0, 5 whether to divide.
 */
export function crossEntropyTotal(args: usize, from: i32, to: i32): void {
  if (from != 0) return;
  const rows = slot(args, 2);
  let loss: f64 = 0;
  let weight: f64 = 0;
  for (let row = 0; row < rows; row++) {
    loss += <f64>load<f32>(<usize>slot(args, 0) + (<usize>row << 2));
    weight += <f64>load<f32>(<usize>slot(args, 1) + (<usize>row << 2));
  }
  const divisor = slot(args, 5) != 0 ? weight : 1;
  store<f32>(<usize>slot(args, 3), <f32>(loss / divisor));
  if (slot(args, 4) != 0) store<f32>(<usize>slot(args, 4), <f32>divisor);
}

/**
 * g · (p (A) − ε/C w − [k = target] (1 − ε) w_target) with A = (1 − ε) w_target + ε/C Σ w. Units are groups of rows.
 * Further slots: 12 g, 13 bytes between its elements, 14 the divisor or 0.
 */
export function crossEntropyGrad(args: usize, from: i32, to: i32): void {
  const classes = slot(args, 7);
  const bytes = <usize>classes << 2;
  const weight = <usize>slot(args, 2);
  const smoothing = floatSlot(args, 10);
  const share = smoothing / <f32>classes;
  const divisor: f32 = slot(args, 14) == 0 ? 1 : load<f32>(<usize>slot(args, 14));
  const weights: f32 = share == 0 ? 0 : totalWeight(weight, classes);
  const end = min(slot(args, 6), to * slot(args, 8));
  for (let row = from * slot(args, 8); row < end; row++) {
    const out = <usize>slot(args, 3) + <usize>row * bytes;
    const target = load<i32>(<usize>slot(args, 1) + (<usize>row << 2));
    if (target == slot(args, 9)) {
      memory.fill(out, 0, bytes);
      continue;
    }
    const x = <usize>slot(args, 0) + <usize>row * <usize>slot(args, 11);
    const g = load<f32>(<usize>slot(args, 12) + <usize>row * <usize>slot(args, 13)) / divisor;
    const own: f32 = (1 - smoothing) * (weight == 0 ? 1 : load<f32>(weight + (<usize>target << 2)));
    const kept = <usize>slot(args, 4) + (<usize>row << 3);
    const top = v128.load32_splat(kept);
    const above = v128.load32_splat(kept, 4);
    const factor = f32x4.splat(g * (own + share * weights));
    const even = f32x4.splat(g * share);
    let i = 0;
    if (share == 0) {
      for (; i + 4 <= classes; i += 4) {
        const at = <usize>i << 2;
        v128.store(out + at, f32x4.mul(share4(v128.load(x + at), top, above), factor));
      }
    } else {
      for (; i + 4 <= classes; i += 4) {
        const at = <usize>i << 2;
        const p = f32x4.mul(share4(v128.load(x + at), top, above), factor);
        v128.store(out + at, weight == 0 ? f32x4.sub(p, even) : fnma(even, v128.load(weight + at), p));
      }
    }
    if (i < classes) {
      const at = <usize>i << 2;
      const w = weight == 0 ? f32x4.splat(1) : loadTail(weight + at, classes - i, 0);
      const p = f32x4.mul(share4(loadTail(x + at, classes - i, 0), top, above), factor);
      storeTail(out + at, fnma(even, w, p), classes - i);
    }
    const hit = out + (<usize>target << 2);
    store<f32>(hit, load<f32>(hit) - g * own);
  }
}

// A class's probability.
@inline
function share4(x: v128, top: v128, above: v128): v128 {
  return expWeight4(f32x4.sub(f32x4.sub(x, top), above));
}

function totalWeight(weight: usize, classes: i32): f32 {
  if (weight == 0) return <f32>classes;
  let total: f64 = 0;
  for (let i = 0; i < classes; i++) total += <f64>load<f32>(weight + (<usize>i << 2));
  return <f32>total;
}

/**
 * The gradient of the class weights. One unit: hardly anyone wants it. Slots as above, with 3 for [classes]; g is read by
 * row where its elements lie apart, and once for all where the divisor or a plain sum made one number of the losses.
 */
export function crossEntropyWeightGrad(args: usize, from: i32, to: i32): void {
  if (from != 0) return;
  const rows = slot(args, 6);
  const classes = slot(args, 7);
  const smoothing = floatSlot(args, 10);
  const share = smoothing / <f32>classes;
  const targets = <usize>slot(args, 1);
  const out = <usize>slot(args, 3);
  const divisor = <usize>slot(args, 14);
  memory.fill(out, 0, <usize>classes << 2);
  // What each weight is multiplied with in the losses.
  for (let row = 0; row < rows; row++) {
    const target = load<i32>(targets + (<usize>row << 2));
    if (target == slot(args, 9)) continue;
    const x = <usize>slot(args, 0) + <usize>row * <usize>slot(args, 11);
    const g = load<f32>(<usize>slot(args, 12) + <usize>row * <usize>slot(args, 13));
    const kept = <usize>slot(args, 4) + (<usize>row << 3);
    const top = load<f32>(kept);
    const above = load<f32>(kept, 4);
    for (let c = 0; share > 0 && c < classes; c++) {
      addTo(out, c, g * share * (top - load<f32>(x + (<usize>c << 2)) + above));
    }
    addTo(out, target, g * (1 - smoothing) * (top - load<f32>(x + (<usize>target << 2)) + above));
  }
  if (divisor == 0) return;
  // The weights of the targets are also what the mean divides by.
  const weight = <usize>slot(args, 2);
  const total = load<f32>(divisor);
  let loss: f32 = 0;
  for (let c = 0; c < classes; c++) loss += load<f32>(weight + (<usize>c << 2)) * load<f32>(out + (<usize>c << 2));
  for (let row = 0; row < rows; row++) {
    const target = load<i32>(targets + (<usize>row << 2));
    if (target != slot(args, 9)) addTo(out, target, -loss / total);
  }
  for (let c = 0; c < classes; c++) {
    const at = out + (<usize>c << 2);
    store<f32>(at, load<f32>(at) / total);
  }
}

@inline
function addTo(out: usize, c: i32, value: f32): void {
  const at = out + (<usize>c << 2);
  store<f32>(at, load<f32>(at) + value);
}
