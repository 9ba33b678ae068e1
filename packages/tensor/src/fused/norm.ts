// layerNorm and rmsNorm over the last axis.
import { type FusedOp, floats } from '../define';
import { ArgumentError, ShapeError } from '../errors';
import { requireTensor } from '../lifetime';
import { defineFused } from '../op';
import { add, mul, rsqrt, sub } from '../ops/arithmetic';
import { mean } from '../ops/reduce';
import { requireDType, requireOptions } from '../ops/rules';
import { sameShape, show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';

export interface NormAttrs {
  readonly eps: number;
}

/** The shape of x, where weight and bias are as long as its last axis. */
function likeRows(op: string): (inputs: readonly AnyTensor[]) => AnyTensor {
  return (inputs) => {
    const [x, ...rest] = inputs;
    requireDType(op, 'x', x, 'float32');
    if (x.rank === 0) throw new ShapeError(op, 'x', 'at least one axis', 'a scalar');
    const row = [x.shape[x.rank - 1]];
    rest.forEach((t, i) => {
      requireDType(op, i === 0 ? 'weight' : 'bias', t, 'float32');
      if (!sameShape(t.shape, row)) throw new ShapeError(op, i === 0 ? 'weight' : 'bias', show(row), show(t.shape));
    });
    return x;
  };
}

export const layerNormOp: FusedOp<NormAttrs> = defineFused({
  name: 'layerNorm',
  infer: likeRows('layerNorm'),
  composite: ([x, weight, bias], { eps }) => {
    const centered = sub(x, mean(x, { axis: -1, keepdim: true }));
    const normal = mul(centered, rsqrt(add(mean(mul(centered, centered), { axis: -1, keepdim: true }), eps)));
    const scaled = weight === undefined ? normal : mul(normal, weight);
    return bias === undefined ? scaled : add(scaled, bias);
  },
  saves: [0, 1],
  samples: () => [
    { inputs: [floats([6, 9]), floats([9]), floats([9])], attrs: { eps: 1e-5 } },
    { inputs: [floats([2, 3, 32]), floats([32])], attrs: { eps: 1e-5 } },
    { inputs: [floats([4, 5])], attrs: { eps: 1e-12 } },
    { inputs: [floats([0, 5]), floats([5]), floats([5])], attrs: { eps: 1e-5 } },
  ],
});

export const rmsNormOp: FusedOp<NormAttrs> = defineFused({
  name: 'rmsNorm',
  infer: likeRows('rmsNorm'),
  composite: ([x, weight], { eps }) => {
    const normal = mul(x, rsqrt(add(mean(mul(x, x), { axis: -1, keepdim: true }), eps)));
    return weight === undefined ? normal : mul(normal, weight);
  },
  saves: [0, 1],
  samples: () => [
    { inputs: [floats([6, 9]), floats([9])], attrs: { eps: 1e-6 } },
    { inputs: [floats([2, 3, 32])], attrs: { eps: 1e-5 } },
    { inputs: [floats([0, 5]), floats([5])], attrs: { eps: 1e-5 } },
  ],
});

/** Options of the norms. */
export interface NormLayerOptions {
  /** Scale, as long as the last axis. */
  readonly weight?: Tensor;
  /** Shift, as long as the last axis. Needs a weight. */
  readonly bias?: Tensor;
  /** Added to the variance: 1e-5 where nothing is said. */
  readonly eps?: number;
}

/**
 * Rows with mean 0 and variance 1, scaled and shifted (Ba et al. 2016), as `torch.nn.functional.layer_norm`.
 *
 * @throws {ShapeError} where weight or bias don't fit the last axis.
 */
export function layerNorm(x: Tensor, options: NormLayerOptions = {}): Tensor {
  const { weight, bias, eps = 1e-5 } = requireOptions('layerNorm', options);
  requireEps('layerNorm', eps);
  if (weight === undefined && bias !== undefined)
    throw new ShapeError('layerNorm', 'weight', 'a weight beside a bias', 'none');
  return layerNormOp(given('layerNorm', x, weight, bias), { eps });
}

/** Rows divided by their root mean square (Zhang & Sennrich 2019). */
export function rmsNorm(x: Tensor, options: Omit<NormLayerOptions, 'bias'> = {}): Tensor {
  const { weight, eps = 1e-5 } = requireOptions('rmsNorm', options);
  requireEps('rmsNorm', eps);
  return rmsNormOp(given('rmsNorm', x, weight), { eps });
}

function requireEps(op: string, eps: number): void {
  if (!(Number.isFinite(eps) && eps >= 0)) throw new ArgumentError(op, 'eps', 'a number of at least 0', String(eps));
}

/** x and the inputs that are there: optional ones stand at the end. Without an x, the first of them would pass for it. */
export function given(op: string, x: Tensor, ...optional: readonly (Tensor | undefined)[]): readonly Tensor[] {
  requireTensor(op, 'x', x);
  return [x, ...optional.filter((t) => t !== undefined)];
}
