// T5 (Raffel et al. 2020), version 1.1 and Flan too: relative positions, RMS norms, no biases, scores without a scale.
import type { EncoderConfig } from '../encoder';
import type { FeedForwardActivation } from '../feed-forward';
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import { EncoderDecoderLM } from './encoder-decoder-lm';
import type { ModelTarget } from './folder-target';

/** Settings of a `T5`. */
export interface T5Config {
  readonly vocabSize: number;
  readonly dim: number;
  readonly headDim: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly decoderLayers: number;
  readonly heads: number;
  readonly buckets: number;
  readonly maxDistance: number;
  readonly activation: FeedForwardActivation;
  readonly gated: boolean;
  readonly eps: number;
  readonly dropout: number;
  readonly tied: boolean;
  readonly startId: number;
  readonly eosIds: readonly number[];
  readonly padId: number;
}

/** T5's network has no limit: this one is against mistakes. */
export const t5Limits = { maxLength: 65_536 } as const;

/** What the layers of both of T5's stacks are like. */
export function t5Stack(config: T5Config): Omit<EncoderConfig, 'layers'> {
  const { dim, heads, headDim, hiddenDim, activation, gated, eps, dropout, buckets, maxDistance } = config;
  return {
    dim,
    heads,
    headDim,
    hiddenDim,
    activation,
    gated,
    eps,
    dropout,
    attentionDropout: dropout,
    activationDropout: dropout,
    bias: false,
    scale: 1,
    norm: 'rms',
    placement: 'pre',
    relativeBias: { buckets, maxDistance },
  };
}

/**
 * T5 with its language-model head.
 *
 * @example
 * ```ts
 * import { T5, t5Config } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const model = new T5(t5Config({ vocabSize: 100, dim: 32, headDim: 8, hiddenDim: 64, layers: 2, heads: 4 }));
 * const source = { ids: tensor([[5, 6, 7]], { dtype: 'int32' }) };
 * const target = { ids: tensor([[0, 8]], { dtype: 'int32' }) };
 * console.log(model.call(source, target).shape); // [1, 2, 100]
 * ```
 */
export class T5 extends EncoderDecoderLM {
  constructor(readonly config: T5Config) {
    const { dim, tied } = config;
    const layers = t5Stack(config);
    super({
      ...config,
      ...t5Limits,
      positions: 'none',
      encoder: { ...layers, layers: config.layers },
      decoder: { ...layers, layers: config.decoderLayers },
      headScale: tied ? dim ** -0.5 : 1,
    });
  }

