// The pooler of BERT, its kin and ViT: a map on the first token, as they were trained with.
import type { Tensor } from '@heddle/tensor';
import { type InitializerOptions, Linear, Module } from '@heddle/tensor/nn';
import { activate } from '../feed-forward';

/** Names of a pooler's weights in checkpoints, whatever stands in front of them. */
export const POOLER = /^(\w+\.)?pooler\./;

/** A bare model's config with the pooler that a checkpoint's names speak of, unless somebody chose. */
export function withPooler<Config extends { readonly pooler?: boolean | undefined }>(
  config: Config,
  names: readonly string[],
): Config {
  return { ...config, pooler: config.pooler ?? names.some((own) => POOLER.test(own)) };
}

/**
 * A dense layer and a tanh on the first token: what `transformers` calls `pooler_output`.
 *
 * @example
 * ```ts
 * import { Bert, bertConfig } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const model = new Bert(bertConfig({ vocabSize: 50, dim: 16, layers: 1, heads: 2, pooler: true })).eval();
 * const hidden = model.call({ ids: tensor([[1, 7, 9]], { dtype: 'int32' }) });
 * console.log(hidden.shape, model.pooler?.call(hidden).shape); // [1, 3, 16] [1, 16]
 * ```
 */
export class Pooler extends Module {
  readonly dense: Linear;

  constructor({ dim }: { readonly dim: number }, { generator }: InitializerOptions = {}) {
    super();
    this.dense = new Linear({ inputs: dim, outputs: dim, generator });
  }

  /**
   * @param x `[B, T, dim]`
   * @returns `[B, dim]`
   */
  override forward(x: Tensor): Tensor {
    return activate(this.dense.call(x.select(1, 0)), 'tanh');
  }
}
