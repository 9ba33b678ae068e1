// Stacks of layers: what torch.nn calls TransformerEncoder and TransformerDecoder, with the positions that belong to a
// whole stack.
import { ArgumentError, type Tensor } from '@heddle/tensor';
import { Module } from '@heddle/tensor/nn';
import { callCheckpointed } from './checkpointed-layer';
import { DecoderLayer, type DecoderLayerConfig, type DecoderLayerOptions } from './decoder-layer';
import { EncoderLayer, type EncoderOptions } from './encoder-layer';
import { requireWhole } from './errors';
import type { KeyValueCache } from './kv-cache';
import { type LayerConfig, makeNorm, type Norm } from './layer-config';
import { attentionMask } from './masks';
import { alibiBias } from './positions/alibi';
import { RelativeBias } from './positions/relative-bias';

/** Settings that a stack has besides those of its layers. */
export interface StackConfig {
  readonly layers: number;
  /** A norm after the last layer: true where nothing is said, but for post-norm layers. */
  readonly finalNorm?: boolean | undefined;
  /** Penalises distance (Press et al. 2021). */
  readonly alibi?: boolean | undefined;
  /** T5's learned bias on distance; the layers share it. */
  readonly relativeBias?: { readonly buckets?: number; readonly maxDistance?: number } | undefined;
  /** One layer's weights for all (ALBERT). */
  readonly shared?: boolean | undefined;
}

/** Layers, final norm and positional bias of a stack. */
abstract class Stack<L extends EncoderLayer | DecoderLayer> extends Module {
  static override readonly names: Readonly<Record<string, string>> = { relativeBias: 'relative_attention_bias' };

  readonly layers: readonly L[];
  readonly norm: Norm | null;
  readonly relativeBias: RelativeBias | null;
  /** Whether layers compute again what their gradients need, instead of keeping it; see `gradientCheckpointing`. */
  gradientCheckpointing = false;
  private readonly depth: number;
  private readonly alibiHeads: number;

  constructor(config: LayerConfig & StackConfig, make: (dropPath: number) => L, bidirectional: boolean) {
    super();
    const { layers, heads, relativeBias, generator, shared = false, alibi = false } = config;
    requireWhole(this.constructor.name, 'layers', layers);
    if (alibi && relativeBias !== undefined)
      throw new ArgumentError(this.constructor.name, 'alibi', 'either alibi or relativeBias', 'both');
    this.depth = layers;
    const depth = shared ? 1 : layers;
    const dropPath = config.dropPath ?? 0;
    this.layers = Array.from({ length: depth }, (_, i) => make(depth === 1 ? dropPath : (dropPath * i) / (depth - 1)));
    this.norm = (config.finalNorm ?? config.placement !== 'post') ? makeNorm(config) : null;
    this.relativeBias =
      relativeBias === undefined ? null : new RelativeBias({ ...relativeBias, heads, bidirectional, generator });
    this.alibiHeads = alibi ? heads : 0;
  }

  /** Layer by layer, and the norm. The masks are joined once for all layers. */
  protected climb(
    x: Tensor,
    past: number,
    { paddingMask, mask, bias, inspect }: EncoderOptions,
    step: (layer: L, h: Tensor, joined: Pick<EncoderOptions, 'mask'>, i: number) => Tensor,
  ): Tensor {
    const T = x.shape[1];
    const positional = this.positionalBias(T, past + T);
    const joined = {
      mask: attentionMask({
        paddingMask,
        mask,
        bias: bias === undefined ? positional : (positional?.add(bias) ?? bias),
      }),
    };
    let h = x;
    inspect?.note('hiddenStates', h);
    for (let i = 0; i < this.depth; i++) {
      h = step(this.layers[i % this.layers.length], h, joined, i);
      if (i < this.depth - 1) inspect?.note('hiddenStates', h);
    }
    const out = this.norm === null ? h : this.norm.call(h);
    inspect?.note('hiddenStates', out);
    return out;
  }

  /** One layer. What is looked into, routed or cached must be made in the open. */
  protected run(layer: L, h: Tensor, options: DecoderLayerOptions): Tensor {
    const { cache, inspect, routing } = options;
    const open = cache !== undefined || inspect !== undefined || routing !== undefined;
    const again = this.gradientCheckpointing && this.training && !open;
    return again ? callCheckpointed(layer, h, options) : layer.call(h, options);
  }

  private positionalBias(queries: number, keys: number): Tensor | undefined {
    if (this.relativeBias !== null) return this.relativeBias.call(queries, keys);
    return this.alibiHeads === 0 ? undefined : alibiBias(this.alibiHeads, keys);
  }
}

/** Settings of an `Encoder`. */
export interface EncoderConfig extends LayerConfig, StackConfig {}

/**
 * A stack of encoder layers over embedded tokens.
 *
 * @example
 * ```ts
 * import { Encoder } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const encoder = new Encoder({ dim: 32, heads: 4, layers: 2, norm: 'rms', activation: 'silu', gated: true });
 * console.log(encoder.call(randn([2, 5, 32])).shape); // [2, 5, 32]
 * ```
 */
export class Encoder extends Stack<EncoderLayer> {
  constructor(config: EncoderConfig) {
    super(config, (dropPath) => new EncoderLayer({ ...config, dropPath }), true);
  }

  /** @param x `[B, T, dim]` */
  override forward(x: Tensor, options: EncoderOptions = {}): Tensor {
    const { causal, positions, inspect, routing } = options;
    return this.climb(x, 0, options, (layer, h, joined) =>
      this.run(layer, h, { ...joined, causal, positions, inspect, routing }),
    );
  }
}

/** Settings of a `Decoder`. */
export interface DecoderConfig extends DecoderLayerConfig, StackConfig {}

/** What a call of a decoder may be given. */
export interface DecoderOptions extends Omit<DecoderLayerOptions, 'cache'> {
  readonly cache?: KeyValueCache | undefined;
}

/**
 * A stack of decoder layers over embedded tokens, with or without a memory.
 *
 * @example
 * ```ts
 * import { Decoder, Rope } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const decoder = new Decoder({ dim: 32, heads: 4, kvHeads: 2, layers: 2, rope: new Rope({ dim: 8 }) });
 * console.log(decoder.call(randn([2, 5, 32])).shape); // [2, 5, 32]
 * ```
 */
export class Decoder extends Stack<DecoderLayer> {
  constructor(config: DecoderConfig) {
    super(config, (dropPath) => new DecoderLayer({ ...config, dropPath }), false);
  }

  /**
   * @param x `[B, T, dim]`
   * @throws {ArgumentError} where the cache has another number of layers.
   */
  override forward(x: Tensor, options: DecoderOptions = {}): Tensor {
    const { cache, causal, positions, inspect, routing, memory, memoryPaddingMask } = options;
    if (cache !== undefined && cache.layers.length !== this.layers.length) {
      throw new ArgumentError('Decoder', 'cache', `one of ${this.layers.length} layers`, String(cache.layers.length));
    }
    const common = { causal, positions, inspect, routing, memory, memoryPaddingMask };
    return this.climb(x, cache?.length ?? 0, options, (layer, h, joined, i) =>
      this.run(layer, h, { ...joined, ...common, cache: cache?.layers[i] }),
    );
  }
}
