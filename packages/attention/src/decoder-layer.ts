// A layer of a decoder: causal attention to itself, attention to a memory where there is one, then a feed-forward.
import { ArgumentError, type Tensor } from '@heddle/tensor';
import type { LayerCache } from './kv-cache';
import { attentionConfig, type LayerConfig, makeNorm, type Norm, residual } from './layer-config';
import { type AttendOptions, MultiHeadAttention } from './multi-head-attention';
import { type SelfAttendOptions, TransformerLayer } from './transformer-layer';

/** Settings of a decoder layer. */
export interface DecoderLayerConfig extends LayerConfig {
  /**
   * Whether it looks at a memory: `optional` where it also does without one. False where nothing is said: a language
   * model's layer.
   */
  readonly cross?: boolean | 'optional' | undefined;
  /** Width of the memory's tokens, where it differs. */
  readonly memoryDim?: number | undefined;
}

/** What a call of a decoder layer may be given. It is causal unless told otherwise. */
export interface DecoderLayerOptions extends Omit<SelfAttendOptions, 'cache'> {
  /** What the encoder made, `[B, S, memoryDim]`. */
  readonly memory?: Tensor | undefined;
  /** Which tokens of the memory are real, `[B, S]`. */
  readonly memoryPaddingMask?: AttendOptions['paddingMask'];
  /** Keys and values of the tokens before; see `KeyValueCache`. */
  readonly cache?: LayerCache | undefined;
}

/**
 * As `torch.nn.TransformerDecoderLayer`, or a layer of a language model where `cross` is off.
 *
 * @example
 * ```ts
 * import { DecoderLayer } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const layer = new DecoderLayer({ dim: 32, heads: 4, cross: true });
 * console.log(layer.call(randn([1, 3, 32]), { memory: randn([1, 9, 32]) }).shape); // [1, 3, 32]
 * ```
 */
export class DecoderLayer extends TransformerLayer {
  static override readonly names: Readonly<Record<string, string>> = {
    ...TransformerLayer.names,
    crossAttn: 'multihead_attn',
  };

  readonly crossAttn: MultiHeadAttention | null;
  /** The feed-forward's norm, where the second one belongs to the memory: as PyTorch counts them. */
  readonly norm3: Norm | null;
  readonly postNorm3: Norm | null;
  private readonly optional: boolean;

  /** @throws {ArgumentError} where sublayers beside each other are asked for together with a memory. */
  constructor(config: DecoderLayerConfig) {
    super(config);
    const { cross = false, memoryDim } = config;
    this.optional = cross === 'optional';
    if (cross && config.placement === 'parallel')
      throw new ArgumentError('DecoderLayer', 'placement', 'another one than parallel beside a memory', 'parallel');
    this.crossAttn = cross
      ? new MultiHeadAttention({ ...attentionConfig(config), memoryDim, rope: undefined, window: undefined })
      : null;
    this.norm3 = cross ? makeNorm(config) : null;
    this.postNorm3 = cross && config.placement === 'sandwich' ? makeNorm(config) : null;
  }

  /**
   * @param x `[B, T, dim]`
   * @throws {ArgumentError} where a memory is missing that isn't optional, or given to a layer that has no use for one.
   */
  override forward(x: Tensor, options: DecoderLayerOptions = {}): Tensor {
    const { memory, memoryPaddingMask, cache, causal = true, ...rest } = options;
    const self = { ...rest, causal, cache: cache?.self };
    const { crossAttn, norm3 } = this;
    if (crossAttn === null || norm3 === null) {
      if (memory !== undefined)
        throw new ArgumentError('DecoderLayer', 'memory', 'none, as the layer was made without `cross`', 'a tensor');
      return this.run(x, self);
    }
    if (memory === undefined && !this.optional)
      throw new ArgumentError('DecoderLayer', 'memory', 'what the encoder made', 'none');
    const look = { memory, paddingMask: memoryPaddingMask, cache: cache?.cross, inspect: options.inspect };
    const attended = residual(x, this.joining(this.norm1, this.postNorm1), (h) => this.selfAttn.call(h, self));
    const informed =
      memory === undefined
        ? attended
        : residual(attended, this.joining(this.norm2, this.postNorm2), (h) => crossAttn.call(h, look));
    return residual(informed, this.joining(norm3, this.postNorm3), (h) => this.feed(h, options));
  }
}
