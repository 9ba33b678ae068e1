// A model that reads whole texts: embeddings, an encoder, a head. What BERT and its kin differ in stands in their files.
import { ArgumentError, type Tensor, zeros } from '@heddle/tensor';
import { Dropout, Embedding, type InitializerOptions, LayerNorm, Linear, Module, Parameter } from '@heddle/tensor/nn';
import { Encoder, type EncoderConfig } from '../encoder';
import { activate, type FeedForwardActivation } from '../feed-forward';
import type { Inspection } from '../inspection';
import { LearnedPositions } from '../positions/learned';
import { batchTensors, type TextBatch } from '../text-batch';
import { Pooler } from './pooler';
import { normalized, poolTokens, type SentencePooling } from './sentence-pooling';

/**
 * What stands on top: nothing, one label a text, one a token, the borders of an answer, the hidden tokens, a score, whether
 * one sentence follows the other, both of what BERT was trained with, or whether a token was replaced (ELECTRA).
 */
export type EncoderHead =
  | 'none'
  | 'classification'
  | 'tokens'
  | 'span'
  | 'maskedLM'
  | 'choice'
  | 'nextSentence'
  | 'preTraining'
  | 'replaced';

/** Settings that BERT and its kin share. */
export interface EncoderModelConfig {
  readonly vocabSize: number;
  readonly dim: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly heads: number;
  readonly maxLength: number;
  readonly activation: FeedForwardActivation;
  readonly eps: number;
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly padId: number;
  /** Sequences that a row may be made of; 0 where the model knows none. */
  readonly typeCount: number;
  readonly head: EncoderHead;
  readonly labels: readonly string[];
  /** Without a head: whether there is a map on the first token, as BERT was trained with. A checkpoint's names say so. */
  readonly pooler?: boolean | undefined;
}

/** What a family says about the network beside its config. */
export interface EncoderModelShape extends InitializerOptions {
  /** Width of the embeddings, where they are narrower (ALBERT, ELECTRA). */
  readonly embeddingDim?: number | undefined;
  /** Rows of the position table before the first position (RoBERTa). */
  readonly positionOffset?: number;
  /** Whether the layers share one set of weights (ALBERT). */
  readonly shared?: boolean;
  /** Learned numbers for distances, added to the scores of attention (MPNet). */
  readonly relativeBias?: EncoderConfig['relativeBias'];
  /** The dense layer of the head: its activation. */
  readonly headActivation: FeedForwardActivation | 'tanh';
  /** The same of the head that guesses tokens: `gelu` where nothing is said. */
  readonly maskedActivation?: FeedForwardActivation;
}

/** A dense layer on the first token, or on each, then a linear map to the labels. */
export class ClassificationHead extends Module {
  readonly dense: Linear;
  readonly dropout: Dropout;
  readonly out: Linear;

  constructor(
    { dim, dropout, outputs }: { readonly dim: number; readonly dropout: number; readonly outputs: number },
    private readonly activation: FeedForwardActivation | 'tanh',
    { generator }: InitializerOptions = {},
  ) {
    super();
    this.dense = new Linear({ inputs: dim, outputs: dim, generator });
    this.dropout = new Dropout(dropout, { generator });
    this.out = new Linear({ inputs: dim, outputs, generator });
  }

  /**
   * @param x `[B, T, dim]`
   * @returns `[B, labels]`, of the first token
   */
  override forward(x: Tensor): Tensor {
    return this.each(x.select(1, 0));
  }

  /** Labels of each row: `[…, dim]` to `[…, labels]`. */
  each(x: Tensor): Tensor {
    return this.out.call(this.dropout.call(activate(this.dense.call(x), this.activation)));
  }
}

/** Guesses tokens: a dense layer and a norm, then the embedding's table and a bias. */
export class MaskedLMHead extends Module {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  readonly bias: Parameter;
  private readonly activation: FeedForwardActivation;

  constructor(
    config: {
      readonly dim: number;
      readonly width: number;
      readonly vocabSize: number;
      readonly eps: number;
      readonly activation?: FeedForwardActivation | undefined;
    } & InitializerOptions,
  ) {
    super();
    const { dim, width, vocabSize, eps, generator } = config;
    this.dense = new Linear({ inputs: dim, outputs: width, generator });
    this.norm = new LayerNorm({ dim: width, eps });
    this.bias = new Parameter(zeros([vocabSize]));
    this.activation = config.activation ?? 'gelu';
  }

  override forward(x: Tensor, table: Embedding): Tensor {
    return table.asLinear(this.norm.call(activate(this.dense.call(x), this.activation)), { bias: this.bias });
  }
}

/** How the tokens of a text become the vector of a sentence. */
export interface PoolOptions {
  /** `mean` where nothing is said. */
  readonly pooling?: SentencePooling;
  /** Vectors of length one: true where nothing is said. */
  readonly normalize?: boolean;
}

/** An encoder of texts with a head. Subclasses say which. */
export class EncoderModel extends Module {
  readonly wordEmbedding: Embedding;
  readonly positionEmbedding: LearnedPositions;
  readonly typeEmbedding: Embedding | null;
  readonly embeddingNorm: LayerNorm;
  readonly embeddingProjection: Linear | null;
  readonly dropout: Dropout;
  readonly encoder: Encoder;
  readonly head: ClassificationHead | MaskedLMHead | Linear | null;
  /** Beside the head that guesses tokens: whether two sentences belong together. */
  readonly pairHead: ClassificationHead | null;
  readonly pooler: Pooler | null;

