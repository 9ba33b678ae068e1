// The affine map of a layer, with bias and activation in the matrix product's epilogue.
import { type FusedOp, floats } from '../define';
import { ArgumentError, ShapeError } from '../errors';
import { defineFused } from '../op';
import { add, relu } from '../ops/arithmetic';
import { matmul } from '../ops/matmul';
import { requireDType, requireOptions } from '../ops/rules';
import { transpose } from '../ops/views';
import { show } from '../shape';
import type { Tensor } from '../tensor';
import { gelu, silu } from './activations';
import { given } from './norm';

/** What is applied to the result. */
export type Activation = 'none' | 'relu' | 'gelu' | 'geluTanh' | 'silu';

export interface LinearAttrs {
  readonly activation: Activation;
}

export const linearOp: FusedOp<LinearAttrs> = defineFused({
  name: 'linear',
  infer: ([x, weight, bias]) => {
    requireDType('linear', 'x', x, 'float32');
    requireDType('linear', 'weight', weight, 'float32');
    if (bias !== undefined) requireDType('linear', 'bias', bias, 'float32');
    if (weight.rank !== 2) throw new ShapeError('linear', 'weight', '[out, in]', show(weight.shape));
    const [outputs, inputs] = weight.shape;
    if (x.rank === 0 || x.shape[x.rank - 1] !== inputs) {
      throw new ShapeError(
        'linear',
        'x',
        `a last axis of ${inputs}`,
        `${show(x.shape)} with weight ${show(weight.shape)}`,
      );
    }
    if (bias !== undefined && (bias.rank !== 1 || bias.size !== outputs)) {
      throw new ShapeError('linear', 'bias', show([outputs]), show(bias.shape));
    }
    return { shape: x.shape.with(-1, outputs), dtype: 'float32' };
  },
  composite: ([x, weight, bias], { activation }) => {
    const product = matmul(x, transpose(weight));
    return activate(bias === undefined ? product : add(product, bias), activation);
  },
  saves: [0, 1],
  flops: ([x, weight]) => 2 * x.size * weight.shape[0],
  samples: () => [
    { inputs: [floats([5, 7]), floats([3, 7]), floats([3])], attrs: { activation: 'none' } },
    { inputs: [floats([2, 4, 16]), floats([24, 16])], attrs: { activation: 'none' } },
    { inputs: [floats([3, 9]), floats([17, 9], [-1, 1]), floats([17])], attrs: { activation: 'gelu' } },
    { inputs: [floats([3, 9]), floats([8, 9], [-1, 1]), floats([8])], attrs: { activation: 'geluTanh' } },
    { inputs: [floats([4, 6], [-2, 2], 1e-3), floats([5, 6], [-1, 1]), floats([5])], attrs: { activation: 'relu' } },
    { inputs: [floats([1, 64]), floats([10, 64], [-1, 1]), floats([10])], attrs: { activation: 'silu' } },
    { inputs: [floats([0, 6]), floats([5, 6]), floats([5])], attrs: { activation: 'none' } },
  ],
});

const activations: readonly string[] = ['none', 'relu', 'gelu', 'geluTanh', 'silu'] satisfies Activation[];

/** Throws where an activation is none that there is. */
export function requireActivation(op: string, activation: Activation): void {
  if (!activations.includes(activation))
    throw new ArgumentError(op, 'activation', activations.join(', '), String(activation));
}

/** Applies an activation by its name. */
export function activate(x: Tensor, activation: Activation): Tensor {
  switch (activation) {
    case 'none':
      return x;
    case 'relu':
      return relu(x);
    case 'gelu':
      return gelu(x);
    case 'geluTanh':
      return gelu(x, { approximate: 'tanh' });
    case 'silu':
      return silu(x);
  }
}

/**
 * `activation(x · weightᵀ + bias)` over the last axis, as `torch.nn.functional.linear`.
 *
 * @param x `[…, in]`
 * @param weight `[out, in]`
 * @throws {ShapeError} where sizes don't fit.
 * @example
 * ```ts
 * import { init, linear, tensor } from '@heddle/tensor';
 * await init();
 * const y = linear(tensor([[1, 2]]), tensor([[3, 4]]), { bias: tensor([0.5]), activation: 'relu' });
 * console.log(await y.item()); // 11.5
 * ```
 */
export function linear(
  x: Tensor,
  weight: Tensor,
  options: { readonly bias?: Tensor | undefined; readonly activation?: Activation } = {},
): Tensor {
  const { bias, activation = 'none' } = requireOptions('linear', options);
  requireActivation('linear', activation);
  return linearOp(given('linear', x, weight, bias), { activation });
}
