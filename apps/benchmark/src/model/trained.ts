// What a suite gets back from training, whatever trained it. The report is built from this alone.
import type { Dataset } from '../data/dataset.js';
import type { CurvePoint, Environment, WrongExample } from '../report/schema.js';
import type { Probabilities } from '../report/score.js';
import type { Recipe } from './recipe.js';

/** A trained classifier's answers, and what they took. */
export interface TrainedClassifier {
  readonly validation: Probabilities;
  readonly test: Probabilities;
  readonly parameters: number;
  /** SHA-256 of the final weights: the same seed, data, recipe and engine give the same. */
  readonly weightsChecksum: string;
  readonly curves: readonly CurvePoint[];
  readonly tokenizerSeconds: number;
  readonly trainSeconds: number;
  readonly evaluateSeconds: number;
  /** Examples and tokens that training went through, repeats counted. */
  readonly samples: number;
  readonly tokens: number;
  readonly ran: Pick<Environment, 'backend' | 'threads' | 'simd' | 'blas'>;
  /** The words of texts with the attention that they got. */
  attention(texts: readonly string[]): Promise<WrongExample['words'][]>;
}

/** How to train, beside the recipe. */
export interface TrainSettings {
  readonly seed: number;
  readonly backend: 'auto' | 'wasm' | 'gpu' | 'reference';
  readonly threads?: number;
  /** Where checkpoints go; a run that was stopped goes on from there when `resume` is set. */
  readonly checkpoints: string;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Trains one classifier. */
export type TrainClassifier = (dataset: Dataset, recipe: Recipe, settings: TrainSettings) => Promise<TrainedClassifier>;
