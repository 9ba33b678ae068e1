// CLIP (Radford et al. 2021): a tower that reads texts and a tower that sees images, trained so that what belongs
// together points the same way.
import { argmax, concat, crossEntropy, equal, matmul, oneHot, type Tensor, tensor } from '@heddle/tensor';
import { Embedding, LayerNorm, Linear, Module, normal, Parameter } from '@heddle/tensor/nn';
import { Encoder } from '../encoder';
import type { FeedForwardActivation } from '../feed-forward';
import type { Inspection } from '../inspection';
import { PatchEmbedding } from '../patch-embedding';
import { LearnedPositions } from '../positions/learned';
import { batchTensors, type TextBatch } from '../text-batch';
import {
  type Architecture,
  loaderOf,
  type ModelTarget,
  type SavePretrainedOptions,
  writePretrained,
} from './architecture';
import type { CheckpointLayout } from './checkpoint';
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

/** Settings of a `Clip`. */
export interface ClipConfig {
  readonly text: ClipTextConfig;
  readonly image: ClipImageConfig;
  /** Width of the space that both towers point into. */
  readonly projectionDim: number;
  /** What the logarithm of the scale begins with. */
  readonly logitScale: number;
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

/**
 * CLIP: how well each text describes each image.
 *
 * @example
 * ```ts
 * import { Clip, clipConfig, contrastiveLoss } from '@heddle/attention';
 * import { init, randn, tensor } from '@heddle/tensor';
 * await init();
 * const tower = { dim: 16, hiddenDim: 32, layers: 1, heads: 2 };
 * const text = { ...tower, vocabSize: 50, maxLength: 8 };
 * const model = new Clip(clipConfig({ projectionDim: 8, text, image: { ...tower, imageSize: 8, patchSize: 4 } }));
 * const texts = { ids: tensor([[1, 7, 9, 49], [1, 5, 6, 49]], { dtype: 'int32' }) };
 * const logits = model.call(texts, randn([2, 3, 8, 8]));
 * console.log(logits.shape, await contrastiveLoss(logits).item()); // [2, 2]: a row for each image
 * ```
 */
export class Clip extends Module {
  readonly text: ClipText;
  readonly image: ClipImage;
  readonly textProjection: Linear;
  readonly imageProjection: Linear;
  /** Logarithm of what similarities are multiplied with, `[]`. */
  readonly logitScale: Parameter;

  constructor(readonly config: ClipConfig) {
    super();
    const { text, image, projectionDim: outputs, logitScale } = config;
    this.text = new ClipText(text);
    this.image = new ClipImage(image);
    this.textProjection = new Linear({ inputs: text.dim, outputs, bias: false });
    this.imageProjection = new Linear({ inputs: image.dim, outputs, bias: false });
    this.logitScale = new Parameter(tensor(logitScale));
  }

  /**
   * @param texts a batch of T texts
   * @param images `[I, channels, size, size]`, normalised as in training
   * @returns logits per image, `[I, T]`; those per text are its transpose
   * @throws {ShapeError} where images have another size.
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(
    texts: TextBatch,
    images: Tensor,
    options: { readonly inspectText?: Inspection | undefined; readonly inspectImage?: Inspection | undefined } = {},
  ): Tensor {
    const { inspectText, inspectImage } = options;
    const told = this.textEmbedding(texts, { inspect: inspectText }); // [T, P]
    const seen = this.imageEmbedding(images, { inspect: inspectImage }); // [I, P]
    return matmul(seen, told.transpose()).mul(this.logitScale.exp());
  }

  /** A vector of length one for each text, `[T, projectionDim]`. */
  textEmbedding(texts: TextBatch, options: ClipOptions = {}): Tensor {
    return unit(this.textProjection.call(this.text.call(texts, options)));
  }

  /** A vector of length one for each image, `[I, projectionDim]`. */
  imageEmbedding(images: Tensor, options: ClipOptions = {}): Tensor {
    return unit(this.imageProjection.call(this.image.call(images, options)));
  }

