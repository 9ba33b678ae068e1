// The second half of a layer: each token by itself through a wider one.
import { type Activation, ArgumentError, gelu, relu, silu, type Tensor } from '@heddle/tensor';
import { Dropout, type InitializerOptions, Linear, Module } from '@heddle/tensor/nn';
import { requireWhole } from './errors';

/** Activations of a feed-forward. `quickGelu` is CLIP's x · σ(1.702 x). */
export type FeedForwardActivation = Exclude<Activation, 'none'> | 'quickGelu';

/** Settings of `FeedForward`. */
export interface FeedForwardConfig extends InitializerOptions {
  readonly dim: number;
  /** Width in between: 4 · dim where nothing is said. */
  readonly hiddenDim?: number | undefined;
  /** `gelu` where nothing is said. */
  readonly activation?: FeedForwardActivation | undefined;
  /** Multiplies with a second projection (Shazeer 2020): SwiGLU with `silu`, GeGLU with `gelu`. */
  readonly gated?: boolean | undefined;
  /** True where nothing is said. */
  readonly bias?: boolean | undefined;
  /** Between the two maps. */
  readonly dropout?: number | undefined;
}

/**
 * linear2(activation(linear1(x))), or linear2(activation(gate(x)) · linear1(x)) where it is gated.
 *
 * @example
 * ```ts
 * import { FeedForward } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const swiglu = new FeedForward({ dim: 16, hiddenDim: 40, activation: 'silu', gated: true, bias: false });
 * console.log(swiglu.call(randn([2, 3, 16])).shape); // [2, 3, 16]
 * ```
 */
export class FeedForward extends Module {
  readonly linear1: Linear;
  readonly gate: Linear | null;
  readonly linear2: Linear;
  readonly dropout: Dropout;
  private readonly activation: FeedForwardActivation;

  constructor(config: FeedForwardConfig) {
    super();
    const { dim, hiddenDim = 4 * dim, activation = 'gelu', gated = false, bias = true, generator } = config;
    requireWhole('FeedForward', 'dim', dim);
    requireWhole('FeedForward', 'hiddenDim', hiddenDim);
    this.activation = activation;
    // Where the kernel of the linear map knows the activation, it goes over the data once.
    const fused = activation === 'quickGelu' ? 'none' : activation;
    const up = (own: Activation): Linear =>
      new Linear({ inputs: dim, outputs: hiddenDim, bias, activation: own, generator });
    this.linear1 = up(gated ? 'none' : fused);
    this.gate = gated ? up(fused) : null;
    this.linear2 = new Linear({ inputs: hiddenDim, outputs: dim, bias, generator });
    this.dropout = new Dropout(config.dropout ?? 0, { generator });
  }

  override forward(x: Tensor): Tensor {
    const hidden =
      this.gate === null ? this.finish(this.linear1.call(x)) : this.finish(this.gate.call(x)).mul(this.linear1.call(x));
    return this.linear2.call(this.dropout.call(hidden)); // [B, T, hidden] to [B, T, dim]
  }

  private finish(x: Tensor): Tensor {
    return this.activation === 'quickGelu' ? quickGelu(x) : x;
  }
}

/** x · σ(1.702 x): the approximation that CLIP was trained with. */
export function quickGelu(x: Tensor): Tensor {
  return x.mul(x.mul(1.702).sigmoid());
}

/**
 * Applies an activation by its name.
 *
 * @throws {ArgumentError} where there is none of that name.
 */
export function activate(x: Tensor, activation: FeedForwardActivation | 'tanh'): Tensor {
  switch (activation) {
    case 'relu':
      return relu(x);
    case 'gelu':
      return gelu(x);
    case 'geluTanh':
      return gelu(x, { approximate: 'tanh' });
    case 'silu':
      return silu(x);
    case 'quickGelu':
      return quickGelu(x);
    case 'tanh':
      return x.tanh();
    default:
      throw new ArgumentError(
        'activate',
        'activation',
        'relu, gelu, geluTanh, silu, quickGelu or tanh',
        String(activation satisfies never),
      );
  }
}
