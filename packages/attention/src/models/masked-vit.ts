// A Vision Transformer that fills in patches it wasn't shown (Xie et al. 2022), as transformers' ViTForMaskedImageModeling.
import { type AnyTensor, ArgumentError, abs, ShapeError, sub, type Tensor } from '@heddle/tensor';
import { Linear, normal, Parameter } from '@heddle/tensor/nn';
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import type { ModelTarget } from './folder-target';
import { Vit, type VitConfig, type VitOptions, vit } from './vit';

/** Settings of a `MaskedVit`. */
export type MaskedVitConfig = Omit<VitConfig, 'labels' | 'pooler'>;

/** What a call may be given. */
export interface MaskedVitOptions extends VitOptions {
  /** Which patches are hidden, `[B, patches]`: none where nothing is said. */
  readonly masked?: AnyTensor | undefined;
}

/**
 * A Vision Transformer that draws whole images of which it was shown a part.
 *
 * @example
 * ```ts
 * import { MaskedVit, maskedImageLoss, vitConfig } from '@heddle/attention';
 * import { init, randn, tensor } from '@heddle/tensor';
 * await init();
 * const config = vitConfig({ imageSize: 8, patchSize: 4, channels: 1, dim: 16, layers: 1, heads: 2 });
 * const model = new MaskedVit(config);
 * const images = randn([1, 1, 8, 8]);
 * const masked = tensor([[true, false, false, true]]);
 * const drawn = model.call(images, { masked });
 * console.log(drawn.shape, await maskedImageLoss(drawn, images, masked).item()); // [1, 1, 8, 8]
 * ```
 */
export class MaskedVit extends Vit {
  /** Stands in the place of hidden patches, `[1, 1, dim]`. */
  readonly maskToken: Parameter;
  /** Draws the pixels of a patch. */
  readonly painter: Linear;

  constructor(config: MaskedVitConfig) {
    super({ ...config, labels: [], pooler: false });
    const { dim, channels, patchSize } = config;
    this.maskToken = new Parameter(normal([1, 1, dim], 0.02));
    this.painter = new Linear({ inputs: dim, outputs: channels * patchSize ** 2 });
  }

  /**
   * @param images `[B, channels, size, size]`, normalised as in training
   * @returns whole images of the same shape
   * @throws {ShapeError} where images have another size, or the mask another shape.
   */
  override forward(images: Tensor, options: MaskedVitOptions = {}): Tensor {
    const { channels: C, patchSize: P, imageSize } = this.config;
    const [B, side] = [images.shape[0], imageSize / P];
    const patches = this.hidden(images, options).slice([null, [1, 1 + side * side]]); // [B, N, dim]
    const pixels = this.painter.call(patches).reshape([B, side, side, C, P, P]);
    return pixels.permute([0, 3, 1, 4, 2, 5]).reshape([B, C, imageSize, imageSize]);
  }

  protected override embed(images: Tensor, { masked }: MaskedVitOptions): Tensor {
    const patches = super.embed(images, {});
    if (masked === undefined) return patches;
    const [B, N] = patches.shape;
    if (masked.rank !== 2 || masked.shape[0] !== B || masked.shape[1] !== N)
      throw new ShapeError('MaskedVit', 'masked', `[${B}, ${N}]`, `[${masked.shape.join(', ')}]`);
    const hide = masked.cast('float32').unsqueeze(-1); // [B, N, 1]
    return patches.add(this.maskToken.sub(patches).mul(hide));
  }

  /** Loads a folder with config.json and weights; see `Llama.fromPretrained`. */
  static override readonly fromPretrained = loaderOf(() => maskedVit);

  /** How a checkpoint names the weights. */
  override get layout(): CheckpointLayout {
    return maskedVit.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  override async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(maskedVit, this, this.config, target, options);
  }
}

/**
 * The mean distance of what was drawn from what was hidden: the loss of masked image modelling.
 *
 * @param drawn whole images, as a `MaskedVit` draws them
 * @param images those that it was shown a part of, `[B, channels, size, size]`
 * @param masked which patches were hidden, `[B, patches]`
 * @throws {ArgumentError} where the patches don't tile the image.
 * @example
 * ```ts
 * import { maskedImageLoss } from '@heddle/attention';
 * import { init, ones, tensor, zeros } from '@heddle/tensor';
 * await init();
 * const masked = tensor([[1, 0, 0, 1]]);
 * console.log(await maskedImageLoss(zeros([1, 3, 8, 8]), ones([1, 3, 8, 8]), masked).item()); // 1: each pixel is off by it
 * ```
 */
export function maskedImageLoss(drawn: Tensor, images: Tensor, masked: AnyTensor): Tensor {
  const [B, C, H, W] = images.shape;
  const side = Math.sqrt(masked.shape[1]);
  if (!Number.isInteger(side) || H % side !== 0 || W % side !== 0)
    throw new ArgumentError('maskedImageLoss', 'masked', `patches that tile ${H} × ${W} pixels`, String(side ** 2));
  const hidden = masked.cast('float32').reshape([B, 1, side, 1, side, 1]);
  const far = abs(sub(drawn, images)).reshape([B, C, side, H / side, side, W / side]);
  const pixels = hidden.sum().mul((H * W) / side ** 2);
  return far.mul(hidden).sum().div(pixels.add(1e-5).mul(C));
}

const CLASS = 'ViTForMaskedImageModeling';

/** Its place in the loader. */
export const maskedVit: Architecture<VitConfig, MaskedVit> = {
  ...vit,
  names: [CLASS],
  read: (reader) => {
    const config = vit.read(reader);
    if (reader.whole('encoder_stride', 16) !== config.patchSize)
      reader.problem(`encoder_stride: expected patch_size = ${config.patchSize}, so that whole images are drawn`);
    return { ...config, pooler: false };
  },
  write: (config) => ({ ...vit.write(config), architectures: [CLASS], encoder_stride: config.patchSize }),
  make: (config) => new MaskedVit(config),
  layout: (config) => {
    const { channels, patchSize, dim } = config;
    const own = vit.layout(config);
    return {
      ...own,
      names: { ...own.names, painter: 'decoder.0' },
      parameters: { ...own.parameters, mask_token: 'vit.embeddings.mask_token' },
      shapes: { ...own.shapes, 'decoder.0.weight': [channels * patchSize ** 2, dim, 1, 1] },
    };
  },
};
