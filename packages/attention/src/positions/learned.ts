// A learned vector a position (Gehring et al. 2017; BERT, GPT-2).
import { ArgumentError, type Tensor, tensor } from '@heddle/tensor';
import { Embedding, type InitializerOptions, Module } from '@heddle/tensor/nn';

/** Settings of `LearnedPositions`. */
export interface LearnedPositionsConfig extends InitializerOptions {
  readonly maxLength: number;
  readonly dim: number;
  /** Rows before the first position that checkpoints waste: 2 in BART, OPT and RoBERTa. */
  readonly offset?: number | undefined;
}

/**
 * A table of positions, `[maxLength, dim]`.
 *
 * @example
 * ```ts
 * import { LearnedPositions } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const positions = new LearnedPositions({ maxLength: 128, dim: 16 });
 * console.log(positions.call(5).shape); // [1, 5, 16]
 * ```
 */
export class LearnedPositions extends Module {
  static override readonly names = { table: '' };

  readonly table: Embedding;
  readonly maxLength: number;
  private readonly offset: number;

  constructor({ maxLength, dim, offset = 0, generator }: LearnedPositionsConfig) {
    super();
    this.maxLength = maxLength;
    this.offset = offset;
    this.table = new Embedding({ count: maxLength + offset, dim, generator });
  }

  /**
   * Vectors of the `tokens` positions from `start` on, `[1, T, dim]`, or of given ones, `[B, T, dim]`.
   *
   * @throws {ArgumentError} where the text is longer than the table.
   */
  override forward(
    tokens: number,
    options: { readonly start?: number; readonly positions?: Int32Array | undefined } = {},
  ): Tensor {
    const { start = 0 } = options;
    const positions = options.positions ?? Int32Array.from({ length: tokens }, (_, i) => start + i);
    const last = positions.reduce((a, b) => Math.max(a, b), 0);
    if (last >= this.maxLength)
      throw new ArgumentError('LearnedPositions', 'tokens', `at most ${this.maxLength} positions`, `position ${last}`);
    const ids = this.offset === 0 ? positions : positions.map((p) => p + this.offset);
    return this.table.call(tensor(ids, { shape: [positions.length / tokens, tokens] }));
  }
}
