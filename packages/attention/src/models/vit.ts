// The Vision Transformer (Dosovitskiy et al. 2021): an encoder over patches, and a token that gathers what the image shows.
import { ArgumentError, concat, type Tensor } from '@heddle/tensor';
import { Dropout, type InitializerOptions, LayerNorm, Linear, Module, normal, Parameter } from '@heddle/tensor/nn';
import { Encoder } from '../encoder';
import type { FeedForwardActivation } from '../feed-forward';
import type { Inspection } from '../inspection';
import { PatchEmbedding } from '../patch-embedding';
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import { activationName, labelFields } from './config-reader';
import type { ModelTarget } from './folder-target';
import { POOLER, Pooler, withPooler } from './pooler';

/** Settings of a `Vit`. */
export interface VitConfig {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly channels: number;
  readonly dim: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: FeedForwardActivation;
  readonly eps: number;
  readonly dropout: number;
  readonly attentionDropout: number;
  /** Whether queries, keys and values have biases. */
  readonly qkvBias: boolean;
  /** Classes of the head; none where the model has no head. */
  readonly labels: readonly string[];
  /** Without labels: whether there is a map on the class token. A checkpoint's names say so. */
  readonly pooler?: boolean | undefined;
}

/** What a call may be given. */
export interface VitOptions {
  readonly inspect?: Inspection | undefined;
}

/**
 * A Vision Transformer, with a linear head where there are labels.
 *
 * @example
 * ```ts
 * import { Vit, vitConfig } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const config = vitConfig({ imageSize: 28, patchSize: 7, channels: 1, dim: 32, layers: 2, heads: 4, labels: ['0', '1'] });
 * console.log(new Vit(config).call(randn([5, 1, 28, 28])).shape); // [5, 2]
 * ```
 */
export class Vit extends Module {
  readonly patchEmbedding: PatchEmbedding;
  /** `[1, 1, dim]` */
  readonly classToken: Parameter;
  /** `[1, 1 + patches, dim]` */
  readonly positionEmbedding: Parameter;
  readonly dropout: Dropout;
  readonly encoder: Encoder;
  readonly norm: LayerNorm;
  readonly head: Linear | null;
  readonly pooler: Pooler | null;

  constructor(
    readonly config: VitConfig,
    { generator }: InitializerOptions = {},
  ) {
    super();
    const { dim, eps, dropout, labels, qkvBias } = config;
    this.patchEmbedding = new PatchEmbedding({ ...config, generator });
    this.classToken = new Parameter(normal([1, 1, dim], 0.02, { generator }));
    this.positionEmbedding = new Parameter(normal([1, 1 + this.patchEmbedding.patches, dim], 0.02, { generator }));
    this.dropout = new Dropout(dropout, { generator });
    this.encoder = new Encoder({ ...config, finalNorm: false, attentionBias: qkvBias ? true : 'out', generator });
    this.norm = new LayerNorm({ dim, eps });
    this.head = labels.length === 0 ? null : new Linear({ inputs: dim, outputs: labels.length, generator });
    this.pooler = config.pooler && labels.length === 0 ? new Pooler(config, { generator }) : null;
  }

  /**
   * @param images `[B, channels, size, size]`, normalised as in training
   * @returns logits, `[B, labels]`; without a head what the norm makes of all tokens, `[B, 1 + patches, dim]`
   * @throws {ShapeError} where images have another size.
   */
  override forward(images: Tensor, options: VitOptions = {}): Tensor {
    const x = this.hidden(images, options);
    return this.head === null ? x : this.head.call(x.select(1, 0));
  }

  /** All tokens behind the norm, `[B, 1 + patches, dim]`. */
  hidden(images: Tensor, options: VitOptions = {}): Tensor {
    const patches = this.embed(images, options); // [B, N, dim]
    const [B, , D] = patches.shape;
    const tokens = concat([this.classToken.expand([B, 1, D]), patches], 1).add(this.positionEmbedding);
    return this.norm.call(this.encoder.call(this.dropout.call(tokens), options)); // [B, 1 + N, dim]
  }

  /** The patches before the class token joins them, `[B, patches, dim]`. */
  protected embed(images: Tensor, _options: VitOptions): Tensor {
    return this.patchEmbedding.call(images);
  }

  /**
   * What the pooler makes of the class token, `[B, dim]`. With the hidden states in hand, call `pooler` on them instead.
   *
   * @throws {ArgumentError} where the model has no pooler.
   */
  pooled(images: Tensor, options: VitOptions = {}): Tensor {
    if (this.pooler === null) throw new ArgumentError('Vit', 'pooler', 'a model without a head, with a pooler', 'none');
    return this.pooler.call(this.hidden(images, options));
  }

