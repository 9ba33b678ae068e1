// BERT (Devlin et al. 2019), and what RoBERTa (Liu et al. 2019), XLM-R (Conneau et al. 2020), DistilBERT (Sanh et al.
// 2019), ALBERT (Lan et al. 2020), ELECTRA (Clark et al. 2020) and MPNet (Song et al. 2020) do differently: their
// configs. Their names in checkpoints stand in bert-names.ts.
import { ArgumentError } from '@heddle/tensor';
import type { FeedForwardActivation } from '../feed-forward';
import { type Architecture, loaderOf, memberOf, type SavePretrainedOptions, writePretrained } from './architecture';
import { bertLayouts, headsOf, POOLED } from './bert-names';
import type { CheckpointLayout } from './checkpoint-layout';
import { activationName, type ConfigReader, labelFields } from './config-reader';
import { type EncoderHead, EncoderModel, type EncoderModelConfig } from './encoder-model';
import type { ModelTarget } from './folder-target';
import { withPooler } from './pooler';

/** The families that share the network. */
export type BertFamily = 'bert' | 'roberta' | 'xlm-roberta' | 'distilbert' | 'albert' | 'electra' | 'mpnet';

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
  /** @throws {ArgumentError} where the family has no such head. */
  constructor(override readonly config: BertConfig) {
    const { family, embeddingDim, head } = config;
    const heads = [...headsOf(family).values()];
    if (!heads.includes(head))
      throw new ArgumentError('Bert', 'head', `one of ${heads.join(', ')} in ${family}`, String(head));
    super(config, {
      embeddingDim,
      positionOffset: offsetOf(family, config.padId),
      shared: family === 'albert',
      relativeBias: family === 'mpnet' ? MPNET_BIAS : undefined,
      headActivation: headActivations[family],
      maskedActivation: maskedActivation(config),
    });
  }

  /** Loads a folder with config.json and safetensors; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf((source) => memberOf(bertFamilies, source, bertFamilies.bert));

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return bertFamilies[this.config.family].layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(bertFamilies[this.config.family], this, this.config, target, options);
  }
}

/** The activation in the head that guesses tokens. */
export function maskedActivation({
  family,
  activation,
}: Pick<BertConfig, 'family' | 'activation'>): FeedForwardActivation {
  return ['bert', 'distilbert', 'albert'].includes(family) ? activation : 'gelu';
}

/** Where positions are counted from: behind the padding id in RoBERTa, which MPNet takes for 1 whatever it is. */
export function offsetOf(family: BertFamily, padId: number): number {
  if (family === 'mpnet') return 2;
  return family === 'roberta' || family === 'xlm-roberta' ? padId + 1 : 0;
}

/** What `transformers` computes with, whatever a config says. */
const MPNET_BIAS = { buckets: 32, maxDistance: 128 } as const;

