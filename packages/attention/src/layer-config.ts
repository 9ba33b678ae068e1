// What encoder and decoder layers have in common: settings, norms, and the way a sublayer is added to its input.
import { ArgumentError, dropout, type Generator, ones, type Tensor } from '@heddle/tensor';
import { type InitializerOptions, LayerNorm, type Module, RMSNorm } from '@heddle/tensor/nn';
import { requireProbability } from './errors';
import { FeedForward, type FeedForwardConfig } from './feed-forward';
import { type ExpertsConfig, MixtureOfExperts } from './mixture-of-experts';
import type { AttentionConfig } from './multi-head-attention';

/** A module that scales rows. */
export type Norm = Module & { forward(x: Tensor): Tensor };

/** Which norm: one of the two, or a maker of an own one. */
export type NormKind = 'layer' | 'rms' | ((config: { readonly dim: number; readonly eps: number }) => Norm);

/**
 * Where norms stand: before a sublayer, after the sum, on both sides of a sublayer, or before two sublayers that run
 * beside each other on the same input (GPT-NeoX).
 */
export type NormPlacement = 'pre' | 'post' | 'sandwich' | 'parallel';

/** Settings of an encoder or decoder layer. */
export interface LayerConfig extends InitializerOptions {
  readonly dim: number;
  readonly heads: number;
  readonly kvHeads?: number | undefined;
  readonly headDim?: number | undefined;
  readonly hiddenDim?: number | undefined;
  readonly activation?: FeedForwardConfig['activation'];
  readonly gated?: boolean | undefined;
  /** Several feed-forwards, of which each token uses a few; see `MixtureOfExperts`. */
  readonly experts?: ExpertsConfig | undefined;
  /** `layer` where nothing is said. */
  readonly norm?: NormKind | undefined;
  /** `pre` where nothing is said. */
  readonly placement?: NormPlacement | undefined;
  /** Of the norms: 1e-5 where nothing is said. */
  readonly eps?: number | undefined;
  /** On all linear maps: true where nothing is said. */
  readonly bias?: boolean | undefined;
  /** On attention's, where they differ. */
  readonly attentionBias?: AttentionConfig['bias'];
  /** After each sublayer. 0 where nothing is said. */
  readonly dropout?: number | undefined;
  /** Of attention weights: 0 where nothing is said. */
  readonly attentionDropout?: number | undefined;
  /** Inside the feed-forward: 0 where nothing is said. */
  readonly activationDropout?: number | undefined;
  /**
   * Stochastic depth (Huang et al. 2016): probability of leaving out a sublayer for one row of the batch. In a stack it
   * grows evenly from 0 in the first layer to this in the last.
   */
  readonly dropPath?: number | undefined;
  readonly rope?: AttentionConfig['rope'];
  readonly window?: number | undefined;
  readonly scale?: number | undefined;
}

/** The attention's part of a layer's settings. */
export function attentionConfig(config: LayerConfig): AttentionConfig {
  const { dim, heads, kvHeads, headDim, rope, window, scale, generator } = config;
  const bias = config.attentionBias ?? config.bias ?? true;
  return { dim, heads, kvHeads, headDim, rope, window, scale, bias, dropout: config.attentionDropout, generator };
}

/** The feed-forward that a layer's settings ask for. */
export function makeFeedForward(config: LayerConfig): FeedForward | MixtureOfExperts {
  const { dim, hiddenDim, activation, gated, bias, generator, experts } = config;
  const one = { dim, hiddenDim, activation, gated, bias, dropout: config.activationDropout, generator };
  return experts === undefined ? new FeedForward(one) : new MixtureOfExperts({ ...one, experts });
}

/** A norm of the configured kind. */
export function makeNorm({
  dim,
  norm = 'layer',
  eps = 1e-5,
  bias = true,
}: Pick<LayerConfig, 'dim' | 'norm' | 'eps' | 'bias'>): Norm {
  if (norm === 'layer') return new LayerNorm({ dim, eps, bias });
  if (norm === 'rms') return new RMSNorm({ dim, eps });
  if (typeof norm === 'function') return norm({ dim, eps });
  throw new ArgumentError(
    'makeNorm',
    'norm',
    "'layer', 'rms' or a function that makes one",
    String(norm satisfies never),
  );
}

/** How a sublayer joins the residual stream. */
export interface Joining {
  readonly placement: NormPlacement;
  readonly norm: Norm;
  /** The second norm of a sandwich. */
  readonly postNorm: Norm | null;
  /** Dropout and stochastic depth on the branch. */
  readonly drop: (branch: Tensor) => Tensor;
}

/** x + f(x), normalised where the placement says. */
export function residual(x: Tensor, { placement, norm, postNorm, drop }: Joining, f: (x: Tensor) => Tensor): Tensor {
  switch (placement) {
    case 'post':
      return norm.call(x.add(drop(f(x))));
    case 'sandwich': {
      const branch = f(norm.call(x));
      return x.add(drop(postNorm === null ? branch : postNorm.call(branch)));
    }
    case 'pre':
    case 'parallel':
      return x.add(drop(f(norm.call(x))));
  }
}

/** Leaves out whole rows of the batch with probability `p`, and scales the others up. */
export function dropPath(branch: Tensor, p: number, generator: Generator | undefined): Tensor {
  if (p === 0) return branch;
  requireProbability('dropPath', 'p', p);
  const rows = ones([branch.shape[0], ...branch.shape.slice(1).map(() => 1)]);
  return branch.mul(dropout(rows, p, { generator }));
}
