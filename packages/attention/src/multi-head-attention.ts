// Multi-head attention: to itself or to a memory, with as many key heads as asked for. The arithmetic is one fused op.
import {
  type AnyTensor,
  ArgumentError,
  attentionWeights,
  dropout,
  type Generator,
  matmul,
  ShapeError,
  scaledDotProductAttention,
  type Tensor,
} from '@heddle/tensor';
import { type InitializerOptions, Linear, Module } from '@heddle/tensor/nn';
import { requireProbability, requireWhole } from './errors';
import type { Inspection } from './inspection';
import type { KeyValues } from './kv-cache';
import { attentionMask, type MaskOptions } from './masks';
import type { Rope } from './positions/rope';

/** Settings of `MultiHeadAttention`. */
export interface AttentionConfig extends InitializerOptions {
  /** Width of a token. */
  readonly dim: number;
  readonly heads: number;
  /** Heads of keys and values, shared by groups of query heads: as many as `heads` where nothing is said, 1 for multi-query. */
  readonly kvHeads?: number | undefined;
  /** Width of a head: dim / heads where nothing is said. */
  readonly headDim?: number | undefined;
  /** Width of the memory's tokens, where it differs. */
  readonly memoryDim?: number | undefined;
  /** On all projections (the default), on none, on all but the last one, or on the last one alone. */
  readonly bias?: boolean | 'qkv' | 'out' | undefined;
  /** Probability of dropping an attention weight. */
  readonly dropout?: number | undefined;
  /** Of the scores: 1/√headDim where nothing is said. */
  readonly scale?: number | undefined;
  /** Turns queries and keys by their positions. */
  readonly rope?: Rope | undefined;
  /** How many positions back a token sees, itself included. */
  readonly window?: number | undefined;
}

/** What a call of attention may be given. */
export interface AttendOptions extends MaskOptions {
  /** What is looked at instead of `x`, `[B, S, memoryDim]`. */
  readonly memory?: Tensor | undefined;
  /** Where values come from, when not from where keys do. */
  readonly values?: Tensor | undefined;
  /** Token i sees tokens up to i only. */
  readonly causal?: boolean | undefined;
  /** Keys and values of earlier calls, which this one adds to; of the memory, which it computes once. */
  readonly cache?: KeyValues | undefined;
  /** Positions of the tokens for rotary positions, `[B, T]` or `[T]`: counted from the cache on where nothing is said. */
  readonly positions?: Int32Array | undefined;
  /** Gets the weights, `[B, H, T, S]`. */
  readonly inspect?: Inspection | undefined;
}

/**
 * Multi-head attention (Vaswani et al. 2017), grouped-query (Ainslie et al. 2023) and multi-query (Shazeer 2019).
 *
 * @example
 * ```ts
 * import { MultiHeadAttention } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const attention = new MultiHeadAttention({ dim: 32, heads: 4, kvHeads: 2 });
 * const self = attention.call(randn([2, 5, 32]), { causal: true });
 * const cross = attention.call(randn([2, 5, 32]), { memory: randn([2, 7, 32]) });
 * console.log(self.shape, cross.shape); // [2, 5, 32] [2, 5, 32]
 * ```
 */
export class MultiHeadAttention extends Module {
  readonly qProj: Linear;
  readonly kProj: Linear;
  readonly vProj: Linear;
  readonly outProj: Linear;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly dim: number;
  private readonly scale: number;
  private readonly dropout: number;
  private readonly rope: Rope | undefined;
  private readonly window: number | undefined;
  private readonly generator: Generator | undefined;

  /** @throws {ArgumentError} where heads don't divide the width, or key heads the heads. */
  constructor(config: AttentionConfig) {
    super();
    const { dim, heads, kvHeads = heads, headDim = dim / heads, memoryDim = dim, bias = true, generator } = config;
    const owner = 'MultiHeadAttention';
    requireWhole(owner, 'dim', dim);
    requireWhole(owner, 'heads', heads);
    requireWhole(owner, 'kvHeads', kvHeads);
    if (!Number.isInteger(headDim) || headDim < 1)
      throw new ArgumentError(owner, 'heads', `a divisor of dim = ${dim}`, String(heads));
    if (heads % kvHeads !== 0)
      throw new ArgumentError(owner, 'kvHeads', `a divisor of heads = ${heads}`, String(kvHeads));
    if (config.rope !== undefined && config.rope.dim !== headDim)
      throw new ArgumentError(owner, 'rope', `one for heads of width ${headDim}`, String(config.rope.dim));
    this.dim = dim;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.headDim = headDim;
    this.scale = config.scale ?? 1 / Math.sqrt(headDim);
    this.dropout = config.dropout ?? 0;
    requireProbability(owner, 'dropout', this.dropout);
    this.rope = config.rope;
    this.window = config.window;
    this.generator = generator;
    const inside = bias === true || bias === 'qkv';
    this.qProj = new Linear({ inputs: dim, outputs: heads * headDim, bias: inside, generator });
    this.kProj = new Linear({ inputs: memoryDim, outputs: kvHeads * headDim, bias: inside, generator });
    this.vProj = new Linear({ inputs: memoryDim, outputs: kvHeads * headDim, bias: inside, generator });
    this.outProj = new Linear({
      inputs: heads * headDim,
      outputs: dim,
      bias: bias === true || bias === 'out',
      generator,
    });
  }

