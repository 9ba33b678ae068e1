// Dropout by the counter-based generator: the mask is a function of (seed, offset), so backward draws it again.
import { type FusedOp, floats } from '../define';
import { ArgumentError } from '../errors';
import { defineFused } from '../op';
import { mul } from '../ops/arithmetic';
import { upload } from '../ops/create';
import { generatorOf, likeInput, requireDType, requireOptions } from '../ops/rules';
import { type Generator, type RandomState, randomBits } from '../random';
import { type Shape, sizeOf } from '../shape';
import type { Tensor } from '../tensor';

/** Probability of a zero, and where in the random stream the mask begins. */
export interface DropoutAttrs extends RandomState {
  readonly p: number;
}

export const dropoutOp: FusedOp<DropoutAttrs> = defineFused({
  name: 'dropout',
  infer: likeInput('dropout', ['float32']),
  composite: ([x], attrs) => mul(x, keepMask(x.shape, attrs)),
  saves: [],
  samples: () => [
    { inputs: [floats([5, 13])], attrs: { p: 0.3, seedLo: 7, seedHi: 0, offsetLo: 3, offsetHi: 0 } },
    { inputs: [floats([130])], attrs: { p: 0.9, seedLo: 1, seedHi: 2, offsetLo: 4294967290, offsetHi: 0 } },
    { inputs: [floats([0, 3])], attrs: { p: 0.5, seedLo: 1, seedHi: 0, offsetLo: 0, offsetHi: 0 } },
  ],
});

/** 1/(1−p) where an element stays, 0 elsewhere. Drawn on the host: the portable path. */
export function keepMask(shape: Shape, attrs: DropoutAttrs): Tensor {
  const bits = randomBits(attrs, sizeOf(shape));
  const limit = Math.floor(attrs.p * 2 ** 32);
  const kept = 1 / (1 - attrs.p);
  return upload(
    Float32Array.from(bits, (u) => (u >= limit ? kept : 0)),
    shape,
    'float32',
    'dropout',
  );
}

/** Checks a dropout probability; one that leaves nothing only where that is meant. */
export function requireProbability(op: string, p: number, all = false): void {
  if (!(typeof p === 'number' && p >= 0 && (p < 1 || (all && p === 1))))
    throw new ArgumentError(op, 'p', `a probability in [0, 1${all ? ']' : ')'}`, String(p));
}

/**
 * Sets each element to zero with probability `p` and scales the others by 1/(1−p) (Srivastava et al. 2014).
 */
export function dropout(x: Tensor, p: number, options: { readonly generator?: Generator | undefined } = {}): Tensor {
  requireDType('dropout', 'x', x, 'float32');
  requireProbability('dropout', p, true);
  const { generator } = requireOptions('dropout', options);
  if (p === 0) return x;
  if (p === 1) return mul(x, 0);
  return dropoutOp([x], { p, ...generatorOf('dropout', generator).reserve(x.size) });
}
