// What routers decided during a call, for the loss that keeps them from sending everything to a few experts.
import {
  type AnyTensor,
  ArgumentError,
  concat,
  oneHot,
  ShapeError,
  scope,
  softmax,
  type Tensor,
  topk,
} from '@heddle/tensor';

/**
 * Collects the routers' logits of a call, layer by layer. Whoever makes one disposes it, after `backward`.
 *
 * @example
 * ```ts
 * import { Encoder, Routing } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const encoder = new Encoder({ dim: 16, heads: 2, layers: 2, experts: { count: 4 } });
 * const routing = new Routing();
 * encoder.call(randn([1, 6, 16]), { routing });
 * console.log(routing.logits.length, (await routing.balancingLoss().item()) >= 1); // 2 layers
 * routing.dispose();
 * ```
 */
export class Routing {
  /** `[B, T, experts]` of each layer. */
  readonly logits: Tensor[] = [];
  private topK = 0;

  /** Notes a router's logits and keeps them until `dispose`. */
  note(logits: Tensor, topK: number): void {
    this.logits.push(logits.alias());
    this.topK = topK;
  }

  /**
   * experts · Σ (share of tokens sent to an expert · mean probability of it), over all layers together (Fedus et al. 2022,
   * equations 4–6), as `load_balancing_loss_func` of transformers: topK where all experts get the same, more otherwise.
   *
   * @param options.paddingMask which tokens are real, `[B, T]`: padding doesn't count
   * @throws {ArgumentError} where no layer has experts.
   */
  balancingLoss(options: { readonly paddingMask?: AnyTensor | undefined } = {}): Tensor {
    if (this.logits.length === 0)
      throw new ArgumentError('Routing', 'logits', 'a call of layers with experts before', 'none');
    return scope(() => this.loss(options.paddingMask));
  }

  /** Frees what was noted. */
  dispose(): void {
    for (const t of this.logits.splice(0)) t.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private loss(paddingMask: AnyTensor | undefined): Tensor {
    const experts = this.logits[0].shape[2];
    const all = concat(this.logits.map((logits) => logits.reshape([-1, experts]))); // [N, experts]
    const probabilities = softmax(all);
    const { indices } = topk(probabilities.detach(), this.topK);
    const sent = oneHot(indices, experts).sum({ axis: 1 }); // [N, experts]
    const weights = paddingMask === undefined ? undefined : this.weights(paddingMask);
    const mean = (rows: Tensor): Tensor =>
      weights === undefined ? rows.mean({ axis: 0 }) : rows.mul(weights).sum({ axis: 0 }).div(weights.sum());
    return mean(sent).mul(mean(probabilities)).sum().mul(experts);
  }

  /** 1 for real tokens of each layer, `[N, 1]`. */
  private weights(paddingMask: AnyTensor): Tensor {
    const [B, T] = this.logits[0].shape;
    if (paddingMask.rank !== 2 || paddingMask.shape[0] !== B || paddingMask.shape[1] !== T)
      throw new ShapeError('Routing', 'paddingMask', `[${B}, ${T}]`, `[${paddingMask.shape.join(', ')}]`);
    const real = paddingMask
      .cast('bool')
      .cast('float32')
      .reshape([B * T, 1]);
    return concat(this.logits.map(() => real));
  }
}
