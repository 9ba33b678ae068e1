// CLIP (Radford et al. 2021): a tower that reads texts and a tower that sees images, trained so that what belongs
// together points the same way.
import { crossEntropy, matmul, type Tensor, tensor } from '@heddle/tensor';
import { Linear, Module, Parameter } from '@heddle/tensor/nn';
import type { Inspection } from '../inspection';
import type { TextBatch } from '../text-batch';
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import {
  ClipImage,
  type ClipImageConfig,
  type ClipOptions,
  ClipText,
  type ClipTextConfig,
  clipImageLayout,
  clipImageParameters,
  clipTextLayout,
  clipTextParameters,
  readClipImage,
  readClipText,
  writeClipImage,
  writeClipText,
} from './clip-towers';
import type { ModelTarget } from './folder-target';

/** Settings of a `Clip`. */
export interface ClipConfig {
  readonly text: ClipTextConfig;
  readonly image: ClipImageConfig;
  /** Width of the space that both towers point into. */
  readonly projectionDim: number;
  /** What the logarithm of the scale begins with. */
  readonly logitScale: number;
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
 * @example
 * ```ts
 * import { contrastiveLoss } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * console.log(await contrastiveLoss(tensor([[9, 0], [0, 9]])).item()); // nearly nothing: each pair finds itself
 * ```
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

/** CLIP's place in the loader. */
export const clip: Architecture<ClipConfig, Clip> = {
  modelType: 'clip',
  names: ['CLIPModel'],
  read: (reader) => ({
    text: reader.part('text_config', readClipText),
    image: reader.part('vision_config', readClipImage),
    projectionDim: reader.whole('projection_dim', 512),
    logitScale: reader.number('logit_scale_init_value', 2.6592),
  }),
  write: ({ text, image, projectionDim, logitScale }) => ({
    projection_dim: projectionDim,
    logit_scale_init_value: logitScale,
    text_config: { ...writeClipText(text), projection_dim: projectionDim },
    vision_config: { ...writeClipImage(image), projection_dim: projectionDim },
  }),
  parameters: ({ text, image, projectionDim }) =>
    clipTextParameters(text) + clipImageParameters(image) + (text.dim + image.dim) * projectionDim,
  make: (config) => new Clip(config),
  layout: ({ image }) => {
    const own = clipImageLayout(image);
    return { ...own, names: { ...clipTextLayout.names, ...own.names } };
  },
};
