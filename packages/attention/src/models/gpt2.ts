// GPT-2 (Radford et al. 2019): learned positions, pre-norm layers, queries, keys and values in one turned-around matrix.
import { ArgumentError, type Tensor } from '@heddle/tensor';
import { Dropout, Linear } from '@heddle/tensor/nn';
import type { FeedForwardActivation } from '../feed-forward';
import { batchTensors, type TextBatch } from '../text-batch';
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import { activationName, type ConfigReader } from './config-reader';
import { DecoderLM, type LanguageOptions } from './decoder-lm';
import type { ModelTarget } from './folder-target';
import { poolTokens } from './sentence-pooling';

/** Settings of a `Gpt2`. */
export interface Gpt2Config {
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  readonly hiddenDim: number;
  readonly activation: FeedForwardActivation;
  readonly eps: number;
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly embeddingDropout: number;
  readonly bosId?: number | undefined;
  readonly eosIds: readonly number[];
  readonly padId?: number | undefined;
  /** Whether it also scores texts, of which one is to be chosen: `GPT2DoubleHeadsModel`. No where nothing is said. */
  readonly choice?: boolean | undefined;
  /** Of what goes into that score. */
  readonly choiceDropout?: number | undefined;
}

/**
 * GPT-2 with its language-model head.
 *
 * @example
 * ```ts
 * import { Gpt2, gpt2Config } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const model = new Gpt2(gpt2Config({ vocabSize: 100, dim: 32, layers: 2, heads: 4, maxLength: 64 }));
 * console.log(model.call({ ids: tensor([[1, 2, 3]], { dtype: 'int32' }) }).shape); // [1, 3, 100]
 * ```
 */
export class Gpt2 extends DecoderLM {
  readonly choiceHead: Linear | null;
  readonly choiceDropout: Dropout;

  constructor(readonly config: Gpt2Config) {
    super({ ...config, learnedPositions: true, placement: 'pre', tied: true });
    this.choiceHead = config.choice ? new Linear({ inputs: config.dim, outputs: 1 }) : null;
    this.choiceDropout = new Dropout(config.choiceDropout ?? 0.1);
  }

  /**
   * Both heads after one reading: logits, `[B, T, vocabSize]`, and a score for each text by its last real token, `[B, 1]`,
   * to be reshaped to `[questions, choices]`.
   *
   * @throws {ArgumentError} where the model has no such head.
   */
  choices(batch: TextBatch, options: LanguageOptions = {}): { readonly logits: Tensor; readonly scores: Tensor } {
    if (this.choiceHead === null) throw new ArgumentError('Gpt2', 'choice', 'a model made with it', 'none');
    const read = batchTensors('Gpt2', batch, this);
    const h = this.hidden(read, options); // [B, T, dim]
    const last = poolTokens(h, read.mask, 'lastToken');
    return { logits: this.logits(h), scores: this.choiceHead.call(this.choiceDropout.call(last)) };
  }

  /**
   * Loads a folder with config.json and safetensors.
   *
   * @throws {FormatError} where a file is missing or damaged, listing everything that is wrong with the config.
   * @throws {StateDictError} listing every missing, unexpected and mis-shaped weight.
   */
  static readonly fromPretrained = loaderOf(() => gpt2);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return gpt2.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(gpt2, this, this.config, target, options);
  }
}

/**
 * A config with GPT-2's own defaults filled in: the 124 million parameters of its smallest where nothing is said.
 *
 * @example
 * ```ts
 * import { gpt2Config } from '@heddle/attention';
 * console.log(gpt2Config().dim); // 768
 * ```
 */
export function gpt2Config(config: Partial<Gpt2Config> = {}): Gpt2Config {
  const dim = config.dim ?? 768;
  return {
    vocabSize: 50_257,
    maxLength: 1_024,
    dim,
    layers: 12,
    heads: 12,
    hiddenDim: 4 * dim,
    activation: 'geluTanh',
    eps: 1e-5,
    dropout: 0.1,
    attentionDropout: 0.1,
    embeddingDropout: 0.1,
    bosId: 50_256,
    eosIds: [50_256],
    ...config,
  };
}

