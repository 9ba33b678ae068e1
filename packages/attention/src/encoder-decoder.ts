// An encoder that reads and a decoder that writes (Vaswani et al. 2017), over embedded tokens.
import type { AnyTensor, Tensor } from '@heddle/tensor';
import { Module } from '@heddle/tensor/nn';
import { Decoder, type DecoderConfig, Encoder, type EncoderConfig } from './encoder';

/** Settings of the two stacks; what both share is said once. */
export interface EncoderDecoderConfig extends EncoderConfig {
  /** What differs in the decoder, such as its number of layers. */
  readonly decoder?: Partial<DecoderConfig>;
}

/**
 * As `torch.nn.Transformer`.
 *
 * @example
 * ```ts
 * import { EncoderDecoder } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const model = new EncoderDecoder({ dim: 32, heads: 4, layers: 2, placement: 'post' });
 * console.log(model.call(randn([1, 7, 32]), randn([1, 4, 32])).shape); // [1, 4, 32]
 * ```
 */
export class EncoderDecoder extends Module {
  readonly encoder: Encoder;
  readonly decoder: Decoder;

  constructor({ decoder, ...config }: EncoderDecoderConfig) {
    super();
    this.encoder = new Encoder(config);
    this.decoder = new Decoder({ ...config, cross: true, ...decoder });
  }

  /**
   * @param source `[B, S, dim]`
   * @param target `[B, T, dim]`
   * @returns `[B, T, dim]`
   */
  override forward(
    source: Tensor,
    target: Tensor,
    options: { readonly sourcePaddingMask?: AnyTensor; readonly targetPaddingMask?: AnyTensor } = {},
  ): Tensor {
    const { sourcePaddingMask, targetPaddingMask } = options;
    const memory = this.encoder.call(source, { paddingMask: sourcePaddingMask });
    return this.decoder.call(target, { memory, memoryPaddingMask: sourcePaddingMask, paddingMask: targetPaddingMask });
  }
}
