// What all heads stand on: token and position embeddings, and an encoder (or a decoder, where tokens may not look ahead).
import {
  type BatchTensors,
  batchTensors,
  Encoder,
  type FeedForwardActivation,
  type Inspection,
  LearnedPositions,
  type NormPlacement,
  Rope,
  sinusoidalPositions,
  type TextBatch,
} from '@heddle/attention';
import type { Generator, Tensor } from '@heddle/tensor';
import { assign, Dropout, Embedding, Module, normal } from '@heddle/tensor/nn';
import { requireConfig } from './problems';

/** Settings of the network below a head. */
export interface BackboneConfig {
  readonly vocabSize: number;
  /** Width of a token. */
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values: as many as `heads` where nothing is said. */
  readonly kvHeads?: number;
  /** Width inside the feed-forward: 4 · dim where nothing is said. */
  readonly hiddenDim?: number;
  /** Tokens of the longest text: 512 where nothing is said. */
  readonly maxLength?: number;
  /** 0.1 where nothing is said. */
  readonly dropout?: number;
  /** `layer` where nothing is said. */
  readonly norm?: 'layer' | 'rms';
  /** `pre` where nothing is said. */
  readonly placement?: NormPlacement;
  /** `gelu` where nothing is said. */
  readonly activation?: FeedForwardActivation;
  readonly gated?: boolean;
  /** `learned` where nothing is said. */
  readonly positions?: 'learned' | 'sinusoidal' | 'rope' | 'alibi' | 'none';
  /** Id of padding: 0 where nothing is said. */
  readonly padId?: number;
  /** Sequences that a row may be made of, such as 2 for pairs: 1 where nothing is said, and type ids are not looked at. */
  readonly typeCount?: number;
}

/** All settings, said or not. */
export type ResolvedBackbone = Required<BackboneConfig>;

/** Fills in what was not said. */
export function resolveBackbone(config: BackboneConfig): ResolvedBackbone {
  requireConfig('Backbone', config);
  return {
    vocabSize: config.vocabSize,
    dim: config.dim,
    layers: config.layers,
    heads: config.heads,
    kvHeads: config.kvHeads ?? config.heads,
    hiddenDim: config.hiddenDim ?? 4 * config.dim,
    maxLength: config.maxLength ?? 512,
    dropout: config.dropout ?? 0.1,
    norm: config.norm ?? 'layer',
    placement: config.placement ?? 'pre',
    activation: config.activation ?? 'gelu',
    gated: config.gated ?? false,
    positions: config.positions ?? 'learned',
    padId: config.padId ?? 0,
    typeCount: config.typeCount ?? 1,
  };
}

/** How a backbone is made, beside its settings. */
export interface BackboneOptions {
  /** Tokens see those before them only. */
  readonly causal?: boolean;
  readonly generator?: Generator | undefined;
}

/** Ids to vectors in context. */
export class Backbone extends Module {
  readonly tokenEmbedding: Embedding;
  readonly typeEmbedding: Embedding | null;
  readonly positionEmbedding: LearnedPositions | null;
  readonly encoder: Encoder;
  readonly dropout: Dropout;
  private readonly causal: boolean;

  constructor(
    readonly config: ResolvedBackbone,
    { causal = false, generator }: BackboneOptions = {},
  ) {
    super();
    const { vocabSize, dim, heads, layers, dropout, positions, maxLength, typeCount } = config;
    this.causal = causal;
    this.tokenEmbedding = new Embedding({ count: vocabSize, dim, generator });
    this.typeEmbedding = typeCount > 1 ? new Embedding({ count: typeCount, dim, generator }) : null;
    this.positionEmbedding = positions === 'learned' ? new LearnedPositions({ maxLength, dim, generator }) : null;
    this.encoder = new Encoder({
      ...config,
      layers,
      attentionDropout: dropout,
      rope: positions === 'rope' ? new Rope({ dim: dim / heads, positions: maxLength }) : undefined,
      alibi: positions === 'alibi',
      generator,
    });
    this.dropout = new Dropout(dropout, { generator });
    // Small embeddings, as BERT and GPT-2 begin: with N(0, 1) the first layers can hardly be heard.
    for (const table of [this.tokenEmbedding, this.typeEmbedding, this.positionEmbedding?.table])
      if (table) assign(table.weight, normal(table.weight.shape, 0.02, { generator }));
  }

  /** Checks a batch and puts it on the backend. */
  read(batch: TextBatch): BatchTensors {
    return batchTensors(this.constructor.name, batch, this.config);
  }

  /** @returns `[B, T, dim]` */
  override forward(
    { ids, mask, typeIds }: BatchTensors,
    options: { readonly inspect?: Inspection | undefined } = {},
  ): Tensor {
    const T = ids.shape[1];
    let x = this.tokenEmbedding.call(ids); // [B, T, dim]
    if (this.positionEmbedding !== null) x = x.add(this.positionEmbedding.call(T));
    if (this.config.positions === 'sinusoidal') x = x.add(sinusoidalPositions(T, this.config.dim));
    if (this.typeEmbedding !== null && typeIds !== undefined) x = x.add(this.typeEmbedding.call(typeIds));
    return this.encoder.call(this.dropout.call(x), {
      paddingMask: mask,
      causal: this.causal,
      inspect: options.inspect,
    });
  }
}
