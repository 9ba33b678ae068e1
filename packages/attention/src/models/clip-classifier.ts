// CLIP's tower that sees, with a linear map to labels on the mean of its patches: transformers' CLIPForImageClassification.
import type { Tensor } from '@heddle/tensor';
import { Linear, Module } from '@heddle/tensor/nn';
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import {
  ClipImage,
  type ClipImageConfig,
  type ClipOptions,
  clipImageLayout,
  clipImageParameters,
  readClipImage,
  writeClipImage,
} from './clip-towers';
import { labelFields } from './config-reader';
import type { ModelTarget } from './folder-target';

/** Settings of a `ClipClassifier`. */
export interface ClipClassifierConfig extends ClipImageConfig {
  readonly labels: readonly string[];
}

/**
 * CLIP's tower that sees, with a head for labels.
 *
 * @example
 * ```ts
 * import { ClipClassifier, clipConfig } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const tower = { imageSize: 8, patchSize: 4, dim: 16, hiddenDim: 32, layers: 1, heads: 2 };
 * const model = new ClipClassifier({ ...clipConfig({ image: tower }).image, labels: ['cat', 'dog'] });
 * console.log(model.call(randn([3, 3, 8, 8])).shape); // [3, 2]
 * ```
 */
export class ClipClassifier extends Module {
  readonly image: ClipImage;
  readonly head: Linear;

  constructor(readonly config: ClipClassifierConfig) {
    super();
    this.image = new ClipImage(config);
    this.head = new Linear({ inputs: config.dim, outputs: config.labels.length });
  }

  /**
   * @param images `[B, channels, size, size]`, normalised as in training
   * @returns logits, `[B, labels]`
   * @throws {ShapeError} where images have another size.
   */
  override forward(images: Tensor, options: ClipOptions = {}): Tensor {
    const x = this.image.hidden(images, options); // [B, 1 + N, dim]
    return this.head.call(x.slice([null, [1, x.shape[1]]]).mean({ axis: 1 }));
  }

  /** Loads a folder with config.json and weights; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(() => clipClassifier);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return clipClassifier.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(clipClassifier, this, this.config, target, options);
  }
}

/** Its place in the loader. */
export const clipClassifier: Architecture<ClipClassifierConfig, ClipClassifier> = {
  modelType: 'clip',
  names: ['CLIPForImageClassification'],
  read: (reader) => ({
    ...reader.part('vision_config', readClipImage),
    labels: reader.labels() ?? ['LABEL_0', 'LABEL_1'],
  }),
  write: ({ labels, ...image }) => ({ vision_config: writeClipImage(image), ...labelFields(labels) }),
  parameters: (config) => clipImageParameters(config) + config.labels.length * config.dim,
  make: (config) => new ClipClassifier(config),
  layout: (config) => {
    const own = clipImageLayout(config);
    return { ...own, names: { ...own.names, head: 'classifier' } };
  },
};
