// Elementary functions on four floats at once, within a few units in the last place. Not a kernel file: those call it.
import { fma, fnma } from './simd';

/**
 * eˣ, within 2 ulp, subnormal results included (Cephes' expf). NaN stays NaN, overflow gives Infinity.
 */
@inline
export function exp4(x: v128): v128 {
  const magic = f32x4.splat(12582912); // 1.5 · 2²³: adding it rounds to an integer that the low bits hold
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-104)), f32x4.splat(89));
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), magic);
  const n = f32x4.sub(shifted, magic);
  let r = fnma(n, f32x4.splat(0.693359375), x);
  r = fnma(n, f32x4.splat(-2.12194440e-4), r);
  let p = fma(r, f32x4.splat(1.9875691500e-4), f32x4.splat(1.3981999507e-3));
  p = fma(p, r, f32x4.splat(8.3334519073e-3));
  p = fma(p, r, f32x4.splat(4.1665795894e-2));
  p = fma(p, r, f32x4.splat(1.6666665459e-1));
  p = fma(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(fma(p, f32x4.mul(r, r), r), f32x4.splat(1));
  // Two factors, since 2ⁿ alone may be subnormal or overflow where the product isn't and doesn't.
  const whole = i32x4.sub(shifted, i32x4.splat(0x4b400000));
  const half = i32x4.shr_s(whole, 1);
  const rest = i32x4.sub(whole, half);
  const bias = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, bias), 23));
  return f32x4.mul(p, i32x4.shl(i32x4.add(rest, bias), 23));
}

/**
 * eˣ for x ≤ 0, 0 below −87.7, relative error within 2e-7 + 6e-8 · |x| where it is a normal number: at half of what `exp4`
 * costs. NaN stays NaN. What softmaxes call, whose sums don't feel the small terms' last bits. e⁰ is 1.
 */
@inline
export function expNegative4(x: v128): v128 {
  return powerOf2(f32x4.mul(f32x4.pmax(x, f32x4.splat(-88)), f32x4.splat(1.44269504088896341)), 127, 1);
}

/**
 * The same, 0 below −44 (8e-20: beside the greatest weight, no sum of such would show). For what is multiplied on: a
 * product that becomes subnormal slows processors down a hundredfold.
 */
@inline
export function expWeight4(x: v128): v128 {
  return powerOf2(f32x4.mul(f32x4.pmax(x, f32x4.splat(-44.3)), f32x4.splat(1.44269504088896341)), 64, 9223372036854775808.0);
}

// 2ᵗ for t from −lowest to 0; 0 where t rounds to −lowest, since its exponent field is then empty. `lift` is 2 to 127 − lowest.
@inline
function powerOf2(t: v128, lowest: i32, lift: f32): v128 {
  const magic = f32x4.splat(12582912);
  const shifted = f32x4.add(t, magic);
  const f = f32x4.sub(t, f32x4.sub(shifted, magic));
  // 2ᶠ on [−½, ½], fitted with the first term held at 1.
  let p = fma(f, f32x4.splat(0.001326472731307149 * lift), f32x4.splat(0.009671512991189957 * lift));
  p = fma(p, f, f32x4.splat(0.05550733581185341 * lift));
  p = fma(p, f, f32x4.splat(0.24022242426872253 * lift));
  p = fma(p, f, f32x4.splat(0.6931470036506653 * lift));
  p = fma(p, f, f32x4.splat(lift));
  // The low bits of `shifted` are the exponent: what is above them leaves with the shift.
  return f32x4.mul(p, i32x4.shl(i32x4.add(shifted, i32x4.splat(lowest)), 23));
}

/** 1 / (1 + e⁻ˣ), within 3 ulp, subnormal results included. */
@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = exp4(v128.or(x, f32x4.splat(-0.0))); // of −|x|: never overflows
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
}