/** Reads what there is of the head that scores texts, in the one form that checkpoints have. */
function readChoice(reader: ConfigReader): Pick<Gpt2Config, 'choice' | 'choiceDropout'> {
  reader.word('summary_type', ['cls_index'], 'cls_index');
  if (!reader.flag('summary_use_proj', true)) reader.problem('summary_use_proj: false is not supported');
  if (reader.has('summary_activation')) reader.problem('summary_activation: none is supported');
  if ((reader.labels() ?? ['']).length !== 1) reader.problem('num_labels: expected 1, one score a text');
  return { choice: true, choiceDropout: reader.number('summary_first_dropout', 0.1) };
}

const DOUBLE = 'GPT2DoubleHeadsModel';

/** GPT-2's place in the loader. */
export const gpt2: Architecture<Gpt2Config, Gpt2> = {
  modelType: 'gpt2',
  names: ['GPT2LMHeadModel', 'GPT2Model', DOUBLE],
  read: (reader) => {
    const dim = reader.whole('n_embd', 768);
    const heads = reader.whole('n_head', 12);
    if (dim % heads !== 0) reader.problem(`n_head: expected a divisor of n_embd = ${dim}, got ${heads}`);
    reader.only('scale_attn_by_inverse_layer_idx', false);
    reader.only('scale_attn_weights', true);
    reader.onlyTied();
    return {
      vocabSize: reader.whole('vocab_size', 50_257),
      maxLength: reader.whole('n_positions', 1_024),
      dim,
      layers: reader.layers('n_layer', 12),
      heads,
      hiddenDim: reader.whole('n_inner', 4 * dim),
      activation: reader.activation('activation_function', 'gelu_new'),
      eps: reader.number('layer_norm_epsilon', 1e-5),
      dropout: reader.number('resid_pdrop', 0.1),
      attentionDropout: reader.number('attn_pdrop', 0.1),
      embeddingDropout: reader.number('embd_pdrop', 0.1),
      bosId: reader.ids('bos_token_id')[0],
      eosIds: reader.ids('eos_token_id'),
      padId: reader.ids('pad_token_id')[0],
      ...(reader.architecture() === DOUBLE ? readChoice(reader) : {}),
    };
  },
  write: (config) => ({
    vocab_size: config.vocabSize,
    n_positions: config.maxLength,
    n_embd: config.dim,
    n_layer: config.layers,
    n_head: config.heads,
    n_inner: config.hiddenDim,
    activation_function: activationName(config.activation),
    layer_norm_epsilon: config.eps,
    resid_pdrop: config.dropout,
    attn_pdrop: config.attentionDropout,
    embd_pdrop: config.embeddingDropout,
    bos_token_id: config.bosId ?? null,
    eos_token_id: config.eosIds[0] ?? null,
    pad_token_id: config.padId ?? null,
    tie_word_embeddings: true,
    ...(config.choice
      ? { architectures: [DOUBLE], num_labels: 1, summary_first_dropout: config.choiceDropout ?? 0.1 }
      : {}),
  }),
  parameters: ({ vocabSize, maxLength, dim, layers, hiddenDim }) =>
    (vocabSize + maxLength) * dim + layers * (4 * dim * dim + 2 * dim * hiddenDim),
  make: (config) => new Gpt2(config),
  layout: () => ({
    names: {
      embedding: 'transformer.wte',
      position_embedding: 'transformer.wpe',
      'decoder.layers.*.self_attn.out_proj': 'transformer.h.*.attn.c_proj',
      'decoder.layers.*.norm1': 'transformer.h.*.ln_1',
      'decoder.layers.*.norm2': 'transformer.h.*.ln_2',
      'decoder.layers.*.linear1': 'transformer.h.*.mlp.c_fc',
      'decoder.layers.*.linear2': 'transformer.h.*.mlp.c_proj',
      'decoder.norm': 'transformer.ln_f',
      choice_head: 'multiple_choice_head.summary',
    },
    packed: [
      {
        theirs: 'transformer.h.*.attn.c_attn',
        ours: [
          'decoder.layers.*.self_attn.q_proj',
          'decoder.layers.*.self_attn.k_proj',
          'decoder.layers.*.self_attn.v_proj',
        ],
      },
    ],
    transposed: [
      'transformer.h.*.attn.c_attn',
      'transformer.h.*.attn.c_proj',
      'transformer.h.*.mlp.c_fc',
      'transformer.h.*.mlp.c_proj',
    ],
    prefix: 'transformer.',
    ignored: [/\.attn\.(masked_)?bias$/, /^lm_head\.weight$/],
  }),
};