  /** Loads a folder with config.json and safetensors; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(() => t5);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return t5.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(t5, this, this.config, target, options);
  }
}

/**
 * A config with T5's own defaults filled in.
 *
 * @example
 * ```ts
 * import { t5Config } from '@heddle/attention';
 * console.log(t5Config({ vocabSize: 100 }).dim); // 512
 * ```
 */
export function t5Config(config: Partial<T5Config> & Pick<T5Config, 'vocabSize'>): T5Config {
  return {
    dim: 512,
    headDim: 64,
    hiddenDim: 2_048,
    layers: 6,
    decoderLayers: config.layers ?? 6,
    heads: 8,
    buckets: 32,
    maxDistance: 128,
    activation: 'relu',
    gated: false,
    eps: 1e-6,
    dropout: 0.1,
    tied: true,
    startId: 0,
    eosIds: [1],
    padId: 0,
    ...config,
  };
}

/** T5's place in the loader. */
export const t5: Architecture<T5Config, T5> = {
  modelType: 't5',
  names: ['T5ForConditionalGeneration', 'T5Model'],
  read: (reader) => {
    const forward = reader.word('feed_forward_proj', ['relu', 'gated-gelu', 'gated-silu', 'gelu', 'silu'], 'relu');
    const gated = forward.startsWith('gated-');
    const activations = {
      relu: 'relu',
      'gated-gelu': 'geluTanh',
      'gated-silu': 'silu',
      gelu: 'gelu',
      silu: 'silu',
    } as const;
    const layers = reader.layers('num_layers', 6);
    const padId = reader.ids('pad_token_id')[0] ?? 0;
    return {
      vocabSize: reader.whole('vocab_size', 32_128),
      dim: reader.whole('d_model', 512),
      headDim: reader.whole('d_kv', 64),
      hiddenDim: reader.whole('d_ff', 2_048),
      layers,
      decoderLayers: reader.layers('num_decoder_layers', layers),
      heads: reader.whole('num_heads', 8),
      buckets: reader.whole('relative_attention_num_buckets', 32),
      maxDistance: reader.whole('relative_attention_max_distance', 128),
      activation: activations[forward],
      gated,
      eps: reader.number('layer_norm_epsilon', 1e-6),
      dropout: reader.number('dropout_rate', 0.1),
      tied: reader.flag('tie_word_embeddings', true),
      startId: reader.ids('decoder_start_token_id')[0] ?? padId,
      eosIds: reader.ids('eos_token_id'),
      padId,
    };
  },
  write: (config) => ({
    vocab_size: config.vocabSize,
    d_model: config.dim,
    d_kv: config.headDim,
    d_ff: config.hiddenDim,
    num_layers: config.layers,
    num_decoder_layers: config.decoderLayers,
    num_heads: config.heads,
    relative_attention_num_buckets: config.buckets,
    relative_attention_max_distance: config.maxDistance,
    feed_forward_proj: `${config.gated ? 'gated-' : ''}${config.activation === 'geluTanh' ? 'gelu' : config.activation}`,
    layer_norm_epsilon: config.eps,
    dropout_rate: config.dropout,
    tie_word_embeddings: config.tied,
    is_encoder_decoder: true,
    decoder_start_token_id: config.startId,
    eos_token_id: config.eosIds[0] ?? null,
    pad_token_id: config.padId,
  }),
  parameters: ({ vocabSize, dim, heads, headDim, hiddenDim, layers, decoderLayers, buckets }) =>
    2 * vocabSize * dim +
    2 * buckets * heads +
    (layers + 2 * decoderLayers) * (4 * dim * heads * headDim + 3 * dim * hiddenDim),
  make: (config) => new T5(config),
  layout: ({ gated, tied }) => ({
    names: {
      embedding: 'shared',
      head: 'lm_head',
      ...stack('encoder', [['self_attn', 'SelfAttention']], gated),
      ...stack(
        'decoder',
        [
          ['self_attn', 'SelfAttention'],
          ['multihead_attn', 'EncDecAttention'],
        ],
        gated,
      ),
    },
    ignored: [/(^|\.)(encoder|decoder)\.embed_tokens\.weight$/, ...(tied ? [/^lm_head\.weight$/] : [])],
  }),
};

/** The names of one stack: a block holds a numbered sublayer for each attention, then one for the feed-forward. */
function stack(
  side: string,
  attentions: readonly (readonly [ours: string, theirs: string])[],
  gated: boolean,
): Record<string, string> {
  const last = attentions.length;
  const names: Record<string, string> = {
    [`${side}.norm`]: `${side}.final_layer_norm`,
    [`${side}.relative_attention_bias`]: `${side}.block.0.layer.0.SelfAttention.relative_attention_bias`,
    [`${side}.layers.*.norm${last + 1}`]: `${side}.block.*.layer.${last}.layer_norm`,
    [`${side}.layers.*.linear1`]: `${side}.block.*.layer.${last}.DenseReluDense.${gated ? 'wi_1' : 'wi'}`,
    [`${side}.layers.*.gate`]: `${side}.block.*.layer.${last}.DenseReluDense.wi_0`,
    [`${side}.layers.*.linear2`]: `${side}.block.*.layer.${last}.DenseReluDense.wo`,
  };
  attentions.forEach(([ours, theirs], i) => {
    names[`${side}.layers.*.norm${i + 1}`] = `${side}.block.*.layer.${i}.layer_norm`;
    for (const [own, short] of [
      ['q_proj', 'q'],
      ['k_proj', 'k'],
      ['v_proj', 'v'],
      ['out_proj', 'o'],
    ])
      names[`${side}.layers.*.${ours}.${own}`] = `${side}.block.*.layer.${i}.${theirs}.${short}`;
  });
  return names;
}
