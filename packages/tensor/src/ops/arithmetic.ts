// Elementwise arithmetic: primitives with their gradients, and the composites made of them.
import { bools, floats, ints, type None, type Op, type Recorded, type Sample } from '../define';
import { type DType, knownDType } from '../dtype';
import { ArgumentError } from '../errors';
import { isTensor } from '../lifetime';
import { apply, defineOp } from '../op';
import type { AnyTensor, Tensor, TensorLike } from '../tensor';
import { binary, requireScalar } from './broadcast';
import { equal as equalTo, greater, greaterEqual, less, lessEqual, logicalAnd } from './compare';
import { likeBoth, likeInput, requireDType, unary } from './rules';
import { where } from './where';

const numeric: readonly DType[] = ['float32', 'int32'];

// — One input —

/** eˣ */
export const exp: Op<1> = defineOp(unary('exp', [-3, 3], ['y'], (g, { output }) => [mul(g, output)]));

/** Natural logarithm. */
export const log: Op<1> = defineOp(unary('log', [0.1, 5], [0], (g, { inputs: [x] }) => [div(g, x)]));

/** log(1 + x), exact for small x. */
export const log1p: Op<1> = defineOp(unary('log1p', [-0.8, 4], [0], (g, { inputs: [x] }) => [div(g, add(x, 1))]));

/** √x */
export const sqrt: Op<1> = defineOp(unary('sqrt', [0.1, 5], ['y'], (g, { output }) => [div(g, mul(output, 2))])); // d √x = 1 / 2√x

/** 1 / √x */
export const rsqrt: Op<1> = defineOp(
  unary('rsqrt', [0.1, 5], ['y'], (g, { output: y }) => [mul(mul(g, -0.5), mul(y, mul(y, y)))]), // −½ y³
);

/** sin x, in radians. d sin = cos */
export const sin: Op<1> = defineOp(unary('sin', [-6, 6], [0], (g, { inputs: [x] }) => [mul(g, cos(x))]));

/** cos x, in radians. d cos = −sin */
export const cos: Op<1> = defineOp(unary('cos', [-6, 6], [0], (g, { inputs: [x] }) => [neg(mul(g, sin(x)))]));

/** d tanh = 1 − y² */
export const tanh: Op<1> = defineOp(
  unary('tanh', [-3, 3], ['y'], (g, { output: y }) => [mul(g, affine(mul(y, y), { scale: -1, shift: 1 }))]),
);

/** The error function. d erf = 2/√π · e^(−x²) */
export const erf: Op<1> = defineOp(
  unary('erf', [-3, 3], [0], (g, { inputs: [x] }) => [mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))]),
);

/** 1 / (1 + e^−x). d σ = y (1 − y) */
export const sigmoid: Op<1> = defineOp(
  unary('sigmoid', [-5, 5], ['y'], (g, { output: y }) => [mul(g, mul(y, affine(y, { scale: -1, shift: 1 })))]),
);

/** max(x, 0); the gradient at 0 is 0, as in PyTorch, and passes where x is NaN. */
export const relu: Op<1> = defineOp(
  unary('relu', [-2, 2], ['y'], (g, { output: y }) => [where(lessEqual(y, 0), 0, g)]),
);

// Flat between its jumps: the gradient is zero.
const steps = (name: string): Op<1> => defineOp(unary(name, [-4, 4], [], (g) => [mul(g, 0)]));

/** The greatest whole number that is not above x. */
export const floor: Op<1> = steps('floor');
/** The smallest whole number that is not below x. */
export const ceil: Op<1> = steps('ceil');
/** To the nearest whole number, halves to even. */
export const round: Op<1> = steps('round');

/** −1, 0 or 1. */
export const signOp: Op<1> = defineOp(unary('sign', [-2, 2], [], (g) => [mul(g, 0)], numeric));
export const negOp: Op<1> = defineOp(unary('neg', [-2, 2], [], (g) => [neg(g)], numeric));
export const absOp: Op<1> = defineOp(unary('abs', [-2, 2], [0], (g, { inputs: [x] }) => [mul(g, sign(x))], numeric));

/** −1, 0 or 1, by the sign of x; NaN stays NaN. */
export const sign = <D extends DType>(x: Tensor<D>): Tensor<D> => apply(signOp.definition, [x], {});
/** −x */
export const neg = <D extends DType>(x: Tensor<D>): Tensor<D> => apply(negOp.definition, [x], {});
/** |x| */
export const abs = <D extends DType>(x: Tensor<D>): Tensor<D> => apply(absOp.definition, [x], {});

/** x · scale + shift, by numbers: what `add`, `sub` and `mul` become beside a number. */
export interface AffineAttrs {
  readonly scale: number;
  readonly shift: number;
}

export const affineOp: Op<1, AffineAttrs> = defineOp({
  name: 'affine',
  arity: 1,
  infer: likeInput('affine', numeric),
  backward: (g, { attrs }) => [affine(g, { scale: attrs.scale, shift: 0 })],
  saves: [],
  samples: () => [
    { inputs: [floats([5, 3])], attrs: { scale: -1.5, shift: 0.25 } },
    { inputs: [ints([9], [-5, 5])], attrs: { scale: 3, shift: -2 } },
  ],
});

