// BART that labels texts, or finds answers in them. Models of entailment, such as bart-large-mnli, are of this kind.
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import { Bart, type BartConfig, bartFamilies } from './bart';
import type { CheckpointLayout } from './checkpoint-layout';
import {
  EncoderDecoderClassifier,
  type EncoderDecoderLabels,
  headNames,
  labelNames,
  readLabels,
  writeLabels,
} from './encoder-decoder-classifier';
import type { ModelTarget } from './folder-target';

/** Settings of a `BartClassifier`. */
export interface BartClassifierConfig extends BartConfig, EncoderDecoderLabels {}

/**
 * BART with a head for whole texts, or for an answer's borders.
 *
 * @example
 * ```ts no-run
 * import { BartClassifier } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = await BartClassifier.fromPretrained('facebook/bart-large-mnli');
 * console.log(model.config.labels); // contradiction, neutral, entailment
 * ```
 */
export class BartClassifier extends EncoderDecoderClassifier {
  constructor(readonly config: BartClassifierConfig) {
    super(new Bart({ ...config, logitsBias: false }), config);
  }

  /** Loads a folder, or a model's id on the Hub; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(() => bartClassifier);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return bartClassifier.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(bartClassifier, this, this.config, target, options);
  }
}

const { bart } = bartFamilies;

/** Its place in the loader. */
export const bartClassifier: Architecture<BartClassifierConfig, BartClassifier> = {
  modelType: 'bart',
  names: labelNames('Bart'),
  read: (reader) => ({ ...bart.read(reader), ...readLabels(reader, 3) }),
  write: (config) => ({ ...bart.write(config), ...writeLabels('Bart', config) }),
  parameters: bart.parameters,
  make: (config) => new BartClassifier(config),
  layout: (config) => {
    const layout = bart.layout(config);
    return { ...layout, names: { ...layout.names, ...headNames(config) } };
  },
};