  /** Loads a folder with config.json and weights; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(() => clip);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return clip.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(clip, this, this.config, target, options);
  }
}

/**
 * The loss of CLIP: of the texts, each image finds its own, and of the images each text.
 *
 * @param logits `[N, N]`, the pairs that belong together on the diagonal
 */
export function contrastiveLoss(logits: Tensor): Tensor {
  const own = Int32Array.from({ length: logits.shape[0] }, (_, i) => i);
  return crossEntropy(logits, own).add(crossEntropy(logits.transpose(), own)).mul(0.5);
}

function unit(x: Tensor): Tensor {
  return x.mul(x.square().sum({ axis: -1, keepdim: true }).rsqrt());
}

const TOWER = { layers: 12, activation: 'quickGelu', eps: 1e-5, attentionDropout: 0 } as const;

/**
 * A config with the defaults of CLIP ViT-B/32 filled in.
 *
 * @example
 * ```ts
 * import { clipConfig } from '@heddle/attention';
 * console.log(clipConfig().image.patchSize); // 32
 * ```
 */
export function clipConfig(
  config: Partial<Omit<ClipConfig, 'text' | 'image'>> & {
    readonly text?: Partial<ClipTextConfig>;
    readonly image?: Partial<ClipImageConfig>;
  } = {},
): ClipConfig {
  const own = { vocabSize: 49_408, maxLength: 77, bosId: 49_406, eosId: 2, padId: 1 };
  return {
    projectionDim: 512,
    logitScale: 2.6592,
    ...config,
    text: { ...TOWER, dim: 512, hiddenDim: 2_048, heads: 8, ...own, ...config.text },
    image: {
      ...TOWER,
      dim: 768,
      hiddenDim: 3_072,
      heads: 12,
      imageSize: 224,
      patchSize: 32,
      channels: 3,
      ...config.image,
    },
  };
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

/** CLIP's place in the loader. */
export const clip: Architecture<ClipConfig, Clip> = {
  modelType: 'clip',
  names: ['CLIPModel'],
  read: (reader) => {
    const text = reader.part('text_config', (own) => ({
      ...readTower(own, { dim: 512, heads: 8 }),
      vocabSize: own.whole('vocab_size', 49_408),
      maxLength: own.whole('max_position_embeddings', 77),
      bosId: own.ids('bos_token_id')[0] ?? 49_406,
      eosId: own.ids('eos_token_id')[0] ?? 49_407,
      padId: own.ids('pad_token_id')[0] ?? 1,
    }));
    const image = reader.part('vision_config', (own) => {
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
    });
    return {
      text,
      image,
      projectionDim: reader.whole('projection_dim', 512),
      logitScale: reader.number('logit_scale_init_value', 2.6592),
    };
  },
  write: ({ text, image, projectionDim, logitScale }) => ({
    projection_dim: projectionDim,
    logit_scale_init_value: logitScale,
    text_config: {
      model_type: 'clip_text_model',
      ...writeTower(text),
      vocab_size: text.vocabSize,
      max_position_embeddings: text.maxLength,
      projection_dim: projectionDim,
      bos_token_id: text.bosId,
      eos_token_id: text.eosId,
      pad_token_id: text.padId,
    },
    vision_config: {
      model_type: 'clip_vision_model',
      ...writeTower(image),
      image_size: image.imageSize,
      patch_size: image.patchSize,
      num_channels: image.channels,
      projection_dim: projectionDim,
    },
  }),
  parameters: ({ text, image, projectionDim }) =>
    (text.vocabSize + text.maxLength) * text.dim +
    (image.imageSize / image.patchSize) ** 2 * image.dim +
    (text.dim + image.dim) * projectionDim +
    [text, image].reduce(
      (sum, { layers, dim, hiddenDim }) => sum + layers * (4 * dim * dim + 2 * dim * hiddenDim),
      image.channels * image.patchSize ** 2 * image.dim,
    ),
  make: (config) => new Clip(config),
  layout: ({ image: { dim, channels, patchSize } }) => ({
    names: {
      'text.embedding': 'text_model.embeddings.token_embedding',
      'text.position_embedding': 'text_model.embeddings.position_embedding',
      'text.norm': 'text_model.final_layer_norm',
      ...towerNames('text', 'text_model'),
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
    ignored: [/\.position_ids$/],
  }),
};
