// A model that reads one text and writes another: embeddings, encoder, decoder, a head over the vocabulary. What T5 and
// BART differ in stands in their files.
import { type AnyTensor, ArgumentError, keep, noGrad, scope, type Tensor, tensor, zeros } from '@heddle/tensor';
import { buffer, Dropout, Embedding, type InitializerOptions, LayerNorm, Linear, Module } from '@heddle/tensor/nn';
import { Decoder, type DecoderConfig, Encoder, type EncoderConfig } from '../encoder';
import { answering, checkPrompts, type Decoding, RowDecoding } from '../generation/decoding';
import { type Generated, generate, type Prompts } from '../generation/generate';
import type { GenerationConfig } from '../generation/generation-config';
import type { DecodingOptions, GenerateOptions } from '../generation/options';
import { type StreamOptions, streamText } from '../generation/stream';
import type { Inspection } from '../inspection';
import { KeyValueCache } from '../kv-cache';
import { LearnedPositions } from '../positions/learned';
import { sinusoidalPositions } from '../positions/sinusoidal';
import { batchTensors, type TextBatch } from '../text-batch';

/** Settings of an `EncoderDecoderLM`. */
export interface EncoderDecoderLMConfig extends InitializerOptions {
  readonly vocabSize: number;
  readonly dim: number;
  readonly encoder: EncoderConfig;
  readonly decoder: DecoderConfig;
  /** Tokens of the longest text. */
  readonly maxLength: number;
  /** Added to embeddings; relative positions belong to the stacks. */
  readonly positions: 'none' | 'learned' | 'sinusoidal';
  /** Rows of the position table before the first position (BART). */
  readonly positionOffset?: number | undefined;
  readonly embeddingScale?: number | undefined;
  /** Norms after the embeddings (BART). */
  readonly embeddingNorm?: boolean | undefined;
  readonly dropout?: number | undefined;
  /** Whether the head is the embedding's table. */
  readonly tied: boolean;
  /** Of what goes into the head (T5: 1/√dim where it is tied). */
  readonly headScale?: number | undefined;
  /** A fixed number for each token, added to its logit. */
  readonly logitsBias?: boolean | undefined;
  /** What the written text begins with. */
  readonly startId: number;
  readonly eosIds: readonly number[];
  readonly padId: number;
  /** Whether padding's embedding learns nothing from being read (BART). */
  readonly fixedPadding?: boolean | undefined;
}

/** What a call may be given. */
export interface EncoderDecoderOptions {
  /** Keys and values of earlier calls; the target's ids are then the new ones. */
  readonly cache?: KeyValueCache | undefined;
  /** What the encoder made of the source, where that is known already. */
  readonly memory?: Tensor | undefined;
  readonly inspect?: Inspection | undefined;
  /** Of the encoder, whose hidden states and attention would otherwise stand among the decoder's. */
  readonly inspectEncoder?: Inspection | undefined;
  readonly lastOnly?: boolean | undefined;
}

/** A model from texts to texts. */
export class EncoderDecoderLM extends Module {
  static override readonly names: Readonly<Record<string, string>> = { logitsBias: 'final_logits_bias' };

  readonly embedding: Embedding;
  readonly encoderPositions: LearnedPositions | null;
  readonly decoderPositions: LearnedPositions | null;
  readonly encoderNorm: LayerNorm | null;
  readonly decoderNorm: LayerNorm | null;
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly dropout: Dropout;
  readonly head: Linear | null;
  readonly logitsBias: Tensor | null;
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly startId: number;
  readonly eosIds: readonly number[];
  readonly padId: number;
  /** What `generate` does where nothing is said: a checkpoint's generation_config.json. Null for our own defaults. */
  generationConfig: GenerationConfig | null = null;
  private readonly sinusoidal: boolean;
  private readonly embeddingScale: number;
  private readonly headScale: number;

  constructor(config: EncoderDecoderLMConfig) {
    super();
    const { vocabSize, dim, maxLength, positions, positionOffset: offset, embeddingNorm, generator } = config;
    this.vocabSize = vocabSize;
    this.maxLength = maxLength;
    this.startId = config.startId;
    this.eosIds = config.eosIds;
    this.padId = config.padId;
    this.sinusoidal = positions === 'sinusoidal';
    this.embeddingScale = config.embeddingScale ?? 1;
    this.headScale = config.headScale ?? 1;
    const table = (): LearnedPositions | null =>
      positions === 'learned' ? new LearnedPositions({ maxLength, dim, offset, generator }) : null;
    const norm = (): LayerNorm | null => (embeddingNorm ? new LayerNorm({ dim }) : null);
    this.embedding = new Embedding({
      count: vocabSize,
      dim,
      paddingIdx: config.fixedPadding ? config.padId : null,
      generator,
    });
    this.encoderPositions = table();
    this.decoderPositions = table();
    this.encoderNorm = norm();
    this.decoderNorm = norm();
    this.encoder = new Encoder(config.encoder);
    this.decoder = new Decoder({ ...config.decoder, cross: true });
    this.dropout = new Dropout(config.dropout ?? 0, { generator });
    this.head = config.tied ? null : new Linear({ inputs: dim, outputs: vocabSize, bias: false, generator });
    this.logitsBias = config.logitsBias ? buffer<Tensor>(zeros([1, vocabSize])) : null;
  }