/** log x, within 2 ulp, subnormal x included (Cephes' logf). −Infinity at 0, NaN below. */
@inline
export function log4(x: v128): v128 {
  const one = f32x4.splat(1);
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(33554432)), x, tiny); // 2²⁵
  // The exponent that leaves a mantissa in [√½, √2).
  const bits = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  const whole = i32x4.shr_s(bits, 23);
  const m = f32x4.sub(i32x4.sub(scaled, i32x4.shl(whole, 23)), one);
  const e = f32x4.sub(f32x4.convert_i32x4_s(whole), v128.and(tiny, f32x4.splat(25)));
  const z = f32x4.mul(m, m);
  let p = fma(m, f32x4.splat(7.0376836292e-2), f32x4.splat(-1.1514610310e-1));
  p = fma(p, m, f32x4.splat(1.1676998740e-1));
  p = fma(p, m, f32x4.splat(-1.2420140846e-1));
  p = fma(p, m, f32x4.splat(1.4249322787e-1));
  p = fma(p, m, f32x4.splat(-1.6668057665e-1));
  p = fma(p, m, f32x4.splat(2.0000714765e-1));
  p = fma(p, m, f32x4.splat(-2.4999993993e-1));
  p = fma(p, m, f32x4.splat(3.3333331174e-1));
  let y = f32x4.mul(f32x4.mul(p, m), z);
  y = fma(e, f32x4.splat(-2.12194440e-4), y);
  y = fnma(z, f32x4.splat(0.5), y);
  y = fma(e, f32x4.splat(0.693359375), f32x4.add(m, y));
  const infinity = f32x4.splat(Infinity);
  y = v128.bitselect(x, y, f32x4.eq(x, infinity));
  y = v128.bitselect(f32x4.neg(infinity), y, f32x4.eq(x, f32x4.splat(0)));
  return v128.or(y, v128.not(f32x4.ge(x, f32x4.splat(0)))); // all bits set: NaN
}

/** log(1 + x), within 3 ulp: the logarithm of the rounded sum, corrected for what rounding lost. */
@inline
export function log1p4(x: v128): v128 {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  const u = f32x4.add(x, one);
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, one)), u);
  // Where u is 0 or infinite nothing was lost, and the quotient is NaN.
  const y = f32x4.add(log4(u), v128.and(lost, f32x4.lt(f32x4.abs(lost), one)));
  return v128.bitselect(x, y, f32x4.eq(x, zero));
}

/** tanh x, within 2 ulp (Cephes' tanhf). */
@inline
export function tanh4(x: v128): v128 {
  const sign = v128.and(x, f32x4.splat(-0.0));
  const a = v128.xor(x, sign);
  const z = f32x4.mul(x, x);
  let p = fma(z, f32x4.splat(-5.70498872745e-3), f32x4.splat(2.06390887954e-2));
  p = fma(p, z, f32x4.splat(-5.37397155531e-2));
  p = fma(p, z, f32x4.splat(1.33314422036e-1));
  p = fma(p, z, f32x4.splat(-3.33332819422e-1));
  const small = fma(f32x4.mul(p, z), x, x);
  const one = f32x4.splat(1);
  const e = exp4(f32x4.add(a, a));
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(e, one)));
  // The sign last: where x is −0, the sum has lost it.
  return v128.or(v128.bitselect(small, large, f32x4.lt(a, f32x4.splat(0.625))), sign);
}

