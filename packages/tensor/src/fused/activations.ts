// gelu and silu. Their kernels go over the data once, forward and backward.
import { type FusedOp, floats, type None } from '../define';
import { ArgumentError } from '../errors';
import { defineFused } from '../op';
import { add, erf, mul, sigmoid, tanh } from '../ops/arithmetic';
import { likeInput, requireOptions } from '../ops/rules';
import type { Tensor } from '../tensor';

/** Which gelu: through the error function, or through tanh as GPT-2 has it. */
export interface GeluAttrs {
  readonly approximate: 'none' | 'tanh';
}

export const geluOp: FusedOp<GeluAttrs> = defineFused({
  name: 'gelu',
  infer: likeInput('gelu', ['float32']),
  composite: ([x], { approximate }) => {
    if (approximate === 'none') return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1)); // x Φ(x)
    const inner = mul(add(x, mul(mul(x, mul(x, x)), 0.044715)), Math.sqrt(2 / Math.PI));
    return mul(mul(x, 0.5), add(tanh(inner), 1));
  },
  saves: [0],
  samples: () => [
    { inputs: [floats([5, 7], [-4, 4])], attrs: { approximate: 'none' } },
    { inputs: [floats([33], [-4, 4])], attrs: { approximate: 'tanh' } },
    { inputs: [floats([0, 3])], attrs: { approximate: 'none' } },
  ],
});

export const siluOp: FusedOp<None> = defineFused({
  name: 'silu',
  infer: likeInput('silu', ['float32']),
  composite: ([x]) => mul(x, sigmoid(x)),
  saves: [0],
  samples: () => [{ inputs: [floats([3, 11], [-5, 5])], attrs: {} }],
});

/**
 * Gaussian error linear unit (Hendrycks & Gimpel 2016), as `torch.nn.functional.gelu`.
 *
 * @example
 * ```ts
 * import { gelu, init, tensor } from '@heddle/tensor';
 * await init();
 * console.log(await gelu(tensor([-1, 0, 1])).data());
 * ```
 */
export function gelu(x: Tensor, options: { readonly approximate?: 'none' | 'tanh' } = {}): Tensor {
  const { approximate = 'none' } = requireOptions('gelu', options);
  if (approximate !== 'none' && approximate !== 'tanh')
    throw new ArgumentError('gelu', 'approximate', "'none' or 'tanh'", String(approximate));
  return geluOp([x], { approximate });
}

/** x · σ(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return siluOp([x], {});
}
