// One tower of CLIP alone, as transformers' CLIPTextModel, CLIPVisionModel, and both WithProjection: what guides a
// diffusion model, or finds images. Either is taken out of a whole CLIP too.
import type { Tensor } from '@heddle/tensor';
import { Linear, Module } from '@heddle/tensor/nn';
import type { TextBatch } from '../text-batch';
import {
  type Architecture,
  loaderOf,
  readModelConfig,
  type SavePretrainedOptions,
  writePretrained,
} from './architecture';
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
import type { ConfigReader } from './config-reader';
import type { ModelTarget } from './folder-target';

/** What stands behind a tower. */
interface Projected {
  /** Width of the space that both towers point into; null where the tower's own vector is the result. */
  readonly projectionDim: number | null;
}

/** Settings of a `ClipTextModel`. */
export interface ClipTextModelConfig extends ClipTextConfig, Projected {}

/** Settings of a `ClipVisionModel`. */
export interface ClipVisionModelConfig extends ClipImageConfig, Projected {}

/**
 * The tower that reads, alone.
 *
 * @example
 * ```ts
 * import { ClipTextModel, clipConfig } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const tower = { vocabSize: 50, maxLength: 8, dim: 16, hiddenDim: 32, layers: 1, heads: 2 };
 * const model = new ClipTextModel({ ...clipConfig({ text: tower }).text, projectionDim: 4 });
 * console.log(model.call({ ids: tensor([[1, 7, 49]], { dtype: 'int32' }) }).shape); // [1, 4]
 * ```
 */
export class ClipTextModel extends Module {
  readonly text: ClipText;
  readonly textProjection: Linear | null;

  constructor(readonly config: ClipTextModelConfig) {
    super();
    this.text = new ClipText(config);
    this.textProjection = projection(config);
  }

  /**
   * @returns a vector for each text: `[B, projectionDim]`, not of length one; without a projection what its last token
   *   gathered, `[B, dim]`, which transformers calls `pooler_output`
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(batch: TextBatch, options: ClipOptions = {}): Tensor {
    const pooled = this.text.call(batch, options);
    return this.textProjection === null ? pooled : this.textProjection.call(pooled);
  }

  /** All tokens behind the last norm, `[B, T, dim]`. */
  hidden(batch: TextBatch, options: ClipOptions = {}): Tensor {
    return this.text.hidden(batch, options);
  }

  /** Loads a folder of such a tower or of a whole CLIP, or a model's id on the Hub; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(async (source) =>
    (await readModelConfig(source))['model_type'] === 'clip' ? textOfClip : clipTextModel,
  );

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return clipTextModel.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(clipTextModel, this, this.config, target, options);
  }
}

/**
 * The tower that sees, alone.
 *
 * @example
 * ```ts
 * import { ClipVisionModel, clipConfig } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const tower = { imageSize: 8, patchSize: 4, dim: 16, hiddenDim: 32, layers: 1, heads: 2 };
 * const model = new ClipVisionModel({ ...clipConfig({ image: tower }).image, projectionDim: null });
 * console.log(model.call(randn([2, 3, 8, 8])).shape); // [2, 16]
 * ```
 */
export class ClipVisionModel extends Module {
  readonly image: ClipImage;
  readonly imageProjection: Linear | null;

  constructor(readonly config: ClipVisionModelConfig) {
    super();
    this.image = new ClipImage(config);
    this.imageProjection = projection(config);
  }

  /**
   * @param images `[B, channels, size, size]`, normalised as in training
   * @returns a vector for each image: `[B, projectionDim]`, not of length one; without a projection what the class token
   *   gathered, `[B, dim]`, which transformers calls `pooler_output`
   * @throws {ShapeError} where images have another size.
   */
  override forward(images: Tensor, options: ClipOptions = {}): Tensor {
    const pooled = this.image.call(images, options);
    return this.imageProjection === null ? pooled : this.imageProjection.call(pooled);
  }

  /** All tokens before the last norm, `[B, 1 + patches, dim]`. */
  hidden(images: Tensor, options: ClipOptions = {}): Tensor {
    return this.image.hidden(images, options);
  }

  /** Loads a folder of such a tower or of a whole CLIP, or a model's id on the Hub; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(async (source) =>
    (await readModelConfig(source))['model_type'] === 'clip' ? visionOfClip : clipVisionModel,
  );

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return clipVisionModel.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(clipVisionModel, this, this.config, target, options);
  }
}

function projection({ dim, projectionDim }: Projected & { readonly dim: number }): Linear | null {
  return projectionDim === null ? null : new Linear({ inputs: dim, outputs: projectionDim, bias: false });
}

function readProjection(reader: ConfigReader): number | null {
  return reader.architecture().endsWith('WithProjection') ? reader.whole('projection_dim', 512) : null;
}

/** The fields of a config.json that say which of two classes it is. */
function writeProjection(name: string, { projectionDim }: Projected): object {
  return projectionDim === null
    ? { architectures: [name] }
    : { architectures: [`${name}WithProjection`], projection_dim: projectionDim };
}

/** The place in the loader of the tower that reads. */
export const clipTextModel: Architecture<ClipTextModelConfig, ClipTextModel> = {
  modelType: 'clip_text_model',
  names: ['CLIPTextModel', 'CLIPTextModelWithProjection'],
  read: (reader) => ({ ...readClipText(reader), projectionDim: readProjection(reader) }),
  write: (config) => ({ ...writeClipText(config), ...writeProjection('CLIPTextModel', config) }),
  parameters: (config) => clipTextParameters(config) + (config.projectionDim ?? 0) * config.dim,
  make: (config) => new ClipTextModel(config),
  layout: () => clipTextLayout,
};

/** The place in the loader of the tower that sees. */
export const clipVisionModel: Architecture<ClipVisionModelConfig, ClipVisionModel> = {
  modelType: 'clip_vision_model',
  names: ['CLIPVisionModel', 'CLIPVisionModelWithProjection'],
  read: (reader) => ({ ...readClipImage(reader), projectionDim: readProjection(reader) }),
  write: (config) => ({ ...writeClipImage(config), ...writeProjection('CLIPVisionModel', config) }),
  parameters: (config) => clipImageParameters(config) + (config.projectionDim ?? 0) * config.dim,
  make: (config) => new ClipVisionModel(config),
  layout: clipImageLayout,
};

/** The same read out of a whole CLIP, projection included. */
const textOfClip: Architecture<ClipTextModelConfig, ClipTextModel> = {
  ...clipTextModel,
  modelType: 'clip',
  read: (reader) => ({
    ...reader.part('text_config', readClipText),
    projectionDim: reader.whole('projection_dim', 512),
  }),
  layout: (config) =>
    without(clipTextLayout, config, /^(vision_model|visual_projection|logit_scale)\b/, /^text_projection\./),
};

const visionOfClip: Architecture<ClipVisionModelConfig, ClipVisionModel> = {
  ...clipVisionModel,
  modelType: 'clip',
  read: (reader) => ({
    ...reader.part('vision_config', readClipImage),
    projectionDim: reader.whole('projection_dim', 512),
  }),
  layout: (config) =>
    without(clipImageLayout(config), config, /^(text_model|text_projection|logit_scale)\b/, /^visual_projection\./),
};

/** A tower's layout in a file that holds the other tower besides, and a projection that may not be wanted. */
function without(
  layout: CheckpointLayout,
  { projectionDim }: Projected,
  other: RegExp,
  projection: RegExp,
): CheckpointLayout {
  const ignored = [...(layout.ignored ?? []), other, ...(projectionDim === null ? [projection] : [])];
  return { ...layout, ignored };
}