const headActivations: Readonly<Record<BertFamily, FeedForwardActivation | 'tanh'>> = {
  bert: 'tanh',
  roberta: 'tanh',
  'xlm-roberta': 'tanh',
  distilbert: 'relu',
  albert: 'tanh',
  electra: 'gelu',
  mpnet: 'tanh',
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

function headOf(reader: ConfigReader, family: BertFamily): EncoderHead {
  const name = reader.architecture();
  return [...headsOf(family)].find(([suffix]) => name.endsWith(suffix))?.[1] ?? 'none';
}

/** Reads the fields of a config.json. */
export function readBert(reader: ConfigReader, family: BertFamily): BertConfig {
  const distil = family === 'distilbert';
  const dim = reader.whole(distil ? 'dim' : 'hidden_size', 768);
  const heads = reader.whole(distil ? 'n_heads' : 'num_attention_heads', 12);
  if (dim % heads !== 0)
    reader.problem(`num_attention_heads: expected a divisor of hidden_size = ${dim}, got ${heads}`);
  if (family === 'albert' && reader.whole('num_hidden_groups', 1) !== 1)
    reader.problem('num_hidden_groups: only 1 is supported');
  reader.word('position_embedding_type', ['absolute'], 'absolute');
  const head = headOf(reader, family);
  if (head === 'preTraining') reader.only('tie_word_embeddings', true);
  else reader.onlyTied();
  const { buckets } = MPNET_BIAS;
  if (family === 'mpnet' && reader.whole('relative_attention_num_buckets', buckets) !== buckets)
    reader.problem(`relative_attention_num_buckets: only ${buckets} is supported`);
  const padId = reader.ids('pad_token_id')[0] ?? (family === 'mpnet' ? 1 : 0);
  const positions = reader.whole('max_position_embeddings', 512);
  return {
    family,
    vocabSize: reader.whole('vocab_size', 30_522),
    dim,
    embeddingDim: family === 'albert' || family === 'electra' ? reader.whole('embedding_size', 128) : dim,
    hiddenDim: reader.whole(distil ? 'hidden_dim' : 'intermediate_size', 4 * dim),
    layers: reader.layers(distil ? 'n_layers' : 'num_hidden_layers', 12),
    heads,
    maxLength: positions - offsetOf(family, padId),
    activation: reader.activation(distil ? 'activation' : 'hidden_act', family === 'albert' ? 'gelu_new' : 'gelu'),
    eps: reader.number('layer_norm_eps', 1e-12),
    dropout: reader.number(distil ? 'dropout' : 'hidden_dropout_prob', 0.1),
    attentionDropout: reader.number(distil ? 'attention_dropout' : 'attention_probs_dropout_prob', 0.1),
    padId,
    typeCount: distil || family === 'mpnet' ? 0 : reader.whole('type_vocab_size', 2),
    head,
    labels: reader.labels() ?? ['LABEL_0', 'LABEL_1'],
  };
}

/** The fields of a config.json. */
export function writeBert(config: BertConfig, name: string): object {
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
  const suffix = [...headsOf(config.family)].find(([, head]) => head === config.head)?.[0] ?? 'Model';
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
    max_position_embeddings: config.maxLength + offsetOf(config.family, config.padId),
    layer_norm_eps: config.eps,
    pad_token_id: config.padId,
    ...(config.typeCount === 0 ? {} : { type_vocab_size: config.typeCount }),
    ...(config.family === 'mpnet' ? { relative_attention_num_buckets: MPNET_BIAS.buckets } : {}),
    ...(config.embeddingDim === config.dim && config.family !== 'albert'
      ? {}
      : { embedding_size: config.embeddingDim }),
    ...(config.family === 'albert' ? { num_hidden_groups: 1, inner_group_num: 1 } : {}),
    ...(config.labels.length === 0 ? {} : labelFields(config.labels)),
  };
}

function member(family: BertFamily, name: string): Architecture<BertConfig, Bert> {
  return {
    modelType: family,
    names: [...headsOf(family).keys()].map((suffix) => `${name}${suffix}`),
    read: (reader) => readBert(reader, family),
    write: (config) => writeBert(config, name),
    parameters: ({ vocabSize, maxLength, typeCount, labels, embeddingDim, dim, hiddenDim, layers }) =>
      (vocabSize + maxLength + typeCount) * embeddingDim +
      labels.length * dim +
      (family === 'albert' ? 1 : layers) * (4 * dim * dim + 2 * dim * hiddenDim),
    fit: (config, names) => (config.head === 'none' && POOLED.includes(family) ? withPooler(config, names) : config),
    make: (config) => new Bert(config),
    layout: ({ head, pooler }) => bertLayouts[family](head, pooler),
  };
}

/** Each family's place in the loader. */
export const bertFamilies: Readonly<Record<BertFamily, Architecture<BertConfig, Bert>>> = {
  bert: member('bert', 'Bert'),
  roberta: member('roberta', 'Roberta'),
  'xlm-roberta': member('xlm-roberta', 'XLMRoberta'),
  electra: member('electra', 'Electra'),
  distilbert: member('distilbert', 'DistilBert'),
  albert: member('albert', 'Albert'),
  mpnet: member('mpnet', 'MPNet'),
};
