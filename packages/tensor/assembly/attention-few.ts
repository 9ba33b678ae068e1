// Attention of few queries (a step of generation): keys and values are read once, where they lie. Packing them into
// tiles would cost more than the products.
import {
  DIM, GROUPS, HEADS, K, K_STRIDES, KEYS, Q, QUERIES, Q_STRIDES, SCALE, V, VALUE_DIM, V_STRIDES, firstKey, lastKey, place, stage,
} from './attention-tile';
import { finish, weigh } from './attention-weigh';
import { scratch } from './engine';
import { floatSlot, fma, slot, sumLanes } from './simd';

/** Keys that are weighed at once: a multiple of 8, and the random bits of as many fit the scratch memory. */
const TILE: i32 = 96;

/**
 * Units are heads, batch by batch. Keys and values are dense along a head, whose lengths are multiples of 4.
 * Slots: see attention-tile.ts.
 */
export function attentionFew(args: usize, from: i32, to: i32): void {
  for (let head = from; head < to; head++) {
    for (let i = 0; i < slot(args, QUERIES); i++) oneQuery(args, head, i);
  }
}

function oneQuery(args: usize, head: i32, i: i32): void {
  const heads = slot(args, HEADS);
  const groups = slot(args, GROUPS);
  const group = head / (heads / groups);
  const dim = slot(args, DIM);
  const valueDim = slot(args, VALUE_DIM);
  // Scratch memory.
  const top = scratch();
  const sum = top + 4;
  const bits = top + 64;
  const scores = bits + 512;
  const q = scores + <usize>TILE * 4;
  const o = q + (<usize>dim << 2);
  store<f32>(top, -Infinity);
  store<f32>(sum, 0);
  memory.fill(o, 0, <usize>valueDim << 2);
  const qs = args + (<usize>Q_STRIDES << 2);
  const ks = args + (<usize>K_STRIDES << 2);
  const vs = args + (<usize>V_STRIDES << 2);
  const fromQ = place(args, Q, Q_STRIDES, head, heads, i);
  const fromK = place(args, K, K_STRIDES, group, groups, 0);
  const fromV = place(args, V, V_STRIDES, group, groups, 0);
  stage(fromQ, 0, load<usize>(qs, 12), 1, dim, dim, floatSlot(args, SCALE), q);
  const end = min(slot(args, KEYS), lastKey(args, i));
  for (let j = firstKey(args, i); j < end; j += TILE) {
    const count = min(TILE, end - j);
    dots(q, fromK + <usize>j * load<usize>(ks, 8), load<usize>(ks, 8), count, dim, scores);
    weigh(args, head, i, j, count, scores, top, sum, o, valueDim, bits);
    addValues(scores, fromV + <usize>j * load<usize>(vs, 8), load<usize>(vs, 8), count, valueDim, o);
  }
  finish(args, head, i, 1, o, valueDim, top, sum);
}

// Products of one query with `count` keys, `step` bytes apart, four at once.
function dots(q: usize, k: usize, step: usize, count: i32, dim: i32, to: usize): void {
  const bytes = <usize>dim << 2;
  for (let j = 0; j < count; j += 4) {
    const left = count - j;
    const k1 = left > 1 ? k + step : k;
    const k2 = left > 2 ? k1 + step : k;
    const k3 = left > 3 ? k2 + step : k;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      const x = v128.load(q + at);
      s0 = fma(x, v128.load(k + at), s0);
      s1 = fma(x, v128.load(k1 + at), s1);
      s2 = fma(x, v128.load(k2 + at), s2);
      s3 = fma(x, v128.load(k3 + at), s3);
    }
    store<f32>(to, sumLanes(s0));
    store<f32>(to, sumLanes(s1), 4);
    store<f32>(to, sumLanes(s2), 8);
    store<f32>(to, sumLanes(s3), 12);
    to += 16;
    k += step << 2;
  }
}

// o += Σ weights · values, sixteen columns at once.
function addValues(weights: usize, v: usize, step: usize, count: i32, dim: i32, o: usize): void {
  let c = 0;
  for (; c + 16 <= dim; c += 16) {
    const to = o + (<usize>c << 2);
    let at = v + (<usize>c << 2);
    let s0 = v128.load(to);
    let s1 = v128.load(to, 16);
    let s2 = v128.load(to, 32);
    let s3 = v128.load(to, 48);
    for (let j = 0; j < count; j++) {
      const w = v128.load32_splat(weights + (<usize>j << 2));
      s0 = fma(w, v128.load(at), s0);
      s1 = fma(w, v128.load(at, 16), s1);
      s2 = fma(w, v128.load(at, 32), s2);
      s3 = fma(w, v128.load(at, 48), s3);
      at += step;
    }
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; c < dim; c += 4) {
    const to = o + (<usize>c << 2);
    let at = v + (<usize>c << 2);
    let s = v128.load(to);
    for (let j = 0; j < count; j++) {
      s = fma(v128.load32_splat(weights + (<usize>j << 2)), v128.load(at), s);
      at += step;
    }
    v128.store(to, s);
  }
}