const affine = <D extends DType>(x: Tensor<D>, attrs: AffineAttrs): Tensor<D> => apply(affineOp.definition, [x], attrs);

/** The same for `b` beside `a` in an op that a message can name. */
function affineOf<D extends DType>(op: string, a: Tensor<D>, b: number, attrs: AffineAttrs): Tensor<D> {
  requireDType(op, 'a', a, ...numeric);
  requireScalar(op, a, b);
  return affine(a, attrs);
}

/** xᵉ for a fixed exponent. d xᵉ = e · xᵉ⁻¹ */
export const powScalar: Op<1, { readonly exponent: number }> = defineOp({
  name: 'powScalar',
  arity: 1,
  infer: likeInput('pow', ['float32']),
  backward: (g, { inputs: [x], attrs: { exponent } }) => [
    // x⁰ is flat, at 0 too, where 0 · 0⁻¹ would be no number.
    exponent === 0 ? mul(g, 0) : mul(g, mul(powScalar(x, { exponent: exponent - 1 }), exponent)),
  ],
  saves: [0],
  samples: () => [
    { inputs: [floats([4, 3], [0.2, 3])], attrs: { exponent: 1.7 } },
    { inputs: [floats([4, 3])], attrs: { exponent: 3 } },
  ],
});

/** Another dtype. Floats are cut towards zero on the way to int32; anything but 0 is true. */
export const castOp: Op<1, { readonly dtype: DType }> = defineOp({
  name: 'cast',
  arity: 1,
  infer: ([x], { dtype }) => ({ shape: x.shape, dtype: knownDType('cast', dtype) }),
  backward: null,
  saves: [],
  samples: () => [
    { inputs: [floats([3, 5], [-4, 4])], attrs: { dtype: 'int32' } },
    { inputs: [ints([6], [-3, 3])], attrs: { dtype: 'float32' } },
    { inputs: [ints([6], [-1, 2])], attrs: { dtype: 'bool' } },
    { inputs: [bools([7])], attrs: { dtype: 'float32' } },
  ],
});

/** The same values in another dtype; floats lose their fraction on the way to int32, and end at its ends. NaN is 0. */
export const cast = <D extends DType>(x: AnyTensor, dtype: D): Tensor<D> =>
  isTensor(x) && isDType(x, dtype) ? x : apply(castOp.definition, [x], { dtype });

function isDType<D extends DType>(x: AnyTensor, dtype: D): x is Tensor<D> {
  return x.dtype === dtype;
}

// — Two inputs —

function twoFloats(low: number, high: number, apart?: number): Sample<None>[] {
  return [[6], [3, 4], [2, 3, 2], [0, 2], []].map((shape) => ({
    inputs: [floats(shape, [low, high], apart), floats(shape, [low, high], apart)],
    attrs: {},
  }));
}

function binaryOp(
  name: string,
  dtypes: readonly DType[],
  saves: readonly (0 | 1 | 'y')[],
  samples: () => Sample<None>[],
  backward: (g: Tensor, recorded: Recorded<None>) => (Tensor | null)[],
): Op<2> {
  return defineOp({ name, arity: 2, infer: likeBoth(name, dtypes), backward, saves, samples });
}

export const addOp: Op<2> = binaryOp(
  'add',
  numeric,
  [],
  () => twoFloats(-2, 2),
  (g) => [g, g],
);

export const subOp: Op<2> = binaryOp(
  'sub',
  numeric,
  [],
  () => twoFloats(-2, 2),
  (g, { needs }) => [g, needs[1] ? neg(g) : null],
);

export const mulOp: Op<2> = binaryOp(
  'mul',
  numeric,
  [0, 1],
  () => twoFloats(-2, 2),
  (g, { inputs: [a, b], needs }) => [needs[0] ? mul(g, b) : null, needs[1] ? mul(g, a) : null],
);

// d (a / b) = 1 / b, −y / b
export const divOp: Op<2> = binaryOp(
  'div',
  ['float32'],
  [1, 'y'],
  () => twoFloats(0.5, 3),
  (g, { inputs: [, b], output: y, needs }) => {
    const scaled = div(g, b);
    return [scaled, needs[1] ? neg(mul(scaled, y)) : null];
  },
);

// d aᵇ = b · aᵇ⁻¹ (0 where b is 0), aᵇ · log a (0 where a is 0 and b is not below), as in PyTorch
export const powOp: Op<2> = binaryOp(
  'pow',
  ['float32'],
  [0, 1, 'y'],
  () => twoFloats(0.3, 2),
  (g, { inputs: [a, b], output: y, needs }) => [
    needs[0] ? mul(g, where(equalTo(b, 0), 0, mul(b, pow(a, sub(b, 1))))) : null,
    needs[1] ? mul(g, where(logicalAnd(equalTo(a, 0), greaterEqual(b, 0)), 0, mul(y, log(a)))) : null,
  ],
);

