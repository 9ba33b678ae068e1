// What every layer is made of: self-attention, a feed-forward, and the norms around them.
import type { Tensor } from '@heddle/tensor';
import { Dropout, Module } from '@heddle/tensor/nn';
import type { FeedForward } from './feed-forward';
import {
  attentionConfig,
  dropPath,
  type Joining,
  type LayerConfig,
  makeFeedForward,
  makeNorm,
  type Norm,
  residual,
} from './layer-config';
import type { MixtureOfExperts } from './mixture-of-experts';
import { type AttendOptions, MultiHeadAttention } from './multi-head-attention';
import type { Routing } from './routing';

/** What self-attention and the feed-forward behind it may be given. */
export interface SelfAttendOptions extends Omit<AttendOptions, 'memory' | 'values'> {
  /** Gets the routers' logits of layers with experts. */
  readonly routing?: Routing | undefined;
}

/** Base of `EncoderLayer` and `DecoderLayer`. */
export abstract class TransformerLayer extends Module {
  // PyTorch has the feed-forward's two maps beside the attention, not below a level of their own.
  static override readonly names: Readonly<Record<string, string>> = { feedForward: '' };

  readonly selfAttn: MultiHeadAttention;
  readonly feedForward: FeedForward | MixtureOfExperts;
  readonly norm1: Norm;
  readonly norm2: Norm;
  /** After the sublayers, in a sandwich. */
  readonly postNorm1: Norm | null;
  readonly postNorm2: Norm | null;
  readonly dropout: Dropout;

  constructor(protected readonly config: LayerConfig) {
    super();
    const sandwich = config.placement === 'sandwich';
    this.selfAttn = new MultiHeadAttention(attentionConfig(config));
    this.feedForward = makeFeedForward(config);
    this.norm1 = makeNorm(config);
    this.norm2 = makeNorm(config);
    this.postNorm1 = sandwich ? makeNorm(config) : null;
    this.postNorm2 = sandwich ? makeNorm(config) : null;
    this.dropout = new Dropout(config.dropout ?? 0, { generator: config.generator });
  }

  /** Self-attention and feed-forward, without a memory. */
  protected run(x: Tensor, options: SelfAttendOptions): Tensor {
    const first = this.joining(this.norm1, this.postNorm1);
    const second = this.joining(this.norm2, this.postNorm2);
    const attended = residual(x, first, (h) => this.selfAttn.call(h, options));
    // Side by side, both sublayers read x; one after the other, the second reads what the first made.
    if (this.config.placement === 'parallel') return attended.add(second.drop(this.feed(this.norm2.call(x), options)));
    return residual(attended, second, (h) => this.feed(h, options));
  }

  protected feed(x: Tensor, { routing }: Pick<SelfAttendOptions, 'routing'>): Tensor {
    return this.feedForward.call(x, { routing });
  }

  protected joining(norm: Norm, postNorm: Norm | null): Joining {
    const { placement = 'pre', dropPath: p = 0, generator } = this.config;
    const drop = (branch: Tensor): Tensor => {
      const dropped = this.dropout.call(branch);
      return this.training ? dropPath(dropped, p, generator) : dropped;
    };
    return { placement, norm, postNorm, drop };
  }
}
