// Attention rollout (Abnar & Zuidema 2020): how much of each token reaches each place at the top of a stack.
import { ArgumentError, arange, matmul, oneHot, scope, type Tensor } from '@heddle/tensor';

/**
 * Follows attention through all layers: heads are averaged, half of each row stays where it is (the residual path), and
 * the layers are multiplied.
 *
 * @param attentions weights layer by layer, `[B, H, T, T]`, as an `Inspection` collects them
 * @returns `[B, T, T]`; row i says where the i-th output comes from, and sums to one unless it saw nothing
 * @example
 * ```ts
 * import { attentionRollout, Encoder, Inspection } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const encoder = new Encoder({ dim: 16, heads: 2, layers: 2 }).eval();
 * using inspect = new Inspection();
 * encoder.call(randn([1, 4, 16]), { inspect });
 * console.log(attentionRollout(inspect.attentions).shape); // [1, 4, 4]
 * ```
 */
export function attentionRollout(attentions: readonly Tensor[]): Tensor {
  if (attentions.length === 0) throw new ArgumentError('attentionRollout', 'attentions', 'at least one layer', 'none');
  return scope(() => {
    const T = attentions[0].shape[3];
    const stay = oneHot(arange(0, T), T).mul(0.5); // [T, T]
    const paths = attentions.map((weights) => weights.mean({ axis: 1 }).mul(0.5).add(stay)); // [B, T, T]
    return paths.reduce((below, layer) => matmul(layer, below));
  });
}
