// T5's encoder alone, as diffusion models and sentence encoders use it, with a map to labels of tokens where there are some.
import type { Tensor } from '@heddle/tensor';
import { Dropout, Embedding, Linear, Module } from '@heddle/tensor/nn';
import { Encoder } from '../encoder';
import type { Inspection } from '../inspection';
import { batchTensors, type TextBatch } from '../text-batch';
import { type Architecture, loaderOf, type SavePretrainedOptions, writePretrained } from './architecture';
import { type CheckpointLayout, renamed } from './checkpoint-layout';
import { labelFields } from './config-reader';
import type { ModelTarget } from './folder-target';
import { type T5Config, t5, t5Limits, t5Stack } from './t5';

/** Settings of a `T5Encoder`. */
export interface T5EncoderConfig extends T5Config {
  /** Of tokens: none where there is no head. */
  readonly labels: readonly string[];
  /** Of what goes into the head. */
  readonly classifierDropout: number;
}

/**
 * T5's encoder, with a linear map where there are labels.
 *
 * @example
 * ```ts
 * import { T5Encoder, t5Config } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const small = t5Config({ vocabSize: 100, dim: 32, headDim: 8, hiddenDim: 64, layers: 1, heads: 4 });
 * const model = new T5Encoder({ ...small, labels: [], classifierDropout: 0 });
 * console.log(model.call({ ids: tensor([[5, 6, 1]], { dtype: 'int32' }) }).shape); // [1, 3, 32]
 * ```
 */
export class T5Encoder extends Module {
  readonly embedding: Embedding;
  readonly dropout: Dropout;
  readonly encoder: Encoder;
  readonly headDropout: Dropout;
  readonly head: Linear | null;

  constructor(readonly config: T5EncoderConfig) {
    super();
    const { vocabSize, dim, dropout, layers, labels, classifierDropout } = config;
    this.embedding = new Embedding({ count: vocabSize, dim });
    this.dropout = new Dropout(dropout);
    this.encoder = new Encoder({ ...t5Stack(config), layers });
    this.headDropout = new Dropout(classifierDropout);
    this.head = labels.length === 0 ? null : new Linear({ inputs: dim, outputs: labels.length });
  }

  /**
   * @returns logits, `[B, T, labels]`; without labels what stands behind the last norm, `[B, T, dim]`
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(batch: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    const x = this.hidden(batch, options);
    return this.head === null ? x : this.head.call(this.headDropout.call(x));
  }

  /** What stands behind the last norm, `[B, T, dim]`. */
  hidden(batch: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    const { ids, mask } = batchTensors('T5Encoder', batch, { ...this.config, ...t5Limits });
    return this.encoder.call(this.dropout.call(this.embedding.call(ids)), { paddingMask: mask, ...options });
  }

  /** Loads a folder with config.json and weights; see `Llama.fromPretrained`. A whole T5's decoder is left out. */
  static readonly fromPretrained = loaderOf(() => t5Encoder);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return t5Encoder.layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(t5Encoder, this, this.config, target, options);
  }
}

/** Its place in the loader. */
export const t5Encoder: Architecture<T5EncoderConfig, T5Encoder> = {
  modelType: 't5',
  names: ['T5EncoderModel', 'T5ForTokenClassification'],
  read: (reader) => ({
    ...t5.read(reader),
    labels: reader.architecture().endsWith('ForTokenClassification') ? (reader.labels() ?? ['LABEL_0', 'LABEL_1']) : [],
    classifierDropout: reader.number('classifier_dropout', 0),
  }),
  write: (config) => ({
    ...t5.write(config),
    ...(config.labels.length === 0 ? {} : { architectures: ['T5ForTokenClassification'] }),
    classifier_dropout: config.classifierDropout,
    ...labelFields(config.labels),
  }),
  parameters: ({ decoderLayers, ...config }) => t5.parameters({ ...config, decoderLayers: 0 }),
  make: (config) => new T5Encoder(config),
  layout: (config) => {
    const whole = t5.layout(config);
    // The class for tokens holds an encoder, the bare one is it.
    const own = config.labels.length === 0 ? whole : renamed(whole, (theirs) => `transformer.${theirs}`);
    const ignored = [...(own.ignored ?? []), /^(decoder|lm_head)\./];
    return { ...own, names: { ...own.names, head: 'classifier' }, ignored };
  },
};
