// A language model that only looks back: embeddings, a decoder, a head over the vocabulary. What GPT-2, Llama and their
// kin differ in is configuration; it stands in their files.
import type { AnyTensor, Tensor } from '@heddle/tensor';
import { Dropout, Embedding, LayerNorm, Linear, Module } from '@heddle/tensor/nn';
import { Decoder, type DecoderConfig } from '../encoder';
import { answering, checkPrompts, type Decoding, RowDecoding } from '../generation/decoding';
import { type Generated, generate, type Prompts } from '../generation/generate';
import type { GenerationConfig } from '../generation/generation-config';
import type { DecodingOptions, GenerateOptions } from '../generation/options';
import { PromptPrefix } from '../generation/prompt-prefix';
import { type StreamOptions, streamText } from '../generation/stream';
import type { Inspection } from '../inspection';
import { type CacheOptions, KeyValueCache } from '../kv-cache';
import { LearnedPositions } from '../positions/learned';
import { type BatchTensors, batchTensors, type TextBatch } from '../text-batch';

/** Settings of a `DecoderLM`. */
export interface DecoderLMConfig extends Omit<DecoderConfig, 'cross'> {
  readonly vocabSize: number;
  /** Whether it may be given a memory to look at (BART's decoder). No where nothing is said. */
  readonly cross?: 'optional' | undefined;
  /** Tokens of the longest text. */
  readonly maxLength: number;
  /** Whether positions are learned vectors. False where nothing is said. */
  readonly learnedPositions?: boolean | undefined;
  /** Rows of the position table before the first position (BART, RoBERTa). */
  readonly positionOffset?: number | undefined;
  /** Width of the embeddings, where they are narrower (ELECTRA). */
  readonly embeddingDim?: number | undefined;
  /** Embeddings are multiplied with it (Gemma: √dim). */
  readonly embeddingScale?: number | undefined;
  /** A norm right after the embeddings (BLOOM). */
  readonly embeddingNorm?: boolean | undefined;
  readonly embeddingDropout?: number | undefined;
  /** Whether the head is the embedding's table. True where nothing is said. */
  readonly tied?: boolean | undefined;
  /** Tokens that end a text. */
  readonly eosIds?: readonly number[] | undefined;
  readonly bosId?: number | undefined;
  readonly padId?: number | undefined;
  /** Whether the embedding of `padId` learns nothing from being read (Llama and its kin). False where nothing is said. */
  readonly fixedPadding?: boolean | undefined;
}

/** What a call of a language model may be given. */
export interface LanguageOptions {
  /** Keys and values of earlier calls; ids are then the new ones, the mask is that of all. */
  readonly cache?: KeyValueCache | undefined;
  /** Place of each token in its row, `[B, T]`: counted from the cache on where nothing is said. */
  readonly positions?: Int32Array | undefined;
  /** What another model made of what is written about, `[B, S, memoryDim]`, and which of its tokens are real. */
  readonly memory?: Tensor | undefined;
  readonly memoryPaddingMask?: AnyTensor | undefined;
  readonly inspect?: Inspection | undefined;
  /** Logits of the last token alone, `[B, 1, vocabSize]`. */
  readonly lastOnly?: boolean | undefined;
}

/** Where tokens stand in their rows: one after the other from `start` on, or at given positions, `[B, T]`. */
export interface Places {
  readonly start: number;
  readonly positions: Int32Array | undefined;
}

/**
 * A causal language model of any family.
 *
 * @example
 * ```ts
 * import { DecoderLM } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const model = new DecoderLM({ vocabSize: 50, maxLength: 16, dim: 16, heads: 2, layers: 1, learnedPositions: true });
 * console.log(model.call({ ids: tensor([[1, 2, 3]], { dtype: 'int32' }) }).shape); // [1, 3, 50]
 * ```
 */
export class DecoderLM extends Module {
  readonly embedding: Embedding;
  readonly positionEmbedding: LearnedPositions | null;
  readonly embeddingNorm: LayerNorm | null;
  readonly dropout: Dropout;
  readonly decoder: Decoder;
  readonly head: Linear | null;
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly eosIds: readonly number[];
  readonly bosId: number | undefined;
  readonly padId: number;
  /** What `generate` does where nothing is said: a checkpoint's generation_config.json. Null for our own defaults. */
  generationConfig: GenerationConfig | null = null;
  private readonly layerCount: number;
  private readonly window: number | undefined;
  private readonly embeddingScale: number;

