// One vector out of many: the first token's, the mean, the greatest values, or a learned weighing.
import { concat, equal, full, max, mean, oneHot, softmax, type Tensor, where } from '@heddle/tensor';
import { type InitializerOptions, Linear, Module } from '@heddle/tensor/nn';

/** The kinds of pooling there are. */
export const POOLINGS = ['cls', 'mean', 'max', 'meanMax', 'attention'] as const;

/**
 * How the tokens of a text become one vector. `meanMax` puts the mean and the greatest value of each dimension beside
 * each other (Howard & Ruder 2018, "concat pooling"): a word that settles the matter is heard however long the text is.
 */
export type PoolingKind = (typeof POOLINGS)[number];

// A finite floor: a row of padding alone must not become NaN.
const FLOOR = -1e9;

/**
 * `[B, T, dim]` to `[B, outputs]`. Padding takes no part; a row of nothing but padding gives zeros.
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
  /** Width of what comes out: twice `dim` with `meanMax`, else `dim`. */
  readonly outputs: number;
  readonly score: Linear | null;

  constructor({ dim, kind, generator }: InitializerOptions & { readonly dim: number; readonly kind: PoolingKind }) {
    super();
    this.kind = kind;
    this.outputs = kind === 'meanMax' ? 2 * dim : dim;
    this.score = kind === 'attention' ? new Linear({ inputs: dim, outputs: 1, generator }) : null;
  }

  override forward(x: Tensor, mask?: Tensor<'bool'>): Tensor {
    const { kind } = this;
    if (kind === 'cls') return mask === undefined ? x.select(1, 0) : x.select(1, 0).mul(hasToken(mask));
    if (kind === 'max') return greatest(x, mask);
    if (kind === 'meanMax') return concat([weighed(x, meanWeights(x, mask)), greatest(x, mask)], 1);
    return weighed(x, this.weights(x, mask));
  }

  /** What each token counts for, `[B, T]`; a row sums to one, or to zero where it is all padding. */
  weights(x: Tensor, mask?: Tensor<'bool'>): Tensor {
    const [B, T] = x.shape;
    const { kind, score } = this;
    if (kind === 'cls') {
      const first = oneHot(full([B], 0, { dtype: 'int32' }), T);
      return mask === undefined ? first : first.mul(hasToken(mask));
    }
    if (kind === 'mean') return meanWeights(x, mask);
    if (kind === 'max') return maxWeights(x, mask);
    if (kind === 'meanMax') return meanWeights(x, mask).add(maxWeights(x, mask)).mul(0.5);
    const scores = score?.call(x).reshape([B, T]) ?? full([B, T], 0);
    return mask === undefined ? softmax(scores) : softmax(where(mask, scores, FLOOR)).mul(mask.cast('float32'));
  }
}

/** 1 for rows that hold a token, else 0: `[B, 1]`. */
function hasToken(mask: Tensor<'bool'>): Tensor {
  return max(mask.cast('float32'), { axis: 1, keepdim: true });
}

/** `[B, T, dim]` by weights `[B, T]` to `[B, dim]` */
function weighed(x: Tensor, weights: Tensor): Tensor {
  const [B, , D] = x.shape;
  return weights.unsqueeze(1).matmul(x).reshape([B, D]);
}

function meanWeights(x: Tensor, mask: Tensor<'bool'> | undefined): Tensor {
  const [B, T] = x.shape;
  if (mask === undefined) return full([B, T], 1 / T);
  const real = mask.cast('float32');
  return real.div(real.sum({ axis: 1, keepdim: true }).maximum(1));
}

function greatest(x: Tensor, mask: Tensor<'bool'> | undefined): Tensor {
  if (mask === undefined) return max(x, { axis: 1 });
  return max(where(mask.unsqueeze(2), x, FLOOR), { axis: 1 }).mul(hasToken(mask));
}

// The share of the dimensions in which a token has the greatest value.
function maxWeights(x: Tensor, mask: Tensor<'bool'> | undefined): Tensor {
  const isGreatest = equal(x, greatest(x, mask).unsqueeze(1)).cast('float32'); // [B, T, dim]
  const shares = mean(isGreatest, { axis: 2 });
  const real = mask === undefined ? shares : shares.mul(mask.cast('float32'));
  return real.div(real.sum({ axis: 1, keepdim: true }).maximum(1e-12));
}
