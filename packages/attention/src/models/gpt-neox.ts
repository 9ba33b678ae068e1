// GPT-NeoX and Pythia (Black et al. 2022; Biderman et al. 2023): attention and feed-forward side by side, rotary positions
// on a part of each head.
import type { FeedForwardActivation } from '../feed-forward';
import { Rope } from '../positions/rope';
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import { activationName } from './config-reader';
import { DecoderLM } from './decoder-lm';
import type { ModelTarget } from './folder-target';

/** Settings of a `GptNeoX`. */
export interface GptNeoXConfig {
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly dim: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: FeedForwardActivation;
  readonly eps: number;
  readonly theta: number;
  /** Part of a head that is turned. */
  readonly rotaryShare: number;
  /** Whether both sublayers read the same input. */
  readonly parallel: boolean;
  readonly tied: boolean;
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly bosId?: number | undefined;
  readonly eosIds: readonly number[];
  readonly padId?: number | undefined;
}

/**
 * GPT-NeoX with its language-model head.
 *
 * @example
 * ```ts no-run
 * import { GptNeoX } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = await GptNeoX.fromPretrained('models/pythia-70m');
 * ```
 */
export class GptNeoX extends DecoderLM {
  constructor(readonly config: GptNeoXConfig) {
    const { dim, heads, rotaryShare, theta, parallel } = config;
    const rotaryDim = Math.floor((dim / heads) * rotaryShare);
    super({
      ...config,
      placement: parallel ? 'parallel' : 'pre',
      rope: new Rope({ dim: dim / heads, rotaryDim, theta }),
    });
  }

  /** Loads a folder with config.json and safetensors; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(() => gptNeoX);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return gptNeoX.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(gptNeoX, this, this.config, target, options);
  }
}

/** GPT-NeoX's place in the loader. */
export const gptNeoX: Architecture<GptNeoXConfig, GptNeoX> = {
  modelType: 'gpt_neox',
  names: ['GPTNeoXForCausalLM', 'GPTNeoXModel'],
  read: (reader) => {
    const dim = reader.whole('hidden_size');
    const heads = reader.whole('num_attention_heads');
    if (dim % heads !== 0)
      reader.problem(`num_attention_heads: expected a divisor of hidden_size = ${dim}, got ${heads}`);
    return {
      vocabSize: reader.whole('vocab_size'),
      maxLength: reader.whole('max_position_embeddings', 2_048),
      dim,
      hiddenDim: reader.whole('intermediate_size'),
      layers: reader.layers('num_hidden_layers'),
      heads,
      activation: reader.activation('hidden_act', 'gelu'),
      eps: reader.number('layer_norm_eps', 1e-5),
      theta: reader.number('rotary_emb_base', 10_000),
      rotaryShare: reader.number('rotary_pct', 0.25),
      parallel: reader.flag('use_parallel_residual', true),
      tied: reader.flag('tie_word_embeddings', false),
      dropout: reader.number('hidden_dropout', 0),
      attentionDropout: reader.number('attention_dropout', 0),
      bosId: reader.ids('bos_token_id')[0],
      eosIds: reader.ids('eos_token_id'),
      padId: reader.ids('pad_token_id')[0],
    };
  },
  write: (config) => ({
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxLength,
    hidden_size: config.dim,
    intermediate_size: config.hiddenDim,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    hidden_act: activationName(config.activation),
    layer_norm_eps: config.eps,
    rotary_emb_base: config.theta,
    rotary_pct: config.rotaryShare,
    use_parallel_residual: config.parallel,
    tie_word_embeddings: config.tied,
    hidden_dropout: config.dropout,
    attention_dropout: config.attentionDropout,
    bos_token_id: config.bosId ?? null,
    eos_token_id: config.eosIds[0] ?? null,
    pad_token_id: config.padId ?? null,
  }),
  parameters: ({ vocabSize, dim, hiddenDim, layers }) =>
    2 * vocabSize * dim + layers * (4 * dim * dim + 2 * dim * hiddenDim),
  make: (config) => new GptNeoX(config),
  layout: ({ heads }) => ({
    names: {
      embedding: 'gpt_neox.embed_in',
      'decoder.layers.*.self_attn.out_proj': 'gpt_neox.layers.*.attention.dense',
      'decoder.layers.*.norm1': 'gpt_neox.layers.*.input_layernorm',
      'decoder.layers.*.norm2': 'gpt_neox.layers.*.post_attention_layernorm',
      'decoder.layers.*.linear1': 'gpt_neox.layers.*.mlp.dense_h_to_4h',
      'decoder.layers.*.linear2': 'gpt_neox.layers.*.mlp.dense_4h_to_h',
      'decoder.norm': 'gpt_neox.final_layer_norm',
      head: 'embed_out',
    },
    packed: [
      {
        theirs: 'gpt_neox.layers.*.attention.query_key_value',
        ours: [
          'decoder.layers.*.self_attn.q_proj',
          'decoder.layers.*.self_attn.k_proj',
          'decoder.layers.*.self_attn.v_proj',
        ],
        perHead: heads,
      },
    ],
    prefix: 'gpt_neox.',
    ignored: [/\.attention\.(masked_)?bias$/, /rotary_emb\.inv_freq$/],
  }),
};
