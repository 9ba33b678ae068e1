// The two towers of CLIP (Radford et al. 2021): one reads texts, one sees images. With what a config.json says of each, and
// their names in checkpoints; clip.ts puts them together, clip-tower-models.ts takes one alone.
import { argmax, concat, equal, matmul, oneHot, type Tensor } from '@heddle/tensor';
import { Embedding, LayerNorm, Module, normal, Parameter } from '@heddle/tensor/nn';
import { Encoder } from '../encoder';
import type { FeedForwardActivation } from '../feed-forward';
import type { Inspection } from '../inspection';
import { PatchEmbedding } from '../patch-embedding';
import { LearnedPositions } from '../positions/learned';
import { batchTensors, type TextBatch } from '../text-batch';
import type { CheckpointLayout } from './checkpoint-layout';
import { activationName, type ConfigReader } from './config-reader';

/** What both towers have. */
export interface ClipTowerConfig {
  readonly dim: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: FeedForwardActivation;
  readonly eps: number;
  readonly attentionDropout: number;
}

/** Settings of the tower that reads. */
export interface ClipTextConfig extends ClipTowerConfig {
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly bosId: number;
  /** The token whose place holds the text's meaning. 2 means the largest id of a row, as in OpenAI's own files. */
  readonly eosId: number;
  readonly padId: number;
}

/** Settings of the tower that sees. */
export interface ClipImageConfig extends ClipTowerConfig {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly channels: number;
}

/** What a call of a tower may be given. */
export interface ClipOptions {
  readonly inspect?: Inspection | undefined;
}

/** The tower that reads: a causal encoder whose last token gathers the text. */
export class ClipText extends Module {
  readonly embedding: Embedding;
  readonly positionEmbedding: LearnedPositions;
  readonly encoder: Encoder;
  readonly norm: LayerNorm;

  constructor(readonly config: ClipTextConfig) {
    super();
    const { vocabSize, maxLength, dim, eps } = config;
    this.embedding = new Embedding({ count: vocabSize, dim });
    this.positionEmbedding = new LearnedPositions({ maxLength, dim });
    this.encoder = new Encoder({ ...config, finalNorm: false });
    this.norm = new LayerNorm({ dim, eps });
  }

  /**
   * @returns a vector for each text, `[B, dim]`
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(batch: TextBatch, options: ClipOptions = {}): Tensor {
    const { ids } = batchTensors('ClipText', batch, this.config);
    const { eosId } = this.config;
    const last = argmax(eosId === 2 ? ids : equal(ids, eosId).cast('int32'), { axis: 1 }); // [B]
    const there = oneHot(last, ids.shape[1]).unsqueeze(1); // [B, 1, T]
    return matmul(there, this.hidden(batch, options)).squeeze(1); // [B, dim]
  }

  /** All tokens, `[B, T, dim]`. */
  hidden(batch: TextBatch, options: ClipOptions = {}): Tensor {
    const { ids, mask } = batchTensors('ClipText', batch, this.config);
    const x = this.embedding.call(ids).add(this.positionEmbedding.call(ids.shape[1])); // [B, T, dim]
    return this.norm.call(this.encoder.call(x, { causal: true, paddingMask: mask, ...options }));
  }
}

/** The tower that sees: patches, and a token that gathers the image. */
export class ClipImage extends Module {
  readonly patchEmbedding: PatchEmbedding;
  /** `[dim]` */
  readonly classToken: Parameter;
  readonly positionEmbedding: LearnedPositions;
  readonly preNorm: LayerNorm;
  readonly encoder: Encoder;
  readonly norm: LayerNorm;

  constructor(readonly config: ClipImageConfig) {
    super();
    const { dim, eps } = config;
    this.patchEmbedding = new PatchEmbedding({ ...config, bias: false });
    this.classToken = new Parameter(normal([dim], 0.02));
    this.positionEmbedding = new LearnedPositions({ maxLength: 1 + this.patchEmbedding.patches, dim });
    this.preNorm = new LayerNorm({ dim, eps });
    this.encoder = new Encoder({ ...config, finalNorm: false });
    this.norm = new LayerNorm({ dim, eps });
  }

  /**
   * @param images `[B, channels, size, size]`, normalised as in training
   * @returns a vector for each image, `[B, dim]`
   * @throws {ShapeError} where images have another size.
   */
  override forward(images: Tensor, options: ClipOptions = {}): Tensor {
    return this.norm.call(this.hidden(images, options).select(1, 0));
  }

  /** All tokens before the last norm, `[B, 1 + patches, dim]`. */
  hidden(images: Tensor, options: ClipOptions = {}): Tensor {
    const patches = this.patchEmbedding.call(images); // [B, N, dim]
    const [B, N, D] = patches.shape;
    const tokens = concat([this.classToken.reshape([1, 1, D]).expand([B, 1, D]), patches], 1);
    return this.encoder.call(this.preNorm.call(tokens.add(this.positionEmbedding.call(1 + N))), options);
  }
}