/** erf x, within 2 ulp: a polynomial near 0, one minus the exponential of one beyond (N. Juffa's erff). */
@inline
export function erf4(x: v128): v128 {
  const sign = v128.and(x, f32x4.splat(-0.0));
  const t = v128.xor(x, sign);
  const s = f32x4.mul(x, x);
  let r = fma(t, f32x4.splat(-1.72853470e-5), f32x4.splat(3.83197126e-4));
  const u = fma(t, f32x4.splat(-3.88396438e-3), f32x4.splat(2.42546219e-2));
  r = fma(r, s, u);
  r = fma(r, t, f32x4.splat(-1.06777877e-1));
  r = fma(r, t, f32x4.splat(-6.34846687e-1));
  r = fma(r, t, f32x4.splat(-1.28717512e-1));
  r = f32x4.sub(f32x4.mul(r, t), t);
  // Beyond 4 the result has reached ±1; the polynomial would turn around.
  const far = f32x4.gt(t, f32x4.splat(4));
  const large = f32x4.sub(f32x4.splat(1), v128.andnot(expNegative4(f32x4.pmin(r, f32x4.splat(0))), far));
  let p = fma(s, f32x4.splat(-5.96761703e-4), f32x4.splat(4.99119423e-3));
  p = fma(p, s, f32x4.splat(-2.67681349e-2));
  p = fma(p, s, f32x4.splat(1.12819925e-1));
  p = fma(p, s, f32x4.splat(-3.76125336e-1));
  p = fma(p, s, f32x4.splat(1.28379166e-1));
  const small = fma(p, x, x);
  const isLarge = f32x4.gt(t, f32x4.splat(0.927734375));
  return v128.bitselect(v128.or(large, sign), small, isLarge);
}

/** sin x (`quarter` 0) or cos x (1), to 1.5e-7 of the range: π/2 in three parts up to 8192, musl's reduction beyond. */
@inline
export function sine4(x: v128, quarter: i32): v128 {
  if (v128.any_true(f32x4.gt(f32x4.abs(x), f32x4.splat(8192)))) return sineOfLarge(x, quarter);
  const magic = f32x4.splat(12582912);
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(0.63661977236758134)), magic);
  const n = f32x4.sub(shifted, magic);
  let r = fnma(n, f32x4.splat(1.5703125), x);
  r = fnma(n, f32x4.splat(4.837512969970703125e-4), r);
  r = fnma(n, f32x4.splat(7.54978995489188216e-8), r);
  const z = f32x4.mul(r, r);
  let s = fma(z, f32x4.splat(-1.9515295891e-4), f32x4.splat(8.3321608736e-3));
  s = fma(s, z, f32x4.splat(-1.6666654611e-1));
  s = fma(f32x4.mul(s, z), r, r);
  let c = fma(z, f32x4.splat(2.443315711809948e-5), f32x4.splat(-1.388731625493765e-3));
  c = fma(c, z, f32x4.splat(4.166664568298827e-2));
  c = fma(f32x4.mul(c, z), z, fnma(z, f32x4.splat(0.5), f32x4.splat(1)));
  const turns = i32x4.add(shifted, i32x4.splat(quarter));
  const odd = i32x4.ne(v128.and(turns, i32x4.splat(1)), i32x4.splat(0));
  const y = v128.xor(v128.bitselect(c, s, odd), i32x4.shl(v128.and(turns, i32x4.splat(2)), 30));
  return quarter == 0 ? v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(0))) : y;
}

function sineOfLarge(x: v128, quarter: i32): v128 {
  let y = f32x4.splat(sineOf(f32x4.extract_lane(x, 0), quarter));
  y = f32x4.replace_lane(y, 1, sineOf(f32x4.extract_lane(x, 1), quarter));
  y = f32x4.replace_lane(y, 2, sineOf(f32x4.extract_lane(x, 2), quarter));
  return f32x4.replace_lane(y, 3, sineOf(f32x4.extract_lane(x, 3), quarter));
}

function sineOf(x: f32, quarter: i32): f32 {
  return quarter == 0 ? Mathf.sin(x) : Mathf.cos(x);
}

/** aᵇ, within 1 ulp (musl's powf, lane by lane), where JavaScript has no number for 1 to an infinite or no power. */
export function pow4(a: v128, b: v128): v128 {
  let y = f32x4.splat(Mathf.pow(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)));
  y = f32x4.replace_lane(y, 1, Mathf.pow(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)));
  y = f32x4.replace_lane(y, 2, Mathf.pow(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)));
  y = f32x4.replace_lane(y, 3, Mathf.pow(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
  const one = f32x4.splat(1);
  const endless = v128.and(f32x4.eq(f32x4.abs(a), one), f32x4.eq(f32x4.abs(b), f32x4.splat(Infinity)));
  return v128.bitselect(one, y, v128.or(f32x4.eq(a, one), endless));
}
