// How the tokens of a text become one vector, as sentence-transformers has it.
// https://github.com/UKPLab/sentence-transformers/blob/v3.0.1/sentence_transformers/models/Pooling.py
import { arange, argmax, matmul, oneHot, ones, type Tensor, where } from '@heddle/tensor';

/**
 * The first token, the largest of each number, the mean (over the number of tokens, its root, or weighted by position),
 * or the last token.
 */
export type SentencePooling = 'cls' | 'max' | 'mean' | 'meanSqrtLength' | 'weightedMean' | 'lastToken';

/** sentence-transformers' names, in the order in which several are put beside each other. */
export const poolingFields: Readonly<Record<SentencePooling, string>> = {
  cls: 'pooling_mode_cls_token',
  max: 'pooling_mode_max_tokens',
  mean: 'pooling_mode_mean_tokens',
  meanSqrtLength: 'pooling_mode_mean_sqrt_len_tokens',
  weightedMean: 'pooling_mode_weightedmean_tokens',
  lastToken: 'pooling_mode_lasttoken',
};

/**
 * `[B, T, D]` to `[B, D]`.
 *
 * @param real which tokens count, `[B, T]`: all where nothing is said
 */
export function poolTokens(x: Tensor, real: Tensor<'bool'> | undefined, pooling: SentencePooling): Tensor {
  const [B, T] = x.shape;
  const counts = real?.cast('float32') ?? ones([B, T]); // [B, T]
  const places = arange(1, T + 1).cast('float32'); // [T]
  switch (pooling) {
    case 'cls':
      return x.select(1, 0);
    case 'max':
      return (real === undefined ? x : where(real.unsqueeze(-1), x, -1e9)).max({ axis: 1 });
    case 'mean':
      return weighted(x, counts).div(total(counts));
    case 'meanSqrtLength':
      return weighted(x, counts).div(total(counts).sqrt());
    case 'weightedMean':
      return weighted(x, counts.mul(places)).div(total(counts.mul(places)));
    case 'lastToken': {
      const last = oneHot(argmax(counts.mul(places), { axis: 1 }), T); // [B, T]
      return matmul(last.mul(counts).unsqueeze(1), x).reshape([B, x.shape[2]]);
    }
  }
}

/** Vectors of length one. */
export function normalized(x: Tensor): Tensor {
  return x.div(x.norm({ axis: -1, keepdim: true }).maximum(1e-12));
}

function weighted(x: Tensor, weights: Tensor): Tensor {
  return x.mul(weights.unsqueeze(-1)).sum({ axis: 1 });
}

function total(weights: Tensor): Tensor {
  return weights.sum({ axis: 1, keepdim: true }).maximum(1e-9);
}