function readTower(reader: ConfigReader, sizes: { readonly dim: number; readonly heads: number }): ClipTowerConfig {
  const dim = reader.whole('hidden_size', sizes.dim);
  const heads = reader.whole('num_attention_heads', sizes.heads);
  if (dim % heads !== 0)
    reader.problem(`num_attention_heads: expected a divisor of hidden_size = ${dim}, got ${heads}`);
  return {
    dim,
    heads,
    hiddenDim: reader.whole('intermediate_size', 4 * sizes.dim),
    layers: reader.layers('num_hidden_layers', 12),
    activation: reader.activation('hidden_act', 'quick_gelu'),
    eps: reader.number('layer_norm_eps', 1e-5),
    attentionDropout: reader.number('attention_dropout', 0),
  };
}

function writeTower(config: ClipTowerConfig): object {
  return {
    hidden_size: config.dim,
    intermediate_size: config.hiddenDim,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    hidden_act: activationName(config.activation),
    layer_norm_eps: config.eps,
    attention_dropout: config.attentionDropout,
  };
}

/** Names of a tower's encoder below a prefix. */
function towerNames(ours: string, theirs: string): Readonly<Record<string, string>> {
  const attention = ['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((map) => [`self_attn.${map}`, `self_attn.${map}`]);
  const rest = [
    ['norm1', 'layer_norm1'],
    ['norm2', 'layer_norm2'],
    ['linear1', 'mlp.fc1'],
    ['linear2', 'mlp.fc2'],
  ];
  return Object.fromEntries(
    [...attention, ...rest].map(([own, name]) => [
      `${ours}.encoder.layers.*.${own}`,
      `${theirs}.encoder.layers.*.${name}`,
    ]),
  );
}

/** Reads what a config.json says of the tower that reads. */
export function readClipText(own: ConfigReader): ClipTextConfig {
  return {
    ...readTower(own, { dim: 512, heads: 8 }),
    vocabSize: own.whole('vocab_size', 49_408),
    maxLength: own.whole('max_position_embeddings', 77),
    bosId: own.ids('bos_token_id')[0] ?? 49_406,
    eosId: own.ids('eos_token_id')[0] ?? 49_407,
    padId: own.ids('pad_token_id')[0] ?? 1,
  };
}

/** Reads what a config.json says of the tower that sees. */
export function readClipImage(own: ConfigReader): ClipImageConfig {
  const imageSize = own.whole('image_size', 224);
  const patchSize = own.whole('patch_size', 32);
  if (imageSize % patchSize !== 0)
    own.problem(`patch_size: expected a divisor of image_size = ${imageSize}, got ${patchSize}`);
  return {
    ...readTower(own, { dim: 768, heads: 12 }),
    imageSize,
    patchSize,
    channels: own.whole('num_channels', 3),
  };
}

/** What a config.json says of the tower that reads. */
export function writeClipText(text: ClipTextConfig): object {
  return {
    model_type: 'clip_text_model',
    ...writeTower(text),
    vocab_size: text.vocabSize,
    max_position_embeddings: text.maxLength,
    bos_token_id: text.bosId,
    eos_token_id: text.eosId,
    pad_token_id: text.padId,
  };
}

/** What a config.json says of the tower that sees. */
export function writeClipImage(image: ClipImageConfig): object {
  return {
    model_type: 'clip_vision_model',
    ...writeTower(image),
    image_size: image.imageSize,
    patch_size: image.patchSize,
    num_channels: image.channels,
  };
}

/** About how many parameters the tower that reads has. */
export function clipTextParameters({ vocabSize, maxLength, ...tower }: ClipTextConfig): number {
  return (vocabSize + maxLength) * tower.dim + layerParameters(tower);
}

/** About how many parameters the tower that sees has. */
export function clipImageParameters({ imageSize, patchSize, channels, ...tower }: ClipImageConfig): number {
  return ((imageSize / patchSize) ** 2 + channels * patchSize ** 2) * tower.dim + layerParameters(tower);
}

function layerParameters({ layers, dim, hiddenDim }: ClipTowerConfig): number {
  return layers * (4 * dim * dim + 2 * dim * hiddenDim);
}

/** Buffers of counted positions. */
const ignored = [/\.position_ids$/];

/** Names of a module's field `text`. */
export const clipTextLayout: CheckpointLayout = {
  names: {
    'text.embedding': 'text_model.embeddings.token_embedding',
    'text.position_embedding': 'text_model.embeddings.position_embedding',
    'text.norm': 'text_model.final_layer_norm',
    ...towerNames('text', 'text_model'),
  },
  ignored,
};

/** Names of a module's field `image`. */
export function clipImageLayout({ dim, channels, patchSize }: ClipImageConfig): CheckpointLayout {
  return {
    names: {
      'image.patch_embedding': 'vision_model.embeddings.patch_embedding',
      'image.position_embedding': 'vision_model.embeddings.position_embedding',
      'image.pre_norm': 'vision_model.pre_layrnorm', // their spelling
      'image.norm': 'vision_model.post_layernorm',
      ...towerNames('image', 'vision_model'),
      image_projection: 'visual_projection',
    },
    parameters: { 'image.class_token': 'vision_model.embeddings.class_embedding' },
    // A convolution there: [dim, channels, patch, patch].
    shapes: { 'vision_model.embeddings.patch_embedding.weight': [dim, channels, patchSize, patchSize] },
    ignored,
  };
}