  /**
   * @param source what is read
   * @param target what is written so far, from `startId` on; see `targetOf`
   * @returns logits, `[B, T, vocabSize]`
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(source: TextBatch, target: TextBatch, options: EncoderDecoderOptions = {}): Tensor {
    const read = batchTensors(this.constructor.name, source, this);
    const memory = options.memory ?? this.encode(source, { inspect: options.inspectEncoder });
    return this.decode(target, memory, { ...options, memoryPaddingMask: read.mask });
  }

  /** What the encoder makes of a text, `[B, S, dim]`. */
  encode(source: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    const { ids, mask } = batchTensors(this.constructor.name, source, this);
    const x = this.embed(ids, 0, this.encoderPositions, this.encoderNorm);
    return this.encoder.call(x, { paddingMask: mask, inspect: options.inspect });
  }

  /** Logits of what follows each token of the target, `[B, T, vocabSize]`. */
  decode(
    target: TextBatch,
    memory: Tensor,
    options: EncoderDecoderOptions & { readonly memoryPaddingMask?: AnyTensor | undefined } = {},
  ): Tensor {
    const h = this.hidden(target, memory, options); // [B, T, dim]
    const T = h.shape[1];
    return this.logits(options.lastOnly ? h.slice([null, [T - 1, T]]) : h);
  }

  /** What stands before the head, `[B, T, dim]`. */
  hidden(
    target: TextBatch,
    memory: Tensor,
    options: EncoderDecoderOptions & { readonly memoryPaddingMask?: AnyTensor | undefined } = {},
  ): Tensor {
    const { cache, inspect, memoryPaddingMask } = options;
    const { ids, mask } = batchTensors(this.constructor.name, target, this);
    const x = this.embed(ids, cache?.length ?? 0, this.decoderPositions, this.decoderNorm);
    return this.decoder.call(x, { paddingMask: mask, memory, memoryPaddingMask, cache, inspect });
  }

  /** The head: `[B, T, dim]` to `[B, T, vocabSize]`. */
  logits(h: Tensor): Tensor {
    const scaled = this.headScale === 1 ? h : h.mul(this.headScale);
    const logits = this.head === null ? this.embedding.asLinear(scaled) : this.head.call(scaled);
    return this.logitsBias === null ? logits : logits.add(this.logitsBias);
  }

  /** What goes into the decoder where these labels come out: they move by one, behind `startId`. */
  targetOf(labels: { readonly ids: Int32Array; readonly shape: readonly [number, number] }): TextBatch {
    const [B, T] = labels.shape;
    const ids = Int32Array.from({ length: B * T }, (_, i) => {
      const before = i % T === 0 ? this.startId : labels.ids[i - 1];
      return before < 0 ? this.padId : before; // −100 marks labels that don't count
    });
    return { ids, mask: new Int32Array(B * T).fill(1), shape: [B, T] };
  }

  /** An empty cache that fits this model. */
  newCache(): KeyValueCache {
    return new KeyValueCache(this.decoder.layers.length);
  }

  /**
   * Answers prompts of ids or, with a tokenizer, of text. They may differ in length.
   *
   * @throws {ArgumentError} where a prompt is empty or too long, or a setting is wrong.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  async generate(prompts: Prompts, options: GenerateOptions = {}): Promise<Generated[]> {
    return generate(this, prompts, options);
  }

  /** Answers a prompt, piece by piece; leaving the loop ends it. */
  stream(prompt: string | readonly number[], options: StreamOptions): AsyncGenerator<string> {
    return streamText(this, prompt, options);
  }

  /**
   * Rows that grow token by token, for one's own way of choosing. The prompts are read once.
   *
   * @throws {ArgumentError} where a prefix is given: what the encoder reads depends on all of a prompt.
   */
  startDecoding(prompts: readonly (readonly number[])[], { useCache = true, prefix }: DecodingOptions = {}): Decoding {
    checkPrompts(prompts, this);
    if (prefix !== undefined)
      throw new ArgumentError('generate', 'prefix', 'none for a model that reads prompts as a whole', 'one');
    const source = this.padded(prompts);
    let memory = answering(this, () => keep(this.encode(source)));
    let real = scope(() => keep(tensor(source.mask, { shape: source.shape }).cast('bool')));
    const release = (): void => {
      memory.dispose();
      real.dispose();
    };
    return new RowDecoding(
      this,
      prompts.map(() => [this.startId]),
      {
        hidden: ({ ids, cache }) => this.hidden({ ids }, memory, { cache, memoryPaddingMask: real }),
        logits: (h) => this.logits(h),
        cache: useCache ? this.newCache() : undefined,
        reorder: (from) => {
          const rows = noGrad(() =>
            scope(() => [keep(memory.take(tensor(from))), keep(real.take(tensor(from)))] as const),
          );
          release();
          [memory, real] = rows;
        },
        dispose: release,
      },
    );
  }

  private padded(prompts: readonly (readonly number[])[]): {
    readonly ids: Int32Array;
    readonly mask: Int32Array;
    readonly shape: readonly [number, number];
  } {
    const T = Math.max(...prompts.map((prompt) => prompt.length));
    const ids = new Int32Array(prompts.length * T).fill(this.padId);
    const mask = new Int32Array(ids.length);
    prompts.forEach((prompt, i) => {
      ids.set(prompt, i * T);
      mask.fill(1, i * T, i * T + prompt.length);
    });
    return { ids, mask, shape: [prompts.length, T] };
  }

  private embed(
    ids: Tensor<'int32'>,
    start: number,
    positions: LearnedPositions | null,
    norm: LayerNorm | null,
  ): Tensor {
    const [, T] = ids.shape;
    let x = this.embedding.call(ids); // [B, T, dim]
    if (this.embeddingScale !== 1) x = x.mul(this.embeddingScale);
    if (positions !== null) x = x.add(positions.call(T, { start }));
    if (this.sinusoidal) x = x.add(sinusoidalPositions(T, x.shape[2], { interleaved: false, start }));
    return this.dropout.call(norm === null ? x : norm.call(x));
  }
}