  /**
   * @param x `[B, T, dim]`
   * @returns `[B, T, dim]`; where a token may see nothing, what the last projection makes of zeros
   * @throws {ShapeError} where the shapes of x, memory and masks don't fit.
   */
  override forward(x: Tensor, options: AttendOptions = {}): Tensor {
    if (x.rank !== 3 || x.shape[2] !== this.dim)
      throw new ShapeError('MultiHeadAttention', 'x', `[batch, tokens, ${this.dim}]`, `[${x.shape.join(', ')}]`);
    const start = options.memory === undefined ? (options.cache?.length ?? 0) : 0;
    const q = this.rotate(split(this.qProj.call(x), this.heads), start, start + x.shape[1], options); // [B, H, T, Dh]
    const [k, v] = this.keysAndValues(x, start, options); // [B, G, S, Dh]
    const seen = options.memory === undefined ? start + x.shape[1] : k.shape[2];
    const whole = requireBroadcast(attentionMask(options), [x.shape[0], this.heads, x.shape[1], seen]);
    const mask = lastKeys(whole, k.shape[2]);
    const attended = this.attend(q, k, v, mask, options); // [B, H, T, Dh]
    return this.outProj.call(merge(attended));
  }

  private keysAndValues(x: Tensor, start: number, options: AttendOptions): readonly [Tensor, Tensor] {
    const { memory, cache } = options;
    if (memory !== undefined && cache !== undefined && cache.length > 0) return cache.read();
    const source = memory ?? x;
    const T = source.shape[1];
    const k = split(this.kProj.call(source), this.kvHeads);
    const v = split(this.vProj.call(options.values ?? source), this.kvHeads);
    const turned = (keys: Tensor): Tensor => this.rotate(keys, start, start + T, options);
    if (cache === undefined) return [turned(k), v];
    if (cache.window !== undefined && (this.window ?? Number.POSITIVE_INFINITY) > cache.window)
      throw new ArgumentError(
        'MultiHeadAttention',
        'cache',
        `one that keeps ${this.window ?? 'all'} tokens`,
        `${cache.window}`,
      );
    if (!this.rope?.dynamic) return cache.append(turned(k), v);
    // The longer the text, the less its first keys are turned: they are kept as they were, and turned anew.
    const [all, values] = cache.append(k, v);
    const S = all.shape[2];
    const positions = keyPositions(options.positions, T, S);
    return [this.rotate(all, start + T - S, start + T, { ...options, positions }), values];
  }

  /** Rotary positions belong to a sequence's own tokens: a memory's are not comparable. */
  private rotate(x: Tensor, start: number, end: number, { memory, positions }: AttendOptions): Tensor {
    if (this.rope === undefined || memory !== undefined) return x;
    const length = positions === undefined ? end : positions.reduce((a, b) => Math.max(a, b), 0) + 1;
    return this.rope.rotate(x, { start, positions, length });
  }

  private attend(q: Tensor, k: Tensor, v: Tensor, mask: AnyTensor | undefined, options: AttendOptions): Tensor {
    const { inspect, causal = false } = options;
    const { scale, window, generator } = this;
    const p = this.training ? this.dropout : 0;
    if (inspect === undefined)
      return scaledDotProductAttention(q, k, v, { mask, causal, scale, window, dropout: p, generator });
    const weights = attentionWeights(q, k, mask, { causal, scale, window: window ?? null });
    inspect.note(options.memory === undefined ? 'attentions' : 'crossAttentions', weights);
    const dropped = dropout(weights, p, { generator });
    const [B, H, T, S] = weights.shape;
    const G = this.kvHeads;
    return matmul(dropped.reshape([B, G, H / G, T, S]), v.unsqueeze(2)).reshape([B, H, T, this.headDim]);
  }
}

/** `[B, T, heads · Dh]` to `[B, heads, T, Dh]`. */
function split(x: Tensor, heads: number): Tensor {
  const [B, T, D] = x.shape;
  return x.reshape([B, T, heads, D / heads]).permute([0, 2, 1, 3]);
}

/** `[B, heads, T, Dh]` to `[B, T, heads · Dh]`. */
function merge(x: Tensor): Tensor {
  const [B, H, T, D] = x.shape;
  return x.permute([0, 2, 1, 3]).reshape([B, T, H * D]);
}

/** Positions of the last `keys` tokens, counted back from those of the last `tokens` of them. */
function keyPositions(positions: Int32Array | undefined, tokens: number, keys: number): Int32Array | undefined {
  if (positions === undefined) return undefined;
  return Int32Array.from({ length: (positions.length / tokens) * keys }, (_, i) => {
    const last = positions[(Math.floor(i / keys) + 1) * tokens - 1];
    return Math.max(last - (keys - 1 - (i % keys)), 0);
  });
}

/** The part of a mask that belongs to the keys which a windowed cache still has. */
function lastKeys(mask: AnyTensor | undefined, keys: number): AnyTensor | undefined {
  const S = mask?.shape[mask.rank - 1] ?? 0;
  if (mask === undefined || S === 1 || S === keys) return mask;
  return mask.slice([...mask.shape.slice(1).map(() => null), [S - keys, S]]);
}

/** Refuses a mask that can't be spread over the scores. */
function requireBroadcast(mask: AnyTensor | undefined, scores: readonly number[]): AnyTensor | undefined {
  const from = scores.length - (mask?.rank ?? 0);
  if (mask?.shape.some((n, i) => n !== 1 && n !== scores[from + i])) {
    const expected = `shapes that broadcast to [${scores.join(', ')}]`;
    throw new ShapeError('MultiHeadAttention', 'mask', expected, `[${mask.shape.join(', ')}]`);
  }
  return mask;
}
