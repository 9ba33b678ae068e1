// What BART and T5 have in common where they label: they read a text, write the same, and what they think at its end
// becomes its label, or what they think at each token says whether an answer begins or ends there.
import { concat, equal, full, type Tensor } from '@heddle/tensor';
import { Dropout, Linear, Module } from '@heddle/tensor/nn';
import type { Inspection } from '../inspection';
import { batchTensors, type TextBatch } from '../text-batch';
import { type ConfigReader, labelFields } from './config-reader';
import type { EncoderDecoderLM } from './encoder-decoder-lm';
import { ClassificationHead } from './encoder-model';
import { poolTokens } from './sentence-pooling';

/** What is labelled: a text (where it ends), or an answer's borders. */
export type EncoderDecoderTask = 'classification' | 'span';

/** Settings of the head. */
export interface EncoderDecoderLabels {
  /** `classification` where nothing is said. */
  readonly task?: EncoderDecoderTask | undefined;
  readonly labels: readonly string[];
  /** Of what goes into the head. */
  readonly classifierDropout: number;
}

/** An encoder and a decoder with a head for labels. Subclasses say of which family. */
export abstract class EncoderDecoderClassifier extends Module {
  // Checkpoints have the model's parts beside the head.
  static override readonly names: Readonly<Record<string, string>> = { model: '' };

  readonly model: EncoderDecoderLM;
  readonly dropout: Dropout;
  readonly head: ClassificationHead | Linear;

  constructor(model: EncoderDecoderLM, config: EncoderDecoderLabels & { readonly dim: number }) {
    super();
    const { task = 'classification', dim, labels, classifierDropout: dropout } = config;
    this.model = model;
    // Before the head's dense layer; behind it the head has its own.
    this.dropout = new Dropout(task === 'classification' ? dropout : 0);
    this.head =
      task === 'classification'
        ? new ClassificationHead({ dim, dropout, outputs: labels.length }, 'tanh')
        : new Linear({ inputs: dim, outputs: 2 });
  }

  /**
   * @param batch texts that end in an end-of-text token, as the tokenizer makes them
   * @returns logits: `[B, labels]` of a text, `[B, T, 2]` of an answer's borders
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(batch: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    const { ids, mask } = batchTensors(this.constructor.name, batch, this.model);
    const [B, T] = ids.shape;
    const start = full([B, 1], this.model.startId, { dtype: 'int32' });
    const target = { ids: concat([start, ids.slice([null, [0, T - 1]])], 1) };
    const memory = this.model.encode(batch);
    const h = this.model.hidden(target, memory, { ...options, memoryPaddingMask: mask }); // [B, T, dim]
    if (!(this.head instanceof ClassificationHead)) return this.head.call(h);
    const [eosId] = this.model.eosIds;
    const end = eosId === undefined ? undefined : equal(ids, eosId);
    return this.head.call(this.dropout.call(poolTokens(h, end, 'lastToken').unsqueeze(1)));
  }
}

/** Names of such classes, that for texts first. */
export const labelNames = (stem: string): readonly string[] => [
  `${stem}ForSequenceClassification`,
  `${stem}ForQuestionAnswering`,
];

/** Reads what a config.json says of the head. */
export function readLabels(reader: ConfigReader, count: number): EncoderDecoderLabels {
  const span = reader.architecture().endsWith('ForQuestionAnswering');
  const fallback = Array.from({ length: span ? 2 : count }, (_, i) => `LABEL_${i}`);
  return {
    task: span ? 'span' : 'classification',
    labels: reader.labels() ?? fallback,
    classifierDropout: reader.number('classifier_dropout', 0),
  };
}

/** What a config.json says of the head. */
export function writeLabels(stem: string, { task, labels, classifierDropout }: EncoderDecoderLabels): object {
  const [classification, span] = labelNames(stem);
  return {
    architectures: [task === 'span' ? span : classification],
    classifier_dropout: classifierDropout,
    ...labelFields(labels),
  };
}

/** How a checkpoint names the head. */
export function headNames({ task }: EncoderDecoderLabels): Readonly<Record<string, string>> {
  return task === 'span'
    ? { head: 'qa_outputs' }
    : { 'head.dense': 'classification_head.dense', 'head.out': 'classification_head.out_proj' };
}
