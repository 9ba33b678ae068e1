// Images as tokens: patches side by side, each through one linear map (Dosovitskiy et al. 2021).
import { ArgumentError, ShapeError, type Tensor } from '@heddle/tensor';
import { type InitializerOptions, Linear, Module } from '@heddle/tensor/nn';
import { requireWhole } from './errors';

/** Settings of `PatchEmbedding`. */
export interface PatchEmbeddingConfig extends InitializerOptions {
  /** Height and width of an image. */
  readonly imageSize: number;
  /** Height and width of a patch. */
  readonly patchSize: number;
  /** 3 where nothing is said. */
  readonly channels?: number | undefined;
  readonly dim: number;
  /** True where nothing is said. */
  readonly bias?: boolean | undefined;
}

/**
 * `[B, channels, size, size]` to `[B, patches, dim]`: what checkpoints hold as a convolution whose stride is its width.
 *
 * @example
 * ```ts
 * import { PatchEmbedding } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const patches = new PatchEmbedding({ imageSize: 28, patchSize: 7, channels: 1, dim: 16 });
 * console.log(patches.call(randn([2, 1, 28, 28])).shape); // [2, 16, 16]
 * ```
 */
export class PatchEmbedding extends Module {
  static override readonly names = { projection: '' };

  readonly projection: Linear;
  readonly patches: number;
  private readonly imageSize: number;
  private readonly patchSize: number;
  private readonly channels: number;

  constructor({ imageSize, patchSize, channels = 3, dim, bias = true, generator }: PatchEmbeddingConfig) {
    super();
    requireWhole('PatchEmbedding', 'patchSize', patchSize);
    if (imageSize % patchSize !== 0)
      throw new ArgumentError(
        'PatchEmbedding',
        'patchSize',
        `a divisor of imageSize = ${imageSize}`,
        String(patchSize),
      );
    this.imageSize = imageSize;
    this.patchSize = patchSize;
    this.channels = channels;
    this.patches = (imageSize / patchSize) ** 2;
    this.projection = new Linear({ inputs: channels * patchSize * patchSize, outputs: dim, bias, generator });
  }

  /** @throws {ShapeError} where images have another size. */
  override forward(images: Tensor): Tensor {
    const { imageSize, patchSize: P, channels: C } = this;
    const [B, ...rest] = images.shape;
    if (rest.length !== 3 || rest[0] !== C || rest[1] !== imageSize || rest[2] !== imageSize)
      throw new ShapeError(
        'PatchEmbedding',
        'images',
        `[batch, ${C}, ${imageSize}, ${imageSize}]`,
        `[${images.shape.join(', ')}]`,
      );
    const N = imageSize / P;
    const patches = images.reshape([B, C, N, P, N, P]).permute([0, 2, 4, 1, 3, 5]); // [B, N, N, C, P, P]
    return this.projection.call(patches.reshape([B, N * N, C * P * P])); // [B, N², dim]
  }
}
