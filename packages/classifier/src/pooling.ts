// One vector out of many: the first token's, the mean, or a learned weighing.
import { full, oneHot, softmax, type Tensor, where } from '@heddle/tensor';
import { type InitializerOptions, Linear, Module } from '@heddle/tensor/nn';

/** How the tokens of a text become one vector. */
export type PoolingKind = 'cls' | 'mean' | 'attention';

/**
 * `[B, T, dim]` to `[B, dim]`. Padding takes no part; a row of nothing but padding gives zeros (with `cls`, its first
 * vector).
 *
 * @example
 * ```ts
 * import { Pooling } from '@heddle/classifier';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * console.log(new Pooling({ dim: 8, kind: 'mean' }).call(randn([2, 5, 8])).shape); // [2, 8]
 * ```
 */
export class Pooling extends Module {
  readonly kind: PoolingKind;
  readonly score: Linear | null;

  constructor({ dim, kind, generator }: InitializerOptions & { readonly dim: number; readonly kind: PoolingKind }) {
    super();
    this.kind = kind;
    this.score = kind === 'attention' ? new Linear({ inputs: dim, outputs: 1, generator }) : null;
  }

  override forward(x: Tensor, mask?: Tensor<'bool'>): Tensor {
    const [B, , D] = x.shape;
    if (this.kind === 'cls') return x.select(1, 0);
    return this.weights(x, mask).unsqueeze(1).matmul(x).reshape([B, D]);
  }

  /** What each token counts for, `[B, T]`; a row sums to one, or to zero where it is all padding. */
  weights(x: Tensor, mask?: Tensor<'bool'>): Tensor {
    const [B, T] = x.shape;
    const real = mask?.cast('float32');
    if (this.kind === 'cls') return oneHot(full([B], 0, { dtype: 'int32' }), T);
    if (this.score === null)
      return real === undefined ? full([B, T], 1 / T) : real.div(real.sum({ axis: 1, keepdim: true }).maximum(1));
    const scores = this.score.call(x).reshape([B, T]);
    if (mask === undefined || real === undefined) return softmax(scores);
    // A finite floor: a row of padding alone must not become NaN. Its weights are then taken away.
    return softmax(where(mask, scores, -1e9)).mul(real);
  }
}
