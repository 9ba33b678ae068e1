// How the angles of rotary positions are stretched for texts longer than those of the training.
import { ArgumentError } from '@heddle/tensor';

/** What `rope_scaling` in a config says. */
export type RopeScaling =
  /** All positions are pressed together (Chen et al. 2023). */
  | { readonly type: 'linear'; readonly factor: number }
  | {
      /** The base grows with the text once it is longer than those of the training ("dynamic NTK"). */
      readonly type: 'dynamic';
      readonly factor: number;
      readonly originalMaxPositions: number;
    }
  | {
      /** YaRN (Peng et al. 2023): slow dimensions are pressed together, fast ones stay; scores are sharpened. */
      readonly type: 'yarn';
      readonly factor: number;
      readonly originalMaxPositions: number;
      /** Turns from which on a dimension stays as it is: 32 where nothing is said. */
      readonly betaFast?: number | undefined;
      /** Turns below which it is pressed together wholly: 1 where nothing is said. */
      readonly betaSlow?: number | undefined;
      /** Of queries and keys: 0.1 · ln(factor) + 1 where nothing is said. */
      readonly attentionFactor?: number | undefined;
    }
  | {
      /** Llama 3.1: low frequencies are stretched, high ones stay, those between are blended. */
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositions: number;
    };

/**
 * Angle of each pair of dimensions at position one: θ^(−2i/d), stretched by `scaling`, as `modeling_rope_utils.py` of
 * transformers has it.
 *
 * @param length tokens of the text, for dynamic scaling
 * @example
 * ```ts
 * import { ropeFrequencies } from '@heddle/attention';
 * console.log(ropeFrequencies(4)); // Float64Array [1, 0.01]
 * ```
 */
export function ropeFrequencies(dim: number, theta = 10_000, scaling?: RopeScaling, length = 0): Float64Array {
  const plain = (base: number): Float64Array =>
    Float64Array.from({ length: dim / 2 }, (_, i) => base ** ((-2 * i) / dim));
  if (scaling === undefined) return plain(theta);
  const { factor } = scaling;
  switch (scaling.type) {
    case 'linear':
      return plain(theta).map((f) => f / factor);
    case 'dynamic': {
      const longer = Math.max(length / scaling.originalMaxPositions, 1);
      return plain(theta * (factor * longer - (factor - 1)) ** (dim / (dim - 2)));
    }
    case 'yarn': {
      const { originalMaxPositions: positions, betaFast = 32, betaSlow = 1 } = scaling;
      // The dimension that turns so often within the texts of the training.
      const dimensionOf = (turns: number): number =>
        (dim * Math.log(positions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
      const low = Math.max(Math.floor(dimensionOf(betaFast)), 0);
      const high = Math.min(Math.ceil(dimensionOf(betaSlow)), dim - 1);
      return plain(theta).map((f, i) => {
        const pressed = Math.min(Math.max((i - low) / (high === low ? 0.001 : high - low), 0), 1);
        return (f / factor) * pressed + f * (1 - pressed);
      });
    }
    case 'llama3': {
      const { lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
      return plain(theta).map((f) => {
        const turns = (originalMaxPositions * f) / (2 * Math.PI);
        if (turns < lowFreqFactor) return f / factor;
        if (turns > highFreqFactor) return f;
        const blend = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
        return ((1 - blend) * f) / factor + blend * f;
      });
    }
  }
}

/** What turned queries and keys are multiplied with. */
export function attentionFactorOf(scaling: RopeScaling | undefined): number {
  if (scaling?.type !== 'yarn') return 1;
  return scaling.attentionFactor ?? 0.1 * Math.log(scaling.factor) + 1;
}

/** Throws where a scaling can't be meant. */
export function checkScaling(scaling: RopeScaling | undefined): void {
  if (scaling !== undefined && !(scaling.factor > 0))
    throw new ArgumentError('Rope', 'scaling', 'a factor above 0', String(scaling.factor));
}
