// BLOOM (Workshop et al. 2022): ALiBi instead of positions, and a norm right after the embeddings.
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import { DecoderLM } from './decoder-lm';
import type { ModelTarget } from './folder-target';

/** Settings of a `Bloom`. */
export interface BloomConfig {
  readonly vocabSize: number;
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  readonly eps: number;
  readonly dropout: number;
  readonly attentionDropout: number;
  /** Tokens of the longest text that is read; the network itself has no limit. */
  readonly maxLength: number;
  readonly bosId?: number | undefined;
  readonly eosIds: readonly number[];
  readonly padId?: number | undefined;
}

/**
 * BLOOM with its language-model head.
 *
 * @example
 * ```ts no-run
 * import { Bloom } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = await Bloom.fromPretrained('models/bloom-560m');
 * ```
 */
export class Bloom extends DecoderLM {
  constructor(readonly config: BloomConfig) {
    super({ ...config, activation: 'geluTanh', placement: 'pre', alibi: true, embeddingNorm: true, tied: true });
  }

  /** Loads a folder with config.json and safetensors; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(() => bloom);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return bloom.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(bloom, this, this.config, target, options);
  }
}

/** BLOOM's place in the loader. */
export const bloom: Architecture<BloomConfig, Bloom> = {
  modelType: 'bloom',
  names: ['BloomForCausalLM', 'BloomModel'],
  read: (reader) => {
    const dim = reader.whole(reader.has('n_embed') ? 'n_embed' : 'hidden_size', 64);
    const heads = reader.whole(reader.has('num_attention_heads') ? 'num_attention_heads' : 'n_head', 8);
    if (dim % heads !== 0) reader.problem(`n_head: expected a divisor of hidden_size = ${dim}, got ${heads}`);
    reader.only('apply_residual_connection_post_layernorm', false);
    reader.onlyTied();
    return {
      vocabSize: reader.whole('vocab_size'),
      dim,
      layers: reader.layers(reader.has('num_hidden_layers') ? 'num_hidden_layers' : 'n_layer', 2),
      heads,
      eps: reader.number('layer_norm_epsilon', 1e-5),
      dropout: reader.number('hidden_dropout', 0),
      attentionDropout: reader.number('attention_dropout', 0),
      // `seq_length` of old configs is what training used, not a limit.
      maxLength: Math.max(2_048, reader.whole('seq_length', 2_048)),
      bosId: reader.ids('bos_token_id')[0],
      eosIds: reader.ids('eos_token_id'),
      padId: reader.ids('pad_token_id')[0],
    };
  },
  write: (config) => ({
    vocab_size: config.vocabSize,
    hidden_size: config.dim,
    n_layer: config.layers,
    n_head: config.heads,
    layer_norm_epsilon: config.eps,
    hidden_dropout: config.dropout,
    attention_dropout: config.attentionDropout,
    bos_token_id: config.bosId ?? null,
    eos_token_id: config.eosIds[0] ?? null,
    pad_token_id: config.padId ?? null,
  }),
  parameters: ({ vocabSize, dim, layers }) => vocabSize * dim + layers * 12 * dim * dim,
  make: (config) => new Bloom(config),
  layout: ({ heads }) => ({
    names: {
      embedding: 'transformer.word_embeddings',
      embedding_norm: 'transformer.word_embeddings_layernorm',
      'decoder.layers.*.self_attn.out_proj': 'transformer.h.*.self_attention.dense',
      'decoder.layers.*.norm1': 'transformer.h.*.input_layernorm',
      'decoder.layers.*.norm2': 'transformer.h.*.post_attention_layernorm',
      'decoder.layers.*.linear1': 'transformer.h.*.mlp.dense_h_to_4h',
      'decoder.layers.*.linear2': 'transformer.h.*.mlp.dense_4h_to_h',
      'decoder.norm': 'transformer.ln_f',
    },
    packed: [
      {
        theirs: 'transformer.h.*.self_attention.query_key_value',
        ours: [
          'decoder.layers.*.self_attn.q_proj',
          'decoder.layers.*.self_attn.k_proj',
          'decoder.layers.*.self_attn.v_proj',
        ],
        perHead: heads,
      },
    ],
    prefix: 'transformer.',
    ignored: [/^lm_head\.weight$/],
  }),
};
