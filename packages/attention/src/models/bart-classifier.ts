// BART that labels texts: it reads a text, writes the same, and what it thinks at the end becomes a label. Models of
// entailment, such as bart-large-mnli, are of this kind.
import { concat, equal, full, type Tensor } from '@heddle/tensor';
import { Module } from '@heddle/tensor/nn';
import type { Inspection } from '../inspection';
import { batchTensors, type TextBatch } from '../text-batch';
import {
  type Architecture,
  loaderOf,
  type ModelTarget,
  type SavePretrainedOptions,
  writePretrained,
} from './architecture';
import { Bart, type BartConfig, bartFamilies } from './bart';
import type { CheckpointLayout } from './checkpoint';
import { ClassificationHead } from './encoder-model';
import { poolTokens } from './sentence-pooling';

/** Settings of a `BartClassifier`. */
export interface BartClassifierConfig extends BartConfig {
  readonly labels: readonly string[];
  /** Of what goes into the head. */
  readonly classifierDropout: number;
}

/**
 * BART with a head for whole texts.
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
export class BartClassifier extends Module {
  // Checkpoints have the model's parts beside the head.
  static override readonly names: Readonly<Record<string, string>> = { model: '' };

  readonly model: Bart;
  readonly head: ClassificationHead;

  constructor(readonly config: BartClassifierConfig) {
    super();
    const { dim, labels, classifierDropout: dropout } = config;
    this.model = new Bart({ ...config, logitsBias: false });
    this.head = new ClassificationHead({ dim, dropout, labels, head: 'classification' }, 'tanh');
  }

  /**
   * @param batch texts that end in an end-of-text token, as the tokenizer makes them
   * @returns logits, `[B, labels]`
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(batch: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    const { ids, mask } = batchTensors('BartClassifier', batch, this.model);
    const [B, T] = ids.shape;
    const start = full([B, 1], this.model.startId, { dtype: 'int32' });
    const target = { ids: concat([start, ids.slice([null, [0, T - 1]])], 1) };
    const memory = this.model.encode(batch);
    const h = this.model.hidden(target, memory, { ...options, memoryPaddingMask: mask }); // [B, T, dim]
    const [eosId] = this.model.eosIds;
    const end = eosId === undefined ? undefined : equal(ids, eosId);
    return this.head.call(poolTokens(h, end, 'lastToken').unsqueeze(1));
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
  names: ['BartForSequenceClassification'],
  read: (reader) => ({
    ...bart.read(reader),
    labels: reader.labels() ?? ['LABEL_0', 'LABEL_1', 'LABEL_2'],
    classifierDropout: reader.number('classifier_dropout', 0),
  }),
  write: (config) => ({
    ...bart.write(config),
    classifier_dropout: config.classifierDropout,
    id2label: Object.fromEntries(config.labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(config.labels.map((label, i) => [label, i])),
  }),
  parameters: bart.parameters,
  make: (config) => new BartClassifier(config),
  layout: (config) => {
    const layout = bart.layout(config);
    const head = { 'head.dense': 'classification_head.dense', 'head.out': 'classification_head.out_proj' };
    return { ...layout, names: { ...layout.names, ...head } };
  },
};
