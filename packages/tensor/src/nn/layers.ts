// The small layers: what torch.nn calls Linear, Embedding, LayerNorm, RMSNorm and Dropout.
import { dropout, requireProbability } from '../fused/dropout';
import { embedding, requireRow } from '../fused/embedding';
import { type Activation, linear, requireActivation } from '../fused/linear';
import { layerNorm, rmsNorm } from '../fused/norm';
import { ones, tensor, zeros } from '../ops/create';
import { requireOptions } from '../ops/rules';
import type { Generator } from '../random';
import { requireShape } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { fanInUniform, type InitializerOptions, mapWeight, normal } from './initializers';
import { Module } from './module';
import { Parameter } from './parameter';

/** Sizes of a `Linear`. */
export interface LinearConfig extends InitializerOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** True where nothing is said. */
  readonly bias?: boolean;
  /** Applied to the result, in the same kernel. */
  readonly activation?: Activation;
}

/**
 * `x · weightᵀ + bias`, as `torch.nn.Linear`.
 *
 * @example
 * ```ts
 * import { init, ones } from '@heddle/tensor';
 * import { Linear } from '@heddle/tensor/nn';
 * await init();
 * console.log(new Linear({ inputs: 3, outputs: 2 }).call(ones([5, 3])).shape); // [5, 2]
 * ```
 */
export class Linear extends Module {
  /** `[outputs, inputs]` */
  readonly weight: Parameter;
  /** `[outputs]` */
  readonly bias: Parameter | null;
  /** What is applied to the result. */
  readonly activation: Activation;

  constructor(config: LinearConfig) {
    super();
    const { inputs, outputs, bias = true, activation = 'none', generator } = requireOptions('Linear', config);
    requireActivation('Linear', activation);
    requireShape('Linear', [outputs, inputs]);
    this.weight = new Parameter(mapWeight([outputs, inputs], { generator }));
    this.bias = bias ? new Parameter(fanInUniform([outputs], inputs, { generator })) : null;
    this.activation = activation;
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, { bias: this.bias ?? undefined, activation: this.activation });
  }
}

/** Sizes of an `Embedding`. */
export interface EmbeddingConfig extends InitializerOptions {
  /** Rows: the vocabulary. */
  readonly count: number;
  readonly dim: number;
  /** A row that stays zero and learns nothing. */
  readonly paddingIdx?: number | null;
}

/** Rows of a table by id, as `torch.nn.Embedding`: `[…]` ids to `[…, dim]`. */
export class Embedding extends Module {
  /** `[count, dim]` */
  readonly weight: Parameter;
  readonly paddingIdx: number | null;

  constructor(config: EmbeddingConfig) {
    super();
    const { count, dim, paddingIdx = null, generator } = requireOptions('Embedding', config);
    requireShape('Embedding', [count, dim]);
    if (paddingIdx !== null) requireRow('Embedding', paddingIdx, count);
    const table = normal([count, dim], 1, { generator });
    this.paddingIdx = paddingIdx;
    this.weight = new Parameter(paddingIdx === null ? table : table.mul(withoutRow(count, paddingIdx)));
  }

  override forward(ids: AnyTensor): Tensor {
    return embedding(this.weight, ids, { paddingIdx: this.paddingIdx });
  }

  /** The table as a linear map, `x · weightᵀ + bias`: a head that is tied to it. */
  asLinear(x: Tensor, { bias }: { readonly bias?: Tensor | undefined } = {}): Tensor {
    return linear(x, this.weight, { bias });
  }
}

/** A column of ones with a zero at one row. */
function withoutRow(count: number, row: number): Tensor {
  const column = new Float32Array(count).fill(1);
  column[row] = 0;
  return tensor<'float32'>(column, { shape: [count, 1] });
}

/** Sizes of the norms. */
export interface NormConfig {
  /** Length of the last axis. */
  readonly dim: number;
  /** 1e-5 where nothing is said. */
  readonly eps?: number;
  /** LayerNorm only: true where nothing is said. */
  readonly bias?: boolean;
}

/** `torch.nn.LayerNorm` over the last axis. */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  private readonly eps: number;

  constructor(config: NormConfig) {
    super();
    const { dim, eps = 1e-5, bias = true } = requireOptions('LayerNorm', config);
    requireShape('LayerNorm', [dim]);
    this.weight = new Parameter(ones([dim]));
    this.bias = bias ? new Parameter(zeros([dim])) : null;
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, { weight: this.weight, eps: this.eps, ...(this.bias === null ? {} : { bias: this.bias }) });
  }
}

/** Root-mean-square norm over the last axis, as Llama and T5 have it. */
export class RMSNorm extends Module {
  readonly weight: Parameter;
  private readonly eps: number;

  constructor(config: Omit<NormConfig, 'bias'>) {
    super();
    const { dim, eps = 1e-5 } = requireOptions('RMSNorm', config);
    requireShape('RMSNorm', [dim]);
    this.weight = new Parameter(ones([dim]));
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, { weight: this.weight, eps: this.eps });
  }
}

/** Zeros at random while training, nothing else otherwise. */
export class Dropout extends Module {
  constructor(
    readonly p: number,
    private readonly options: { readonly generator?: Generator | undefined } = {},
  ) {
    super();
    requireProbability('Dropout', p, true);
    requireOptions('Dropout', options);
  }

  override forward(x: Tensor): Tensor {
    return this.training ? dropout(x, this.p, this.options) : x;
  }
}