// Ties share the gradient; beside NaN both get it, as in PyTorch.
export const maximumOp: Op<2> = binaryOp(
  'maximum',
  numeric,
  [0, 1],
  () => twoFloats(-2, 2, 1e-3),
  (g, { inputs: [a, b] }) => chosen(g, a, b),
);
export const minimumOp: Op<2> = binaryOp(
  'minimum',
  numeric,
  [0, 1],
  () => twoFloats(-2, 2, 1e-3),
  (g, { inputs: [a, b] }) => chosen(g, b, a),
);

function chosen(g: Tensor, a: AnyTensor, b: AnyTensor): Tensor[] {
  const shared = where(equalTo(a, b), mul(g, 0.5), g);
  return [where(less(a, b), 0, shared), where(less(b, a), 0, shared)];
}

// d (a mod b) = 1, −⌊a / b⌋
export const modOp: Op<2> = binaryOp(
  'mod',
  numeric,
  [0, 1, 'y'],
  () => twoFloats(0.6, 4, 1e-3),
  (g, { inputs: [a, b], output: y, needs }) => [g, needs[1] ? neg(mul(g, floorDivide(a, b, y))) : null],
);

// ⌊a / b⌋, where y is the remainder. A float's quotient may be rounded up to a whole number; less its fraction it is
// next to the right one. A divisor that is the remainder, infinite say, has all of it as its fraction.
function floorDivide(a: AnyTensor, b: AnyTensor, y: Tensor): Tensor {
  const fraction = where(equalTo(y, b), 1, div(y, b));
  return round(sub(div(a, b), where(equalTo(b, 0), 0, fraction)));
}

/** a + b, broadcast. */
export function add<D extends DType>(a: Tensor<D>, b: TensorLike): Tensor<D> {
  return typeof b === 'number' ? affineOf('add', a, b, { scale: 1, shift: b }) : binary(addOp.definition, a, b);
}

/** a − b, broadcast. */
export function sub<D extends DType>(a: Tensor<D>, b: TensorLike): Tensor<D> {
  return typeof b === 'number' ? affineOf('sub', a, b, { scale: 1, shift: -b }) : binary(subOp.definition, a, b);
}

/** a · b element by element, broadcast; `matmul` is the matrix product. */
export function mul<D extends DType>(a: Tensor<D>, b: TensorLike): Tensor<D> {
  return typeof b === 'number' ? affineOf('mul', a, b, { scale: b, shift: 0 }) : binary(mulOp.definition, a, b);
}

/** a / b in float32, broadcast. */
export function div(a: AnyTensor, b: TensorLike): Tensor {
  return binary(divOp.definition, a, b);
}

/** aᵇ, broadcast. */
export function pow(a: AnyTensor, b: TensorLike): Tensor {
  return typeof b === 'number' ? powScalar(a, { exponent: b }) : binary(powOp.definition, a, b);
}

/** Remainder with the sign of the divisor, as `torch.remainder`. */
export function mod<D extends DType>(a: Tensor<D>, b: TensorLike): Tensor<D> {
  if (b === 0 && a.dtype === 'int32') throw new ArgumentError('mod', 'b', 'a number other than 0 beside int32', '0');
  return binary(modOp.definition, a, b);
}

/** The greater of a and b, element by element; `max` reduces. */
export function maximum<D extends DType>(a: Tensor<D>, b: TensorLike): Tensor<D> {
  return binary(maximumOp.definition, a, b);
}

/** The smaller of a and b, element by element; `min` reduces. */
export function minimum<D extends DType>(a: Tensor<D>, b: TensorLike): Tensor<D> {
  return binary(minimumOp.definition, a, b);
}

// — Composites —

/** x² */
export const square = <D extends DType>(x: Tensor<D>): Tensor<D> => mul(x, x);

/** 1 / x */
export const reciprocal = (x: AnyTensor): Tensor => powScalar(x, { exponent: -1 });

/** log(1 + eˣ) without overflow. */
export const softplus = (x: Tensor): Tensor => {
  requireDType('softplus', 'x', x, 'float32');
  // −|x|, with a slope at 0: relu's is 0 there, and softplus's a half.
  const below = where(greater(x, 0), neg(x), x);
  return add(relu(x), log1p(exp(below)));
};

/**
 * Limits values to `[low, high]`; an infinite bound is none. The gradient passes where x is left as it is, at a bound too,
 * as in PyTorch up to 2.14 (from 2.15 on it is 0 there).
 */
export const clamp = <D extends DType>(x: Tensor<D>, low: number, high: number): Tensor<D> => {
  requireDType('clamp', 'x', x, ...numeric);
  requireBound('low', low);
  requireBound('high', high);
  const values = x.requiresGrad ? x.detach() : x;
  const raised = low === Number.NEGATIVE_INFINITY ? values : maximum(values, low);
  const limited = high === Number.POSITIVE_INFINITY ? raised : minimum(raised, high);
  return x.requiresGrad ? where(equalTo(values, limited), x, limited) : limited;
};

function requireBound(argument: string, bound: number): void {
  if (typeof bound !== 'number' || Number.isNaN(bound))
    throw new ArgumentError('clamp', argument, 'a number, infinite for no bound', String(bound));
}
