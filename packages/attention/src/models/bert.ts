// BERT (Devlin et al. 2019), and what RoBERTa (Liu et al. 2019), XLM-R (Conneau et al. 2020), DistilBERT (Sanh et al.
// 2019), ALBERT (Lan et al. 2020) and ELECTRA (Clark et al. 2020) do differently: their configs and their names.
import type { FeedForwardActivation } from '../feed-forward';
import {
  type Architecture,
  loaderOf,
  type ModelTarget,
  readModelConfig,
  type SavePretrainedOptions,
  writePretrained,
} from './architecture';
import type { CheckpointLayout } from './checkpoint';
import { activationName, type ConfigReader } from './config-reader';
import { type EncoderHead, EncoderModel, type EncoderModelConfig } from './encoder-model';

/** The families that share the network. */
export type BertFamily = 'bert' | 'roberta' | 'xlm-roberta' | 'distilbert' | 'albert' | 'electra';

/** Settings of a `Bert`. */
export interface BertConfig extends EncoderModelConfig {
  readonly family: BertFamily;
  /** Width of the embeddings: that of tokens, but in ALBERT and ELECTRA. */
  readonly embeddingDim: number;
}

/**
 * BERT or one of its kin, with a head or without.
 *
 * @example
 * ```ts
 * import { Bert, bertConfig } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const config = bertConfig({ vocabSize: 100, dim: 32, layers: 2, heads: 4, head: 'classification', labels: ['a', 'b'] });
 * const model = new Bert(config);
 * console.log(model.call({ ids: tensor([[1, 2, 3]], { dtype: 'int32' }) }).shape); // [1, 2]
 * ```
 */
export class Bert extends EncoderModel {
  constructor(override readonly config: BertConfig) {
    const { family, embeddingDim } = config;
    super(config, {
      embeddingDim,
      positionOffset: isRoberta(family) ? config.padId + 1 : 0,
      shared: family === 'albert',
      headActivation: headActivations[family],
    });
  }

