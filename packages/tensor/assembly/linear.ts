// What a linear layer's backward pass does beside its two matrix products. The products are matmul.ts's.
import { GELU, GELU_TANH, RELU, SILU, slope4 } from './activation';
import { slot } from './simd';

/**
 * Sums over the rows of dense matrices, column by column (the gradient of a bias). Rows are summed in groups of 64, and
 * the groups' sums then, so that rounding grows slowly. Units are groups of 16 columns.
 * Slots: 0 x [M, N], 1 out [N], 2 M, 3 N.
 */
export function columnSums(args: usize, from: i32, to: i32): void {
  const x = <usize>slot(args, 0);
  const out = <usize>slot(args, 1);
  const M = slot(args, 2);
  const N = slot(args, 3);
  const step = <usize>N << 2;
  for (let unit = from; unit < to; unit++) {
    const end = min(N, (unit + 1) << 4);
    let n = unit << 4;
    for (; n + 16 <= end; n += 16) {
      let t0 = f32x4.splat(0);
      let t1 = f32x4.splat(0);
      let t2 = f32x4.splat(0);
      let t3 = f32x4.splat(0);
      let at = x + (<usize>n << 2);
      for (let m = 0; m < M; ) {
        const stop = min(M, m + 64);
        let s0 = f32x4.splat(0);
        let s1 = f32x4.splat(0);
        let s2 = f32x4.splat(0);
        let s3 = f32x4.splat(0);
        for (; m < stop; m++) {
          s0 = f32x4.add(s0, v128.load(at));
          s1 = f32x4.add(s1, v128.load(at, 16));
          s2 = f32x4.add(s2, v128.load(at, 32));
          s3 = f32x4.add(s3, v128.load(at, 48));
          at += step;
        }
        t0 = f32x4.add(t0, s0);
        t1 = f32x4.add(t1, s1);
        t2 = f32x4.add(t2, s2);
        t3 = f32x4.add(t3, s3);
      }
      const to = out + (<usize>n << 2);
      v128.store(to, t0);
      v128.store(to, t1, 16);
      v128.store(to, t2, 32);
      v128.store(to, t3, 48);
    }
    for (; n < end; n++) {
      let total: f32 = 0;
      let at = x + (<usize>n << 2);
      for (let m = 0; m < M; ) {
        const stop = min(M, m + 64);
        let sum: f32 = 0;
        for (; m < stop; m++) {
          sum += load<f32>(at);
          at += step;
        }
        total += sum;
      }
      store<f32>(out + (<usize>n << 2), total);
    }
  }
}

/**
 * The gradient before a layer's activation: g · slope(pre), or a dense copy of g where there is no activation.
 * Units are rows. Slots: 0 g, 1 pre [M, N] or 0, 2 out [M, N], 3 M, 4 N, 5 row stride of g, 6 column stride of g (bytes),
 * 7 activation.
 */
export function activationGrad(args: usize, from: i32, to: i32): void {
  const activation = slot(args, 7);
  if (activation == 0) gradRows(args, from, to, 0);
  else if (activation == GELU) gradRows(args, from, to, GELU);
  else if (activation == RELU) gradRows(args, from, to, RELU);
  else if (activation == GELU_TANH) gradRows(args, from, to, GELU_TANH);
  else if (activation == SILU) gradRows(args, from, to, SILU);
}

@inline
function gradRows(args: usize, from: i32, to: i32, activation: i32): void {
  const N = slot(args, 4);
  const rs = <usize>slot(args, 5);
  const cs = <usize>slot(args, 6);
  for (let row = from; row < to; row++) {
    let g = <usize>slot(args, 0) + <usize>row * rs;
    const before = <usize>(row * N) << 2;
    let pre = <usize>slot(args, 1) + before;
    let out = <usize>slot(args, 2) + before;
    let n = 0;
    if (cs == 4) {
      for (; n + 4 <= N; n += 4) {
        let v = v128.load(g);
        if (activation != 0) v = f32x4.mul(v, slope4(v128.load(pre), activation));
        v128.store(out, v);
        g += 16;
        pre += 16;
        out += 16;
      }
    }
    for (; n < N; n++) {
      let v = v128.load32_splat(g);
      if (activation != 0) v = f32x4.mul(v, slope4(v128.load32_splat(pre), activation));
      store<f32>(out, f32x4.extract_lane(v, 0));
      g += cs;
      pre += 4;
      out += 4;
    }
  }
}
