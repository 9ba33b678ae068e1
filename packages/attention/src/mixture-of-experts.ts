// Several feed-forwards instead of one, of which each token uses the few that a router picks for it.
import {
  ArgumentError,
  concat,
  gather,
  readNow,
  scatterAdd,
  softmax,
  type Tensor,
  tensor,
  topk,
  zeros,
} from '@heddle/tensor';
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
  /** Whether every expert computes every token, as it must on a GPU: shapes then never hang on data. */
  readonly dense?: boolean | undefined;
}

/** Settings of `MixtureOfExperts`. */
export interface MixtureConfig extends FeedForwardConfig {
  readonly experts: ExpertsConfig;
}

/**
 * Sparsely gated experts (Shazeer et al. 2017; Fedus et al. 2022), as Mixtral's block (Jiang et al. 2024): softmax over
 * the router's logits, the `topK` highest, their outputs summed by their shares. No token is dropped. An expert computes
 * the tokens that were sent to it: the work is that of `topK` feed-forwards. On a GPU, where nobody can wait for the router,
 * every expert computes every token: the work of `count`.
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
  private readonly dense: boolean;

  /** @throws {ArgumentError} where a token would use more experts than there are. */
  constructor({ experts, ...config }: MixtureConfig) {
    super();
    const { count, topK = 2, normalize = true, dense = false } = experts;
    requireWhole('MixtureOfExperts', 'experts.count', count);
    requireWhole('MixtureOfExperts', 'experts.topK', topK);
    if (topK > count)
      throw new ArgumentError('MixtureOfExperts', 'experts.topK', `at most count = ${count}`, String(topK));
    this.topK = topK;
    this.normalize = normalize;
    this.dense = dense;
    this.gate = new Linear({ inputs: config.dim, outputs: count, bias: false, generator: config.generator });
    this.experts = Array.from({ length: count }, () => new FeedForward(config));
  }

  /** @param x `[B, T, dim]` */
  override forward(x: Tensor, options: { readonly routing?: Routing | undefined } = {}): Tensor {
    const logits = this.gate.call(x); // [B, T, experts]
    options.routing?.note(logits, this.topK);
    const probabilities = softmax(logits);
    const { indices } = topk(probabilities.detach(), this.topK);
    const picked = gather(probabilities, -1, indices); // [B, T, topK]
    const shares = this.normalize ? picked.div(picked.sum({ axis: -1, keepdim: true })) : picked;
    const routes = this.dense ? null : readNow(indices);
    if (routes !== null) return this.routed(x, shares, routes);
    const all = scatterAdd(zeros(probabilities.shape), -1, indices, shares); // [B, T, experts], zero where not picked
    return this.experts
      .map((expert, e) => expert.call(x).mul(all.slice([null, null, [e, e + 1]]))) // [B, T, dim]
      .reduce((sum, part) => sum.add(part));
  }

  /**
   * The same where it is known who goes where: rows of tokens sorted by expert, and back.
   *
   * @param routes the expert of each share, in the order of the shares
   */
  private routed(x: Tensor, shares: Tensor, routes: Int32Array): Tensor {
    const { topK } = this;
    const rows = x.reshape([-1, x.shape[2]]); // [B · T, dim]
    const bySlot = shares.reshape([-1, 1]); // [B · T · topK, 1]
    const slotsOf: number[][] = this.experts.map(() => []);
    routes.forEach((expert, slot) => {
      slotsOf[expert].push(slot);
    });
    const parts = this.experts.map((expert, e) => {
      const slots = Int32Array.from(slotsOf[e]);
      const own = rows.take(tensor(slots.map((slot) => Math.floor(slot / topK)))); // [n, dim]
      // An expert without tokens takes part too: its gradient is zero, not missing.
      return expert.call(own).mul(bySlot.take(tensor(slots)));
    });
    const back = new Int32Array(routes.length);
    slotsOf.flat().forEach((slot, row) => {
      back[slot] = row;
    });
    const sorted = concat(parts).take(tensor(back)); // [B · T · topK, dim]
    return sorted.reshape([-1, topK, x.shape[2]]).sum({ axis: 1 }).reshape(x.shape);
  }
}