  constructor(config: DecoderLMConfig) {
    super();
    const { vocabSize, maxLength, dim, layers, tied = true, positionOffset: offset, generator } = config;
    const width = config.embeddingDim ?? dim;
    this.vocabSize = vocabSize;
    this.maxLength = maxLength;
    this.layerCount = layers;
    this.window = config.window;
    this.eosIds = config.eosIds ?? [];
    this.bosId = config.bosId;
    this.padId = config.padId ?? this.eosIds[0] ?? 0;
    this.embeddingScale = config.embeddingScale ?? 1;
    const paddingIdx = config.fixedPadding ? (config.padId ?? null) : null;
    this.embedding = new Embedding({ count: vocabSize, dim: width, paddingIdx, generator });
    this.positionEmbedding = config.learnedPositions
      ? new LearnedPositions({ maxLength, dim: width, offset, generator })
      : null;
    this.embeddingNorm = config.embeddingNorm ? new LayerNorm({ dim: width, eps: config.eps ?? 1e-5 }) : null;
    this.dropout = new Dropout(config.embeddingDropout ?? 0, { generator });
    this.decoder = new Decoder(config);
    this.head = tied ? null : new Linear({ inputs: dim, outputs: vocabSize, bias: false, generator });
  }

  /**
   * @returns logits, `[B, T, vocabSize]`
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(batch: TextBatch, options: LanguageOptions = {}): Tensor {
    const h = this.hidden(batchTensors(this.constructor.name, batch, this), options); // [B, T, dim]
    const T = h.shape[1];
    return this.logits(options.lastOnly ? h.slice([null, [T - 1, T]]) : h);
  }

  /** What stands before the head, `[B, T, dim]`. */
  hidden(batch: BatchTensors, options: LanguageOptions = {}): Tensor {
    const { cache, inspect, memory, memoryPaddingMask, positions = batch.positions } = options;
    const x = this.embed(batch, { start: cache?.length ?? 0, positions });
    return this.decoder.call(x, { paddingMask: batch.mask, positions, cache, inspect, memory, memoryPaddingMask });
  }

  /** What goes into the decoder, `[B, T, dim]`. */
  protected embed(batch: BatchTensors, places: Places): Tensor {
    let x = this.embedding.call(batch.ids);
    if (this.embeddingScale !== 1) x = x.mul(this.embeddingScale);
    const positions = this.positional(batch, places);
    if (positions !== null) x = x.add(positions);
    return this.dropout.call(this.embeddingNorm === null ? x : this.embeddingNorm.call(x));
  }

  /** What is added to the embeddings of tokens, where positions are vectors. */
  protected positional({ ids }: BatchTensors, places: Places): Tensor | null {
    return this.positionEmbedding?.call(ids.shape[1], places) ?? null;
  }

  /** The head: `[B, T, dim]` to `[B, T, vocabSize]`. */
  logits(h: Tensor): Tensor {
    return this.head === null ? this.embedding.asLinear(h) : this.head.call(h);
  }

  /** An empty cache that fits this model: it keeps what the window sees, where there is one. */
  newCache(options: CacheOptions = {}): KeyValueCache {
    return new KeyValueCache(this.layerCount, { window: this.window, ...options });
  }

  /**
   * Continues prompts of ids or, with a tokenizer, of text. They may differ in length.
   *
   * @throws {ArgumentError} where a prompt is empty or too long, or a setting is wrong.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  async generate(prompts: Prompts, options: GenerateOptions = {}): Promise<Generated[]> {
    return generate(this, prompts, options);
  }

  /** Continues a prompt, piece by piece; leaving the loop ends it. */
  stream(prompt: string | readonly number[], options: StreamOptions): AsyncGenerator<string> {
    return streamText(this, prompt, options);
  }

  /**
   * Reads a beginning that many prompts share, for the `prefix` of `generate`.
   *
   * @throws {ArgumentError} where it is empty or too long.
   */
  readPrefix(ids: readonly number[]): PromptPrefix {
    checkPrompts([ids], this);
    const cache = this.newCache({ window: undefined, capacity: ids.length });
    const batch = {
      ids: Int32Array.from(ids),
      mask: new Int32Array(ids.length).fill(1),
      shape: [1, ids.length],
    } as const;
    answering(this, () => {
      this.hidden(batchTensors(this.constructor.name, batch, this), { cache });
    });
    return new PromptPrefix(ids, cache);
  }

  /** Rows that grow token by token, for one's own way of choosing. */
  startDecoding(prompts: readonly (readonly number[])[], { useCache = true, prefix }: DecodingOptions = {}): Decoding {
    checkPrompts(prompts, this);
    return new RowDecoding(this, prompts, {
      hidden: ({ ids, mask, positions, cache }) => this.hidden({ ids, mask, positions, typeIds: undefined }, { cache }),
      logits: (h) => this.logits(h),
      cache: !useCache ? undefined : prefix === undefined ? this.newCache() : prefix.spread(prompts),
    });
  }
}
