// Activations and their slopes on four floats at once. Not a kernel file: linear, gelu and silu call it.
import { expNegative4 } from './math';
import { fma } from './simd';

// The order of `ACTIVATIONS` in gemm.ts.
export const RELU: i32 = 1;
export const GELU: i32 = 2;
export const GELU_TANH: i32 = 3;
export const SILU: i32 = 4;

// σ(x), 0 below −87.7: math.ts's also gives the subnormal results there, which slow processors down a hundredfold.
@inline
function gate4(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = expNegative4(v128.or(x, f32x4.splat(-0.0))); // of −|x|: never overflows
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
}

/**
 * x · Φ(x), within 2.5e-7 · |x|. The error function is a rational one here (the coefficients are Eigen's), at a third of
 * the cost of math.ts's, whose last bits the product with x would lose.
 */
@inline
export function gelu4(x: v128): v128 {
  const half = f32x4.mul(x, f32x4.splat(0.5));
  let t = f32x4.mul(x, f32x4.splat(0.70710678118654752));
  t = f32x4.pmin(f32x4.pmax(t, f32x4.splat(-4)), f32x4.splat(4));
  const z = f32x4.mul(t, t);
  let p = fma(z, f32x4.splat(-2.72614225801306e-10), f32x4.splat(2.77068142495902e-8));
  p = fma(p, z, f32x4.splat(-2.10102402082508e-6));
  p = fma(p, z, f32x4.splat(-5.69250639462346e-5));
  p = fma(p, z, f32x4.splat(-7.34990630326855e-4));
  p = fma(p, z, f32x4.splat(-2.954599808540251e-3));
  p = fma(p, z, f32x4.splat(-1.60960333262415e-2));
  let q = fma(z, f32x4.splat(-1.45660718464996e-5), f32x4.splat(-2.13374055278905e-4));
  q = fma(q, z, f32x4.splat(-1.68282697438203e-3));
  q = fma(q, z, f32x4.splat(-7.37332916720468e-3));
  q = fma(q, z, f32x4.splat(-1.42647390514189e-2));
  return fma(half, f32x4.div(f32x4.mul(t, p), q), half);
}

/**
 * Φ(x) + x · φ(x), within 5e-7: both from one exponential, since Φ(−|x|) = e^(−x²/2) · t · P(t) with t = 1 / (1 + 0.3 |x|)
 * and P fitted to 2e-7.
 */
@inline
export function geluSlope4(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = expNegative4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
  const t = f32x4.div(one, fma(f32x4.abs(x), f32x4.splat(0.3), one));
  let p = fma(t, f32x4.splat(0.03542372211813927), f32x4.splat(-0.15615838766098022));
  p = fma(p, t, f32x4.splat(0.20455670356750488));
  p = fma(p, t, f32x4.splat(-0.05203394591808319));
  p = fma(p, t, f32x4.splat(0.12769174575805664));
  p = fma(p, t, f32x4.splat(0.10017595440149307));
  p = fma(p, t, f32x4.splat(0.12071213871240616));
  p = fma(p, t, f32x4.splat(0.11963200569152832));
  const tail = f32x4.mul(f32x4.mul(p, t), e);
  const cdf = v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
  return fma(f32x4.mul(x, e), f32x4.splat(0.39894228040143268), cdf);
}

// 2 · √(2/π) · (x + 0.044715 x³): tanh's argument, twice.
@inline
function tanhArgument(x: v128): v128 {
  const cubic = fma(f32x4.mul(x, x), f32x4.splat(0.044715 * 1.5957691216057308), f32x4.splat(1.5957691216057308));
  return f32x4.mul(x, cubic);
}

/** The tanh approximation of gelu: ½x(1 + tanh u) = x · σ(2u). */
@inline
export function geluTanh4(x: v128): v128 {
  return f32x4.mul(x, gate4(tanhArgument(x)));
}

/** σ(2u) + x · σ(2u) · (1 − σ(2u)) · d(2u)/dx. */
@inline
export function geluTanhSlope4(x: v128): v128 {
  const s = gate4(tanhArgument(x));
  const slope = fma(f32x4.mul(x, x), f32x4.splat(3 * 0.044715 * 1.5957691216057308), f32x4.splat(1.5957691216057308));
  return fma(f32x4.mul(f32x4.mul(x, s), f32x4.sub(f32x4.splat(1), s)), slope, s);
}

/** x · σ(x). */
@inline
export function silu4(x: v128): v128 {
  return f32x4.mul(x, gate4(x));
}

/** σ(x) · (1 + x · (1 − σ(x))). */
@inline
export function siluSlope4(x: v128): v128 {
  const s = gate4(x);
  return fma(f32x4.mul(s, x), f32x4.sub(f32x4.splat(1), s), s);
}

/** max(x, 0), NaN for NaN. */
@inline
export function relu4(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

/** An activation by its number; 0 for none. Inlined with a constant number, so that loops hold its constants. */
@inline
export function activate4(x: v128, kind: i32): v128 {
  if (kind == GELU) return gelu4(x);
  if (kind == RELU) return relu4(x);
  if (kind == GELU_TANH) return geluTanh4(x);
  return kind == SILU ? silu4(x) : x;
}

/** The slope of an activation at x, likewise. */
@inline
export function slope4(x: v128, kind: i32): v128 {
  const one = f32x4.splat(1);
  if (kind == GELU) return geluSlope4(x);
  if (kind == RELU) return v128.andnot(one, f32x4.le(x, f32x4.splat(0))); // NaN passes
  if (kind == GELU_TANH) return geluTanhSlope4(x);
  return kind == SILU ? siluSlope4(x) : one;
}
