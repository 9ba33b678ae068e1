// What every layer is made of: self-attention, a feed-forward, and the norms around them.
import type { Tensor } from '@heddle/tensor';
import { Dropout, Module } from '@heddle/tensor/nn';
import { FeedForward } from './feed-forward';
import {
  attentionConfig,
  dropPath,
  feedForwardConfig,
  type Joining,
  type LayerConfig,
  makeNorm,
  type Norm,
  residual,
} from './layer-config';
import { type AttendOptions, MultiHeadAttention } from './multi-head-attention';

/** What self-attention may be given. */
export type SelfAttendOptions = Omit<AttendOptions, 'memory' | 'values'>;

/** Base of `EncoderLayer` and `DecoderLayer`. */
export abstract class TransformerLayer extends Module {
  // PyTorch has the feed-forward's two maps beside the attention, not below a level of their own.
  static override readonly names: Readonly<Record<string, string>> = { feedForward: '' };

  readonly selfAttn: MultiHeadAttention;
  readonly feedForward: FeedForward;
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
    this.feedForward = new FeedForward(feedForwardConfig(config));
    this.norm1 = makeNorm(config);
    this.norm2 = makeNorm(config);
    this.postNorm1 = sandwich ? makeNorm(config) : null;
    this.postNorm2 = sandwich ? makeNorm(config) : null;
    this.dropout = new Dropout(config.dropout ?? 0, generatorOf(config));
  }

  /** Self-attention and feed-forward, without a memory. */
  protected run(x: Tensor, options: SelfAttendOptions): Tensor {
    const first = this.joining(this.norm1, this.postNorm1);
    const second = this.joining(this.norm2, this.postNorm2);
    const attended = residual(x, first, (h) => this.selfAttn.call(h, options));
    // Side by side, both sublayers read x; one after the other, the second reads what the first made.
    if (this.config.placement === 'parallel')
      return attended.add(second.drop(this.feedForward.call(this.norm2.call(x))));
    return residual(attended, second, (h) => this.feedForward.call(h));
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

/** The option that dropout layers take, without an undefined in it. */
function generatorOf({ generator }: LayerConfig): ConstructorParameters<typeof Dropout>[1] {
  return generator === undefined ? {} : { generator };
}
