// A layer of an encoder: attention to itself, then a feed-forward, each added to what came in.
import type { Tensor } from '@heddle/tensor';
import { type SelfAttendOptions, TransformerLayer } from './transformer-layer';

/** What a call of an encoder layer may be given. */
export type EncoderOptions = Omit<SelfAttendOptions, 'cache'>;

/**
 * Self-attention and feed-forward, as `torch.nn.TransformerEncoderLayer`; pre-norm unless `placement` says otherwise.
 *
 * @example
 * ```ts
 * import { EncoderLayer } from '@heddle/attention';
 * import { init, randn, tensor } from '@heddle/tensor';
 * await init();
 * const layer = new EncoderLayer({ dim: 32, heads: 4, dropout: 0.1 });
 * const paddingMask = tensor([[true, true, false]]);
 * console.log(layer.call(randn([1, 3, 32]), { paddingMask }).shape); // [1, 3, 32]
 * ```
 */
export class EncoderLayer extends TransformerLayer {
  /** @param x `[B, T, dim]` */
  override forward(x: Tensor, options: EncoderOptions = {}): Tensor {
    return this.run(x, options);
  }
}
