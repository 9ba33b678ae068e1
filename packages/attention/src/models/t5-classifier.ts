// T5 that labels texts, or finds answers in them, by what it writes. For labels of tokens see t5-encoder.ts.
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import { type CheckpointLayout, renamed } from './checkpoint-layout';
import {
  EncoderDecoderClassifier,
  type EncoderDecoderLabels,
  headNames,
  labelNames,
  readLabels,
  writeLabels,
} from './encoder-decoder-classifier';
import type { ModelTarget } from './folder-target';
import { T5, type T5Config, t5 } from './t5';

/** Settings of a `T5Classifier`. */
export interface T5ClassifierConfig extends T5Config, EncoderDecoderLabels {}

/**
 * T5 with a head for whole texts, or for an answer's borders.
 *
 * @example
 * ```ts
 * import { T5Classifier, t5Config } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const small = t5Config({ vocabSize: 100, dim: 32, headDim: 8, hiddenDim: 64, layers: 1, heads: 4 });
 * const model = new T5Classifier({ ...small, labels: ['a', 'b'], classifierDropout: 0 });
 * console.log(model.call({ ids: tensor([[5, 6, 1]], { dtype: 'int32' }) }).shape); // [1, 2]
 * ```
 */
export class T5Classifier extends EncoderDecoderClassifier {
  constructor(readonly config: T5ClassifierConfig) {
    // Tied, as there is no head for words.
    super(new T5({ ...config, tied: true }), config);
  }

  /** Loads a folder, or a model's id on the Hub; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf(() => t5Classifier);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return t5Classifier.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(t5Classifier, this, this.config, target, options);
  }
}

/** Its place in the loader. */
export const t5Classifier: Architecture<T5ClassifierConfig, T5Classifier> = {
  modelType: 't5',
  names: labelNames('T5'),
  read: (reader) => ({ ...t5.read(reader), ...readLabels(reader, 2) }),
  write: (config) => ({ ...t5.write(config), ...writeLabels('T5', config) }),
  parameters: t5.parameters,
  make: (config) => new T5Classifier(config),
  layout: (config) => {
    const own = t5.layout(config);
    // The class for texts holds a T5, that for answers is one.
    const layout = config.task === 'span' ? own : renamed(own, (theirs) => `transformer.${theirs}`);
    return { ...layout, names: { ...layout.names, ...headNames(config) } };
  },
};
