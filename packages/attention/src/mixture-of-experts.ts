// Several feed-forwards instead of one, of which each token uses the few that a router picks for it.
import { ArgumentError, gather, scatterAdd, softmax, type Tensor, topk, zeros } from '@heddle/tensor';
import { Linear, Module } from '@heddle/tensor/nn';
import { requireWhole } from './errors';
import { FeedForward, type FeedForwardConfig } from './feed-forward';
import type { Routing } from './routing';

/** How tokens are sent to experts. */
export interface ExpertsConfig {
  /** How many there are. */
  readonly count: number;
  /** How many a token uses: 2 where nothing is said. */
  readonly topK?: number | undefined;
  /** Whether the shares of the experts that were picked sum to one, as in Mixtral. True where nothing is said. */
  readonly normalize?: boolean | undefined;
}

/** Settings of `MixtureOfExperts`. */
export interface MixtureConfig extends FeedForwardConfig {
  readonly experts: ExpertsConfig;
}

/**
 * Sparsely gated experts (Shazeer et al. 2017; Fedus et al. 2022), as Mixtral's block (Jiang et al. 2024): softmax over
 * the router's logits, the `topK` highest, their outputs summed by their shares. No token is dropped. Every expert
 * computes every token, so that shapes never hang on data: the work is that of `count` feed-forwards.
 *
 * @example
 * ```ts
 * import { MixtureOfExperts, Routing } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const mixture = new MixtureOfExperts({ dim: 16, hiddenDim: 32, experts: { count: 4, topK: 2 } });
 * const routing = new Routing();
 * const y = mixture.call(randn([2, 5, 16]), { routing }); // [2, 5, 16]
 * const loss = y.square().mean().add(routing.balancingLoss().mul(0.01));
 * loss.backward();
 * routing.dispose();
 * ```
 */
export class MixtureOfExperts extends Module {
  readonly gate: Linear;
  readonly experts: readonly FeedForward[];
  private readonly topK: number;
  private readonly normalize: boolean;

  /** @throws {ArgumentError} where a token would use more experts than there are. */
  constructor({ experts, ...config }: MixtureConfig) {
    super();
    const { count, topK = 2, normalize = true } = experts;
    requireWhole('MixtureOfExperts', 'experts.count', count);
    requireWhole('MixtureOfExperts', 'experts.topK', topK);
    if (topK > count)
      throw new ArgumentError('MixtureOfExperts', 'experts.topK', `at most count = ${count}`, String(topK));
    this.topK = topK;
    this.normalize = normalize;
    this.gate = new Linear({ inputs: config.dim, outputs: count, bias: false, generator: config.generator });
    this.experts = Array.from({ length: count }, () => new FeedForward(config));
  }

  /** @param x `[B, T, dim]` */
  override forward(x: Tensor, options: { readonly routing?: Routing | undefined } = {}): Tensor {
    const logits = this.gate.call(x); // [B, T, experts]
    options.routing?.note(logits, this.topK);
    const shares = this.shares(softmax(logits));
    return this.experts
      .map((expert, e) => expert.call(x).mul(shares.slice([null, null, [e, e + 1]]))) // [B, T, dim]
      .reduce((sum, part) => sum.add(part));
  }

  /** What each expert counts for each token, zero for those that weren't picked. */
  private shares(probabilities: Tensor): Tensor {
    const { indices } = topk(probabilities.detach(), this.topK);
    const picked = gather(probabilities, -1, indices); // [B, T, topK]
    const shares = this.normalize ? picked.div(picked.sum({ axis: -1, keepdim: true })) : picked;
    return scatterAdd(zeros(probabilities.shape), -1, indices, shares);
  }
}