  /** Loads a folder with config.json and safetensors; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(() => vit);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return vit.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(vit, this, this.config, target, options);
  }
}

/**
 * A config with ViT's own defaults filled in.
 *
 * @example
 * ```ts
 * import { vitConfig } from '@heddle/attention';
 * console.log(vitConfig().patchSize); // 16
 * ```
 */
export function vitConfig(config: Partial<VitConfig> = {}): VitConfig {
  const dim = config.dim ?? 768;
  return {
    imageSize: 224,
    patchSize: 16,
    channels: 3,
    dim,
    hiddenDim: 4 * dim,
    layers: 12,
    heads: 12,
    activation: 'gelu',
    eps: 1e-12,
    dropout: 0,
    attentionDropout: 0,
    qkvBias: true,
    labels: [],
    ...config,
  };
}

/** ViT's place in the loader. */
export const vit: Architecture<VitConfig, Vit> = {
  modelType: 'vit',
  names: ['ViTForImageClassification', 'ViTModel'],
  read: (reader) => {
    const dim = reader.whole('hidden_size', 768);
    const heads = reader.whole('num_attention_heads', 12);
    if (dim % heads !== 0)
      reader.problem(`num_attention_heads: expected a divisor of hidden_size = ${dim}, got ${heads}`);
    const imageSize = reader.whole('image_size', 224);
    const patchSize = reader.whole('patch_size', 16);
    if (imageSize % patchSize !== 0)
      reader.problem(`patch_size: expected a divisor of image_size = ${imageSize}, got ${patchSize}`);
    return {
      imageSize,
      patchSize,
      channels: reader.whole('num_channels', 3),
      dim,
      hiddenDim: reader.whole('intermediate_size', 4 * dim),
      layers: reader.layers('num_hidden_layers', 12),
      heads,
      activation: reader.activation('hidden_act', 'gelu'),
      eps: reader.number('layer_norm_eps', 1e-12),
      dropout: reader.number('hidden_dropout_prob', 0),
      attentionDropout: reader.number('attention_probs_dropout_prob', 0),
      qkvBias: reader.flag('qkv_bias', true),
      labels: reader.architecture().endsWith('ForImageClassification')
        ? (reader.labels() ?? ['LABEL_0', 'LABEL_1'])
        : [],
    };
  },
  write: (config) => ({
    ...(config.labels.length === 0 ? { architectures: ['ViTModel'] } : {}),
    image_size: config.imageSize,
    patch_size: config.patchSize,
    num_channels: config.channels,
    hidden_size: config.dim,
    intermediate_size: config.hiddenDim,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    hidden_act: activationName(config.activation),
    layer_norm_eps: config.eps,
    hidden_dropout_prob: config.dropout,
    attention_probs_dropout_prob: config.attentionDropout,
    qkv_bias: config.qkvBias,
    ...labelFields(config.labels),
  }),
  parameters: ({ dim, hiddenDim, layers, channels, imageSize, patchSize, labels }) =>
    (channels * patchSize ** 2 + (imageSize / patchSize) ** 2 + labels.length) * dim +
    layers * (4 * dim * dim + 2 * dim * hiddenDim),
  fit: (config, names) => (config.labels.length === 0 ? withPooler(config, names) : config),
  make: (config) => new Vit(config),
  layout: ({ channels, patchSize, dim, pooler }) => ({
    names: {
      patch_embedding: 'vit.embeddings.patch_embeddings.projection',
      'encoder.layers.*.self_attn.q_proj': 'vit.encoder.layer.*.attention.attention.query',
      'encoder.layers.*.self_attn.k_proj': 'vit.encoder.layer.*.attention.attention.key',
      'encoder.layers.*.self_attn.v_proj': 'vit.encoder.layer.*.attention.attention.value',
      'encoder.layers.*.self_attn.out_proj': 'vit.encoder.layer.*.attention.output.dense',
      'encoder.layers.*.norm1': 'vit.encoder.layer.*.layernorm_before',
      'encoder.layers.*.norm2': 'vit.encoder.layer.*.layernorm_after',
      'encoder.layers.*.linear1': 'vit.encoder.layer.*.intermediate.dense',
      'encoder.layers.*.linear2': 'vit.encoder.layer.*.output.dense',
      norm: 'vit.layernorm',
      head: 'classifier',
      ...(pooler ? { 'pooler.dense': 'vit.pooler.dense' } : {}),
    },
    parameters: { class_token: 'vit.embeddings.cls_token', position_embedding: 'vit.embeddings.position_embeddings' },
    // A convolution there: [dim, channels, patch, patch].
    shapes: { 'vit.embeddings.patch_embeddings.projection.weight': [dim, channels, patchSize, patchSize] },
    prefix: 'vit.',
    ignored: pooler ? [] : [POOLER],
  }),
};
