// Rotary positions (Su et al. 2021): queries and keys turned by an angle that grows with their position. No parameters.
import { ArgumentError, concat, keep, type Tensor, tensor } from '@heddle/tensor';
import { requireWhole } from '../errors';

/** How angles are stretched for texts longer than those of the training, as `rope_scaling` in a config says. */
export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      /** Llama 3.1: low frequencies are stretched, high ones stay, those between are blended. */
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositions: number;
    };

/** Settings of `Rope`. */
export interface RopeConfig {
  /** Width of a head. */
  readonly dim: number;
  /** Turned part of the head, from its start: all of it where nothing is said (GPT-NeoX turns a quarter). */
  readonly rotaryDim?: number;
  /** Base of the frequencies. */
  readonly theta?: number;
  readonly scaling?: RopeScaling | undefined;
  /** Positions that tables are made for at once; more are added when they are needed. */
  readonly positions?: number;
}

/**
 * Angle of each pair of dimensions at position one: θ^(−2i/d), stretched by `scaling`.
 *
 * @example
 * ```ts
 * import { ropeFrequencies } from '@heddle/attention';
 * console.log(ropeFrequencies(4)); // Float64Array [1, 0.01]
 * ```
 */
export function ropeFrequencies(dim: number, theta = 10_000, scaling?: RopeScaling): Float64Array {
  const base = Float64Array.from({ length: dim / 2 }, (_, i) => theta ** ((-2 * i) / dim));
  if (scaling === undefined) return base;
  if (scaling.type === 'linear') return base.map((f) => f / scaling.factor);
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  return base.map((f) => {
    const turns = (originalMaxPositions * f) / (2 * Math.PI);
    if (turns < lowFreqFactor) return f / factor;
    if (turns > highFreqFactor) return f;
    const blend = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return ((1 - blend) * f) / factor + blend * f;
  });
}

/**
 * Rotary position embedding in the layout of Hugging Face: the first half of the turned part is paired with the second.
 * One object serves every layer of a stack.
 *
 * @example
 * ```ts
 * import { Rope } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const rope = new Rope({ dim: 8, theta: 10_000 });
 * const turned = rope.rotate(randn([1, 2, 5, 8]), { start: 3 }); // positions 3 … 7
 * ```
 */
export class Rope {
  readonly dim: number;
  readonly rotaryDim: number;
  private readonly frequencies: Float64Array;
  private cos: Tensor | null = null; // [capacity, rotaryDim / 2]
  private sin: Tensor | null = null;
  private capacity: number;

  /** @throws {ArgumentError} where the turned part is odd or wider than the head. */
  constructor(config: RopeConfig) {
    const { dim, rotaryDim = dim, theta = 10_000, positions = 256 } = config;
    requireWhole('Rope', 'dim', dim);
    if (!(Number.isInteger(rotaryDim) && rotaryDim > 0 && rotaryDim <= dim && rotaryDim % 2 === 0))
      throw new ArgumentError('Rope', 'rotaryDim', `an even number of at most ${dim}`, String(rotaryDim));
    if (!(theta > 0)) throw new ArgumentError('Rope', 'theta', 'a number above 0', String(theta));
    requireWhole('Rope', 'positions', positions);
    this.dim = dim;
    this.rotaryDim = rotaryDim;
    this.frequencies = ropeFrequencies(rotaryDim, theta, config.scaling);
    this.capacity = positions;
  }

  /**
   * Turns `x`, `[B, H, T, dim]`, by its positions: those from `start` on, or `positions`, `[B, T]` or `[T]`, on the host.
   *
   * @throws {ArgumentError} where heads are of another width.
   */
  rotate(x: Tensor, options: { readonly start?: number; readonly positions?: Int32Array | undefined } = {}): Tensor {
    const [B, , T, D] = x.shape;
    if (D !== this.dim) throw new ArgumentError('Rope', 'x', `heads of width ${this.dim}`, String(D));
    const [cos, sin] = this.angles(B, T, options.start ?? 0, options.positions);
    const half = this.rotaryDim / 2;
    const parts = x.split(D === this.rotaryDim ? [half, half] : [half, half, D - this.rotaryDim], 3);
    const [a, b] = parts; // [B, H, T, half]
    return concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin)), ...parts.slice(2)], 3);
  }

  /** Cosines and sines that broadcast to `[B, H, T, rotaryDim / 2]`. */
  private angles(B: number, T: number, start: number, positions: Int32Array | undefined): readonly [Tensor, Tensor] {
    const half = this.rotaryDim / 2;
    const last = positions === undefined ? start + T : positions.reduce((a, b) => Math.max(a, b), 0) + 1;
    const [cos, sin] = this.tables(last);
    if (positions === undefined) return [cos.slice([[start, start + T]]), sin.slice([[start, start + T]])];
    if (positions.length !== T && positions.length !== B * T)
      throw new ArgumentError('Rope', 'positions', `${T} or ${B * T} positions`, String(positions.length));
    const ids = tensor(positions);
    const shape = [positions.length === T ? 1 : B, 1, T, half];
    return [cos.take(ids).reshape(shape), sin.take(ids).reshape(shape)];
  }

  /** Tables for at least `length` positions, kept between calls. */
  private tables(length: number): readonly [Tensor, Tensor] {
    if (this.cos !== null && this.sin !== null && !this.cos.isFreed && length <= this.capacity)
      return [this.cos, this.sin];
    while (this.capacity < length) this.capacity *= 2;
    this.cos?.dispose();
    this.sin?.dispose();
    const shape = [this.capacity, this.rotaryDim / 2];
    const table = (f: (angle: number) => number): Tensor => {
      const numbers = new Float32Array(this.capacity * this.frequencies.length);
      for (let p = 0, i = 0; p < this.capacity; p++)
        for (const frequency of this.frequencies) numbers[i++] = f(p * frequency);
      return keep(tensor(numbers, { shape, dtype: 'float32' }));
    };
    this.cos = table(Math.cos);
    this.sin = table(Math.sin);
    return [this.cos, this.sin];
  }
}