  /** Loads a folder with config.json and safetensors; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(async (source) => {
    const { model_type: type } = await readModelConfig(source);
    return Object.values(bertFamilies).find(({ modelType }) => modelType === type) ?? bertFamilies.bert;
  });

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return bertFamilies[this.config.family].layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(bertFamilies[this.config.family], this, this.config, target, options);
  }
}

/** Whether positions are counted from the padding id on. */
const isRoberta = (family: BertFamily): boolean => family === 'roberta' || family === 'xlm-roberta';

const headActivations: Readonly<Record<BertFamily, FeedForwardActivation | 'tanh'>> = {
  bert: 'tanh',
  roberta: 'tanh',
  'xlm-roberta': 'tanh',
  distilbert: 'relu',
  albert: 'tanh',
  electra: 'gelu',
};

/**
 * A config with BERT's own defaults filled in.
 *
 * @example
 * ```ts
 * import { bertConfig } from '@heddle/attention';
 * console.log(bertConfig({ vocabSize: 100 }).dim); // 768
 * ```
 */
export function bertConfig(config: Partial<BertConfig> & Pick<BertConfig, 'vocabSize'>): BertConfig {
  const dim = config.dim ?? 768;
  return {
    dim,
    hiddenDim: 4 * dim,
    layers: 12,
    heads: 12,
    maxLength: 512,
    activation: 'gelu',
    eps: 1e-12,
    dropout: 0.1,
    attentionDropout: 0.1,
    padId: 0,
    typeCount: 2,
    head: 'none',
    labels: [],
    family: 'bert',
    embeddingDim: dim,
    ...config,
  };
}

const headNames: readonly (readonly [EncoderHead, string])[] = [
  ['classification', 'ForSequenceClassification'],
  ['tokens', 'ForTokenClassification'],
  ['span', 'ForQuestionAnswering'],
  ['maskedLM', 'ForMaskedLM'],
  ['none', 'Model'],
];

function headOf(reader: ConfigReader): EncoderHead {
  const name = reader.architecture();
  return headNames.find(([, suffix]) => name.endsWith(suffix))?.[0] ?? 'none';
}

function read(reader: ConfigReader, family: BertFamily): BertConfig {
  const distil = family === 'distilbert';
  const dim = reader.whole(distil ? 'dim' : 'hidden_size', 768);
  const heads = reader.whole(distil ? 'n_heads' : 'num_attention_heads', 12);
  if (dim % heads !== 0)
    reader.problem(`num_attention_heads: expected a divisor of hidden_size = ${dim}, got ${heads}`);
  if (family === 'albert' && reader.whole('num_hidden_groups', 1) !== 1)
    reader.problem('num_hidden_groups: only 1 is supported');
  reader.word('position_embedding_type', ['absolute'], 'absolute');
  const padId = reader.ids('pad_token_id')[0] ?? 0;
  const positions = reader.whole('max_position_embeddings', 512);
  return {
    family,
    vocabSize: reader.whole('vocab_size', 30_522),
    dim,
    embeddingDim: family === 'albert' || family === 'electra' ? reader.whole('embedding_size', 128) : dim,
    hiddenDim: reader.whole(distil ? 'hidden_dim' : 'intermediate_size', 4 * dim),
    layers: reader.whole(distil ? 'n_layers' : 'num_hidden_layers', 12),
    heads,
    maxLength: isRoberta(family) ? positions - padId - 1 : positions,
    activation: reader.activation(distil ? 'activation' : 'hidden_act', family === 'albert' ? 'gelu_new' : 'gelu'),
    eps: reader.number('layer_norm_eps', 1e-12),
    dropout: reader.number(distil ? 'dropout' : 'hidden_dropout_prob', 0.1),
    attentionDropout: reader.number(distil ? 'attention_dropout' : 'attention_probs_dropout_prob', 0.1),
    padId,
    typeCount: distil ? 0 : reader.whole('type_vocab_size', 2),
    head: headOf(reader),
    labels: reader.labels() ?? ['LABEL_0', 'LABEL_1'],
  };
}

function write(config: BertConfig, name: string): object {
  const distil = config.family === 'distilbert';
  const names = distil
    ? {
        dim: 'dim',
        heads: 'n_heads',
        layers: 'n_layers',
        hidden: 'hidden_dim',
        act: 'activation',
        drop: 'dropout',
        attn: 'attention_dropout',
      }
    : {
        dim: 'hidden_size',
        heads: 'num_attention_heads',
        layers: 'num_hidden_layers',
        hidden: 'intermediate_size',
        act: 'hidden_act',
        drop: 'hidden_dropout_prob',
        attn: 'attention_probs_dropout_prob',
      };
  const suffix = headNames.find(([head]) => head === config.head)?.[1] ?? 'Model';
  return {
    architectures: [`${name}${suffix}`],
    vocab_size: config.vocabSize,
    [names.dim]: config.dim,
    [names.hidden]: config.hiddenDim,
    [names.layers]: config.layers,
    [names.heads]: config.heads,
    [names.act]: activationName(config.activation),
    [names.drop]: config.dropout,
    [names.attn]: config.attentionDropout,
    max_position_embeddings: isRoberta(config.family) ? config.maxLength + config.padId + 1 : config.maxLength,
    layer_norm_eps: config.eps,
    pad_token_id: config.padId,
    ...(distil ? {} : { type_vocab_size: config.typeCount }),
    ...(config.embeddingDim === config.dim && config.family !== 'albert'
      ? {}
      : { embedding_size: config.embeddingDim }),
    ...(config.family === 'albert' ? { num_hidden_groups: 1, inner_group_num: 1 } : {}),
    id2label: Object.fromEntries(config.labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(config.labels.map((label, i) => [label, i])),
  };
}

/** The names that BERT, RoBERTa and ELECTRA share, below a prefix. */
function bertNames(prefix: string): Readonly<Record<string, string>> {
  return {
    word_embedding: `${prefix}embeddings.word_embeddings`,
    position_embedding: `${prefix}embeddings.position_embeddings`,
    type_embedding: `${prefix}embeddings.token_type_embeddings`,
    embedding_norm: `${prefix}embeddings.LayerNorm`,
    'encoder.layers.*.self_attn.q_proj': `${prefix}encoder.layer.*.attention.self.query`,
    'encoder.layers.*.self_attn.k_proj': `${prefix}encoder.layer.*.attention.self.key`,
    'encoder.layers.*.self_attn.v_proj': `${prefix}encoder.layer.*.attention.self.value`,
    'encoder.layers.*.self_attn.out_proj': `${prefix}encoder.layer.*.attention.output.dense`,
    'encoder.layers.*.norm1': `${prefix}encoder.layer.*.attention.output.LayerNorm`,
    'encoder.layers.*.linear1': `${prefix}encoder.layer.*.intermediate.dense`,
    'encoder.layers.*.linear2': `${prefix}encoder.layer.*.output.dense`,
    'encoder.layers.*.norm2': `${prefix}encoder.layer.*.output.LayerNorm`,
  };
}

/** Names of the small heads: a linear map of each token. */
function plainHead(head: EncoderHead): Readonly<Record<string, string>> {
  return head === 'span' ? { head: 'qa_outputs' } : head === 'tokens' ? { head: 'classifier' } : {};
}

/** Names of a masked-language-model head: dense, norm, and where its bias is. */
function lmHead(dense: string, norm: string, bias: string): Readonly<Record<string, string>> {
  return { 'head.dense': dense, 'head.norm': norm, head: bias };
}

/** Counted positions, which old checkpoints hold. */
const buffers = [/\.position_ids$/];

function member(
  family: BertFamily,
  name: string,
  layout: (config: BertConfig) => CheckpointLayout,
): Architecture<BertConfig, Bert> {
  return {
    modelType: family,
    names: headNames.map(([, suffix]) => `${name}${suffix}`),
    read: (reader) => read(reader, family),
    write: (config) => write(config, name),
    parameters: ({ vocabSize, embeddingDim, dim, hiddenDim, layers }) =>
      vocabSize * embeddingDim + (family === 'albert' ? 1 : layers) * (4 * dim * dim + 2 * dim * hiddenDim),
    make: (config) => new Bert(config),
    layout,
  };
}

const denseOut = { 'head.dense': 'classifier.dense', 'head.out': 'classifier.out_proj' };

/** RoBERTa's names, which XLM-R has too. */
function robertaLayout({ head }: BertConfig): CheckpointLayout {
  const heads =
    head === 'maskedLM'
      ? lmHead('lm_head.dense', 'lm_head.layer_norm', 'lm_head')
      : head === 'classification'
        ? denseOut
        : plainHead(head);
  return {
    names: { ...bertNames('roberta.'), ...heads },
    prefix: 'roberta.',
    ignored: [...buffers, /^lm_head\.decoder\./, /^(roberta\.)?pooler\./],
  };
}

/** Each family's place in the loader. */
export const bertFamilies: Readonly<Record<BertFamily, Architecture<BertConfig, Bert>>> = {
  bert: member('bert', 'Bert', ({ head }) => {
    const pooler = { 'head.dense': 'bert.pooler.dense', 'head.out': 'classifier' };
    const predictions = lmHead(
      'cls.predictions.transform.dense',
      'cls.predictions.transform.LayerNorm',
      'cls.predictions',
    );
    const heads = head === 'maskedLM' ? predictions : head === 'classification' ? pooler : plainHead(head);
    return {
      names: { ...bertNames('bert.'), ...heads },
      prefix: 'bert.',
      ignored: [
        ...buffers,
        /^cls\.predictions\.decoder\./,
        /^cls\.seq_relationship\./,
        ...(head === 'classification' ? [] : [/^(bert\.)?pooler\./]),
      ],
    };
  }),
  roberta: member('roberta', 'Roberta', robertaLayout),
  'xlm-roberta': member('xlm-roberta', 'XLMRoberta', robertaLayout),
  electra: member('electra', 'Electra', ({ head }) => ({
    names: {
      ...bertNames('electra.'),
      embedding_projection: 'electra.embeddings_project',
      ...(head === 'maskedLM'
        ? lmHead('generator_predictions.dense', 'generator_predictions.LayerNorm', 'generator_lm_head')
        : head === 'classification'
          ? denseOut
          : plainHead(head)),
    },
    prefix: 'electra.',
    ignored: [...buffers, /^discriminator_predictions\./, /^generator_lm_head\.weight$/],
  })),
  distilbert: member('distilbert', 'DistilBert', ({ head }) => ({
    names: {
      word_embedding: 'distilbert.embeddings.word_embeddings',
      position_embedding: 'distilbert.embeddings.position_embeddings',
      embedding_norm: 'distilbert.embeddings.LayerNorm',
      'encoder.layers.*.self_attn.q_proj': 'distilbert.transformer.layer.*.attention.q_lin',
      'encoder.layers.*.self_attn.k_proj': 'distilbert.transformer.layer.*.attention.k_lin',
      'encoder.layers.*.self_attn.v_proj': 'distilbert.transformer.layer.*.attention.v_lin',
      'encoder.layers.*.self_attn.out_proj': 'distilbert.transformer.layer.*.attention.out_lin',
      'encoder.layers.*.norm1': 'distilbert.transformer.layer.*.sa_layer_norm',
      'encoder.layers.*.linear1': 'distilbert.transformer.layer.*.ffn.lin1',
      'encoder.layers.*.linear2': 'distilbert.transformer.layer.*.ffn.lin2',
      'encoder.layers.*.norm2': 'distilbert.transformer.layer.*.output_layer_norm',
      ...(head === 'maskedLM'
        ? lmHead('vocab_transform', 'vocab_layer_norm', 'vocab_projector')
        : head === 'classification'
          ? { 'head.dense': 'pre_classifier', 'head.out': 'classifier' }
          : plainHead(head)),
    },
    prefix: 'distilbert.',
    ignored: [...buffers, /^vocab_projector\.weight$/],
  })),
  albert: member('albert', 'Albert', ({ head }) => {
    const layer = 'albert.encoder.albert_layer_groups.0.albert_layers.0.';
    return {
      names: {
        word_embedding: 'albert.embeddings.word_embeddings',
        position_embedding: 'albert.embeddings.position_embeddings',
        type_embedding: 'albert.embeddings.token_type_embeddings',
        embedding_norm: 'albert.embeddings.LayerNorm',
        embedding_projection: 'albert.encoder.embedding_hidden_mapping_in',
        'encoder.layers.0.self_attn.q_proj': `${layer}attention.query`,
        'encoder.layers.0.self_attn.k_proj': `${layer}attention.key`,
        'encoder.layers.0.self_attn.v_proj': `${layer}attention.value`,
        'encoder.layers.0.self_attn.out_proj': `${layer}attention.dense`,
        'encoder.layers.0.norm1': `${layer}attention.LayerNorm`,
        'encoder.layers.0.linear1': `${layer}ffn`,
        'encoder.layers.0.linear2': `${layer}ffn_output`,
        'encoder.layers.0.norm2': `${layer}full_layer_layer_norm`,
        ...(head === 'maskedLM'
          ? lmHead('predictions.dense', 'predictions.LayerNorm', 'predictions')
          : head === 'classification'
            ? { 'head.dense': 'albert.pooler', 'head.out': 'classifier' }
            : plainHead(head)),
      },
      prefix: 'albert.',
      ignored: [
        ...buffers,
        /^predictions\.decoder\./,
        /^sop_classifier\./,
        ...(head === 'classification' ? [] : [/^(albert\.)?pooler\./]),
      ],
    };
  }),
};
