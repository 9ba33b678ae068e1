// Where layers leave what is usually thrown away: attention weights and hidden states. Whoever passes one disposes it.
import type { Tensor } from '@heddle/tensor';

/**
 * Collects attention weights and hidden states of a call. With one, attention materialises its weights, which costs
 * memory quadratic in the number of tokens.
 *
 * @example
 * ```ts
 * import { Encoder, Inspection } from '@heddle/attention';
 * import { init, randn } from '@heddle/tensor';
 * await init();
 * const encoder = new Encoder({ dim: 16, heads: 2, layers: 3 }).eval();
 * const inspect = new Inspection();
 * encoder.call(randn([1, 4, 16]), { inspect });
 * console.log(inspect.attentions.map((weights) => weights.shape)); // three times [1, 2, 4, 4]
 * inspect.dispose();
 * ```
 */
export class Inspection {
  /** Weights of self-attention, `[B, H, T, S]`, layer by layer. */
  readonly attentions: Tensor[] = [];
  /** Weights of attention to a memory, likewise. */
  readonly crossAttentions: Tensor[] = [];
  /** What went into the first layer and came out of each, `[B, T, D]`. */
  readonly hiddenStates: Tensor[] = [];

  /** Notes a tensor and keeps it until `dispose`. */
  note(list: 'attentions' | 'crossAttentions' | 'hiddenStates', t: Tensor): void {
    this[list].push(t.alias());
  }

  dispose(): void {
    for (const list of [this.attentions, this.crossAttentions, this.hiddenStates])
      for (const t of list.splice(0)) t.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
