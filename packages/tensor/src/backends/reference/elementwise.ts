// Reference kernels that go element by element.
import type { DType } from '../../dtype';
import type { Kernel, Meta } from '../backend';
import { allocate, dense, type ReferenceBuffer } from './buffer';

function each<Attrs>(f: (attrs: Attrs, ...x: number[]) => number): Kernel<Attrs, ReferenceBuffer> {
  return (inputs, out: Meta, attrs) => {
    const columns = inputs.map(dense);
    const result = allocate(out.shape, out.dtype);
    for (let i = 0; i < result.length; i++) result[i] = f(attrs, ...columns.map((column) => column[i]));
    return result;
  };
}

const unary = (f: (x: number) => number): Kernel<object, ReferenceBuffer> => each((_, x) => f(x));
const binary = (f: (a: number, b: number) => number): Kernel<object, ReferenceBuffer> => each((_, a, b) => f(a, b));
/** For int32 a kernel of its own: a product may be too great for a float64, and its low 32 bits are what int32 holds. */
const whole =
  <Attrs>(
    ints: Kernel<Attrs, ReferenceBuffer>,
    floats: Kernel<Attrs, ReferenceBuffer>,
  ): Kernel<Attrs, ReferenceBuffer> =>
  (inputs, out, attrs) =>
    (out.dtype === 'int32' ? ints : floats)(inputs, out, attrs);
const bit = (value: boolean): number => (value ? 1 : 0);

type Affine = { readonly scale: number; readonly shift: number };

export const elementwise = {
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  round: unary(roundHalfToEven),
  exp: unary(Math.exp),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  sqrt: unary(Math.sqrt),
  rsqrt: unary((x) => 1 / Math.sqrt(x)),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tanh: unary(Math.tanh),
  erf: unary(erf),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  relu: unary((x) => Math.max(x, 0)),
  logicalNot: unary((x) => bit(x === 0)),
  affine: whole(
    each<Affine>(({ scale, shift }, x) => Math.imul(x, scale) + shift),
    each<Affine>(({ scale, shift }, x) => x * scale + shift),
  ),
  powScalar: each<{ readonly exponent: number }>(({ exponent }, x) =>
    // Roots, which −∞ has none of.
    x < 0 && Math.abs(exponent) === 0.5 ? Number.NaN : power(x, exponent),
  ),
  cast: each<{ readonly dtype: DType }>(({ dtype }, x) =>
    dtype === 'float32' ? x : dtype === 'int32' ? toInt(x) : bit(x !== 0),
  ),
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: whole(
    binary(Math.imul),
    binary((a, b) => a * b),
  ),
  div: binary((a, b) => a / b),
  pow: binary(power),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  mod: binary((a, b) => {
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
  }),
  equal: binary((a, b) => bit(a === b)),
  less: binary((a, b) => bit(a < b)),
  lessEqual: binary((a, b) => bit(a <= b)),
  logicalAnd: binary((a, b) => bit(a !== 0 && b !== 0)),
  logicalOr: binary((a, b) => bit(a !== 0 || b !== 0)),
  where: each((_: object, condition, a, b) => (condition !== 0 ? a : b)),
  contiguous: unary((x) => x),
};

/** Without the fraction; the ends of int32 for what lies beyond them, and 0 for NaN, as WebAssembly has it. */
function toInt(x: number): number {
  return Math.min(Math.max(Math.trunc(x), -(2 ** 31)), 2 ** 31 - 1);
}

/** aᵇ by IEEE 754, where 1 to any power is 1. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b;
}

function roundHalfToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** The error function to float64: its series near 0, a continued fraction of erfc beyond (Abramowitz & Stegun 7.1). */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x) || a === 0) return x;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let total = a;
    for (let n = 1; Math.abs(term) > 1e-17 * total; n++) {
      term *= (-a * a) / n;
      total += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * total) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 80; n >= 1; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + fraction) * Math.sqrt(Math.PI)));
}