  constructor(
    readonly config: EncoderModelConfig,
    shape: EncoderModelShape,
  ) {
    super();
    const { vocabSize, dim, maxLength, typeCount, eps, dropout, labels } = config;
    const { embeddingDim: width = dim, positionOffset, shared, relativeBias, generator } = shape;
    this.wordEmbedding = new Embedding({ count: vocabSize, dim: width, paddingIdx: config.padId, generator });
    this.positionEmbedding = new LearnedPositions({ maxLength, dim: width, offset: positionOffset, generator });
    this.typeEmbedding = typeCount === 0 ? null : new Embedding({ count: typeCount, dim: width, generator });
    this.embeddingNorm = new LayerNorm({ dim: width, eps });
    this.embeddingProjection = width === dim ? null : new Linear({ inputs: width, outputs: dim, generator });
    this.dropout = new Dropout(dropout, { generator });
    this.encoder = new Encoder({ ...config, placement: 'post', shared, relativeBias, generator });
    this.head = makeHead(config, shape, labels.length, width);
    this.pairHead =
      config.head === 'preTraining' ? new ClassificationHead(pairOf(dim), shape.headActivation, { generator }) : null;
    this.pooler = config.pooler && config.head === 'none' ? new Pooler(config, { generator }) : null;
  }

  /**
   * @returns logits: `[B, labels]` of a text, `[B, T, labels]` of tokens, `[B, T, 2]` of an answer's borders,
   *   `[B, T, vocabSize]` of hidden tokens, `[B, 1]` of a choice, whose rows are then reshaped to `[questions, choices]`,
   *   `[B, 2]` of a next sentence, `[B, T]` of replaced tokens; without a head the hidden states, `[B, T, dim]`
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(batch: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    const x = this.hidden(batch, options);
    const { head } = this;
    if (head === null) return x;
    if (head instanceof MaskedLMHead) return head.call(x, this.wordEmbedding);
    if (head instanceof ClassificationHead && this.config.head === 'replaced')
      return head.each(x).reshape(x.shape.slice(0, 2));
    return head instanceof Linear ? head.call(this.dropout.call(x)) : head.call(x);
  }

  /**
   * Both of what BERT and ALBERT were trained with, of one reading: the hidden tokens, `[B, T, vocabSize]`, and whether the
   * second sentence follows the first or comes from elsewhere, `[B, 2]`.
   *
   * @throws {ArgumentError} where the model's head isn't `preTraining`.
   */
  preTraining(
    batch: TextBatch,
    options: { readonly inspect?: Inspection | undefined } = {},
  ): { readonly tokens: Tensor; readonly pairs: Tensor } {
    const { head, pairHead } = this;
    if (!(head instanceof MaskedLMHead) || pairHead === null)
      throw new ArgumentError(this.constructor.name, 'head', "'preTraining'", `'${this.config.head}'`);
    const x = this.hidden(batch, options);
    return { tokens: head.call(x, this.wordEmbedding), pairs: pairHead.call(x) };
  }

  /** What stands before the head, `[B, T, dim]`. */
  hidden(batch: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    const { ids, mask, typeIds, positions } = batchTensors(this.constructor.name, batch, this.config);
    let x = this.wordEmbedding.call(ids).add(this.positionEmbedding.call(ids.shape[1], { positions }));
    if (this.typeEmbedding !== null) x = x.add(this.typeEmbedding.call(typeIds ?? zeros([1], { dtype: 'int32' })));
    x = this.dropout.call(this.embeddingNorm.call(x)); // [B, T, width]
    if (this.embeddingProjection !== null) x = this.embeddingProjection.call(x);
    return this.encoder.call(x, { paddingMask: mask, inspect: options.inspect });
  }

  /**
   * What the pooler makes of the first token, `[B, dim]`. With the hidden states in hand, call `pooler` on them instead.
   *
   * @throws {ArgumentError} where the model has no pooler.
   */
  pooled(batch: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    if (this.pooler === null)
      throw new ArgumentError(this.constructor.name, 'pooler', 'a model without a head, with a pooler', 'none');
    return this.pooler.call(this.hidden(batch, options));
  }

  /** A vector for each text, `[B, dim]`, as sentence-transformers has it. */
  sentences(batch: TextBatch, options: PoolOptions = {}): Tensor {
    const { pooling = 'mean', normalize = true } = options;
    const x = this.hidden(batch);
    const { mask } = batchTensors(this.constructor.name, batch, this.config);
    const pooled = poolTokens(x, mask, pooling);
    return normalize ? normalized(pooled) : pooled;
  }
}

/** A head that tells whether two sentences belong together: nothing is dropped. */
const pairOf = (dim: number) => ({ dim, dropout: 0, outputs: 2 });

function makeHead(
  config: EncoderModelConfig,
  shape: EncoderModelShape,
  labels: number,
  width: number,
): EncoderModel['head'] {
  const { dim, dropout, vocabSize, eps, head, activation } = config;
  const { generator } = shape;
  const first = (outputs: number): ClassificationHead =>
    new ClassificationHead({ dim, dropout, outputs }, shape.headActivation, { generator });
  switch (head) {
    case 'none':
      return null;
    case 'classification':
      return first(labels);
    case 'choice':
      return first(1);
    case 'nextSentence':
      return new ClassificationHead(pairOf(dim), shape.headActivation, { generator });
    case 'replaced':
      return new ClassificationHead({ dim, dropout: 0, outputs: 1 }, activation, { generator });
    case 'tokens':
      return new Linear({ inputs: dim, outputs: labels, generator });
    case 'span':
      return new Linear({ inputs: dim, outputs: 2, generator });
    case 'maskedLM':
    case 'preTraining':
      return new MaskedLMHead({ dim, width, vocabSize, eps, activation: shape.maskedActivation, generator });
  }
}
