// BART (Lewis et al. 2020) and Marian (Junczys-Dowmunt et al. 2018), which differ in their positions and a norm.
import type { FeedForwardActivation } from '../feed-forward';
import { type Architecture, loaderOf, memberOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import { activationName, type ConfigReader } from './config-reader';
import { EncoderDecoderLM } from './encoder-decoder-lm';
import type { ModelTarget } from './folder-target';

/** Settings of a `Bart`. */
export interface BartConfig {
  readonly family: 'bart' | 'marian';
  readonly vocabSize: number;
  readonly dim: number;
  readonly layers: number;
  readonly decoderLayers: number;
  readonly heads: number;
  readonly decoderHeads: number;
  readonly hiddenDim: number;
  readonly decoderHiddenDim: number;
  readonly maxLength: number;
  readonly activation: FeedForwardActivation;
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly activationDropout: number;
  /** Embeddings are multiplied with √dim. */
  readonly scaled: boolean;
  readonly startId: number;
  readonly eosIds: readonly number[];
  readonly padId: number;
  /** Whether there is a fixed number for each token, added to its logit: true where nothing is said. */
  readonly logitsBias?: boolean | undefined;
}

/**
 * BART or Marian with its language-model head.
 *
 * @example
 * ```ts no-run
 * import { Bart } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = await Bart.fromPretrained('models/opus-mt-en-de');
 * ```
 */
export class Bart extends EncoderDecoderLM {
  constructor(readonly config: BartConfig) {
    const { family, dim, activation, dropout, attentionDropout, activationDropout } = config;
    const layers = { dim, activation, dropout, attentionDropout, activationDropout, placement: 'post' } as const;
    const { heads, hiddenDim, decoderHeads, decoderHiddenDim } = config;
    super({
      ...config,
      positions: family === 'bart' ? 'learned' : 'sinusoidal',
      positionOffset: 2,
      embeddingNorm: family === 'bart',
      embeddingScale: config.scaled ? Math.sqrt(dim) : 1,
      encoder: { ...layers, layers: config.layers, heads, hiddenDim },
      decoder: { ...layers, layers: config.decoderLayers, heads: decoderHeads, hiddenDim: decoderHiddenDim },
      tied: true,
      logitsBias: config.logitsBias ?? true,
      fixedPadding: true,
    });
  }

  /** Loads a folder with config.json and safetensors; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf((source) => memberOf(bartFamilies, source, bartFamilies.bart));

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return bartFamilies[this.config.family].layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(bartFamilies[this.config.family], this, this.config, target, options);
  }
}

function read(reader: ConfigReader, family: BartConfig['family']): BartConfig {
  const dim = reader.whole('d_model', 1_024);
  for (const name of ['encoder_attention_heads', 'decoder_attention_heads'])
    if (dim % reader.whole(name, 16) !== 0) reader.problem(`${name}: expected a divisor of d_model = ${dim}`);
  reader.only('share_encoder_decoder_embeddings', true);
  reader.onlyTied();
  const padId = reader.ids('pad_token_id')[0] ?? 1;
  return {
    family,
    vocabSize: reader.whole('vocab_size'),
    dim,
    layers: reader.layers('encoder_layers', 12),
    decoderLayers: reader.layers('decoder_layers', 12),
    heads: reader.whole('encoder_attention_heads', 16),
    decoderHeads: reader.whole('decoder_attention_heads', 16),
    hiddenDim: reader.whole('encoder_ffn_dim', 4 * dim),
    decoderHiddenDim: reader.whole('decoder_ffn_dim', 4 * dim),
    maxLength: reader.whole('max_position_embeddings', 1_024),
    activation: reader.activation('activation_function', 'gelu'),
    dropout: reader.number('dropout', 0.1),
    attentionDropout: reader.number('attention_dropout', 0),
    activationDropout: reader.number('activation_dropout', 0),
    scaled: reader.flag('scale_embedding', false),
    startId: reader.ids('decoder_start_token_id')[0] ?? padId,
    eosIds: reader.ids('eos_token_id'),
    padId,
  };
}

function write(config: BartConfig): object {
  return {
    vocab_size: config.vocabSize,
    d_model: config.dim,
    encoder_layers: config.layers,
    decoder_layers: config.decoderLayers,
    encoder_attention_heads: config.heads,
    decoder_attention_heads: config.decoderHeads,
    encoder_ffn_dim: config.hiddenDim,
    decoder_ffn_dim: config.decoderHiddenDim,
    max_position_embeddings: config.maxLength,
    activation_function: config.activation === 'silu' ? 'swish' : activationName(config.activation),
    dropout: config.dropout,
    attention_dropout: config.attentionDropout,
    activation_dropout: config.activationDropout,
    scale_embedding: config.scaled,
    is_encoder_decoder: true,
    decoder_start_token_id: config.startId,
    eos_token_id: config.eosIds[0] ?? null,
    forced_eos_token_id: null,
    pad_token_id: config.padId,
    ...(config.family === 'marian'
      ? { decoder_vocab_size: config.vocabSize, share_encoder_decoder_embeddings: true }
      : {}),
  };
}

const layer = (side: string): Record<string, string> => ({
  [`${side}.layers.*.self_attn.q_proj`]: `model.${side}.layers.*.self_attn.q_proj`,
  [`${side}.layers.*.self_attn.k_proj`]: `model.${side}.layers.*.self_attn.k_proj`,
  [`${side}.layers.*.self_attn.v_proj`]: `model.${side}.layers.*.self_attn.v_proj`,
  [`${side}.layers.*.self_attn.out_proj`]: `model.${side}.layers.*.self_attn.out_proj`,
  [`${side}.layers.*.norm1`]: `model.${side}.layers.*.self_attn_layer_norm`,
  [`${side}.layers.*.linear1`]: `model.${side}.layers.*.fc1`,
  [`${side}.layers.*.linear2`]: `model.${side}.layers.*.fc2`,
});

const layout: CheckpointLayout = {
  names: {
    embedding: 'model.shared',
    encoder_positions: 'model.encoder.embed_positions',
    decoder_positions: 'model.decoder.embed_positions',
    encoder_norm: 'model.encoder.layernorm_embedding',
    decoder_norm: 'model.decoder.layernorm_embedding',
    ...layer('encoder'),
    ...layer('decoder'),
    'encoder.layers.*.norm2': 'model.encoder.layers.*.final_layer_norm',
    'decoder.layers.*.multihead_attn.q_proj': 'model.decoder.layers.*.encoder_attn.q_proj',
    'decoder.layers.*.multihead_attn.k_proj': 'model.decoder.layers.*.encoder_attn.k_proj',
    'decoder.layers.*.multihead_attn.v_proj': 'model.decoder.layers.*.encoder_attn.v_proj',
    'decoder.layers.*.multihead_attn.out_proj': 'model.decoder.layers.*.encoder_attn.out_proj',
    'decoder.layers.*.norm2': 'model.decoder.layers.*.encoder_attn_layer_norm',
    'decoder.layers.*.norm3': 'model.decoder.layers.*.final_layer_norm',
  },
  prefix: 'model.',
  ignored: [/(encoder|decoder)\.embed_tokens\.weight$/, /^lm_head\.weight$/],
};

function member(
  family: BartConfig['family'],
  names: readonly string[],
  own: CheckpointLayout,
): Architecture<BartConfig, Bart> {
  return {
    modelType: family,
    names,
    read: (reader) => read(reader, family),
    write,
    parameters: ({ vocabSize, maxLength, dim, hiddenDim, decoderHiddenDim, layers, decoderLayers }) =>
      (vocabSize + 2 * maxLength) * dim +
      layers * (4 * dim * dim + 2 * dim * hiddenDim) +
      decoderLayers * (8 * dim * dim + 2 * dim * decoderHiddenDim),
    make: (config) => new Bart(config),
    layout: () => own,
  };
}

/** Each family's place in the loader. */
export const bartFamilies: Readonly<Record<BartConfig['family'], Architecture<BartConfig, Bart>>> = {
  bart: member('bart', ['BartForConditionalGeneration', 'BartModel'], layout),
  // Marian's positions are computed, though files hold them.
  marian: member('marian', ['MarianMTModel', 'MarianModel'], {
    ...layout,
    ignored: [...(layout.ignored ?? []), /embed_positions\.weight$/],
  }),
};
