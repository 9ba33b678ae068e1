// Rotary positions (Su et al. 2021): queries and keys turned by an angle that grows with their position. No parameters.
import { ArgumentError, concat, keep, type Tensor, tensor } from '@heddle/tensor';
import { requireWhole } from '../errors';
import { attentionFactorOf, checkScaling, type RopeScaling, ropeFrequencies } from './rope-scaling';

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

/** Where the tokens stand that are turned. */
export interface RotateOptions {
  /** Position of the first: 0 where nothing is said. */
  readonly start?: number;
  readonly positions?: Int32Array | undefined;
  /** Tokens of the whole text, on which dynamic scaling hangs: up to the last position where nothing is said. */
  readonly length?: number | undefined;
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
  /** Whether angles hang on the length of the whole text, so that keys can't be turned once and for all. */
  readonly dynamic: boolean;
  private readonly theta: number;
  private readonly scaling: RopeScaling | undefined;
  private cos: Tensor | null = null; // [capacity, rotaryDim / 2]
  private sin: Tensor | null = null;
  private capacity: number;
  /** Length of the text that the tables are for, where they hang on it. */
  private stretched = 0;

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
    checkScaling(config.scaling);
    this.dynamic = config.scaling?.type === 'dynamic';
    this.theta = theta;
    this.scaling = config.scaling;
    this.capacity = positions;
  }

  /**
   * Turns `x`, `[B, H, T, dim]`, by its positions: those from `start` on, or `positions`, `[B, T]` or `[T]`, on the host.
   *
   * @throws {ArgumentError} where heads are of another width.
   */
  rotate(x: Tensor, options: RotateOptions = {}): Tensor {
    const [B, , T, D] = x.shape;
    if (D !== this.dim) throw new ArgumentError('Rope', 'x', `heads of width ${this.dim}`, String(D));
    const [cos, sin] = this.angles(B, T, options);
    const half = this.rotaryDim / 2;
    const parts = x.split(D === this.rotaryDim ? [half, half] : [half, half, D - this.rotaryDim], 3);
    const [a, b] = parts; // [B, H, T, half]
    return concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin)), ...parts.slice(2)], 3);
  }

  /** Cosines and sines that broadcast to `[B, H, T, rotaryDim / 2]`. */
  private angles(B: number, T: number, { start = 0, positions, length }: RotateOptions): readonly [Tensor, Tensor] {
    const half = this.rotaryDim / 2;
    const last = positions === undefined ? start + T : positions.reduce((a, b) => Math.max(a, b), 0) + 1;
    const [cos, sin] = this.tables(last, length ?? last);
    if (positions === undefined) return [cos.slice([[start, start + T]]), sin.slice([[start, start + T]])];
    if (positions.length !== T && positions.length !== B * T)
      throw new ArgumentError('Rope', 'positions', `${T} or ${B * T} positions`, String(positions.length));
    const ids = tensor(positions);
    const shape = [positions.length === T ? 1 : B, 1, T, half];
    return [cos.take(ids).reshape(shape), sin.take(ids).reshape(shape)];
  }

  /** Tables for at least `positions` positions of a text of `length` tokens, kept between calls. */
  private tables(positions: number, length: number): readonly [Tensor, Tensor] {
    const stretched = this.scaling?.type === 'dynamic' ? Math.max(length, this.scaling.originalMaxPositions) : 0;
    if (
      this.cos !== null &&
      this.sin !== null &&
      !this.cos.isFreed &&
      positions <= this.capacity &&
      stretched === this.stretched
    )
      return [this.cos, this.sin];
    while (this.capacity < positions) this.capacity *= 2;
    this.stretched = stretched;
    this.cos?.dispose();
    this.sin?.dispose();
    const frequencies = ropeFrequencies(this.rotaryDim, this.theta, this.scaling, length);
    const factor = attentionFactorOf(this.scaling);
    const shape = [this.capacity, this.rotaryDim / 2];
    const table = (f: (angle: number) => number): Tensor => {
      const numbers = new Float32Array(this.capacity * frequencies.length);
      for (let p = 0, i = 0; p < this.capacity; p++)
        for (const frequency of frequencies) numbers[i++] = factor * f(p * frequency);
      return keep(tensor(numbers, { shape, dtype: 'float32' }));
    };
    this.cos = table(Math.cos);
    this.sin = table(Math.sin);
    return [this.cos, this.sin];
  }
}
