// One label for a whole text: backbone, pooling, a linear map.

import type { TextBatch } from '@heddle/attention';
import { attentionRollout, Inspection, type TextCodec } from '@heddle/attention';
import { type Generator, sigmoid, softmax, type Tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { Dropout, Linear } from '@heddle/tensor/nn';
import { Backbone, type BackboneConfig, type ResolvedBackbone, resolveBackbone } from './backbone';
import { bestLabel } from './entities';
import { readConfig, readWeights } from './folder';
import { POOLINGS, Pooling, type PoolingKind } from './pooling';
import { labelList, oneOf, type Rules, requireFileSettings, requireSettings } from './problems';
import { backboneRules, requireFeasible, TextModel, type TextOptions, type TextPair, taken } from './text-model';

/** Settings of a `SequenceClassifier`. */
export interface SequenceClassifierConfig extends BackboneConfig {
  /** The classes, in the order of their indices. */
  readonly labels: readonly string[];
  /** `mean` where nothing is said. */
  readonly pooling?: PoolingKind;
  /**
   * Whether a text has one label of all, as where nothing is said, or any of them. Train the latter with
   * `binaryCrossEntropy`.
   */
  readonly problemType?: ProblemType;
}

/** Whether labels shut each other out (softmax) or each may be right by itself (sigmoid). */
export type ProblemType = 'single_label_classification' | 'multi_label_classification';

/** All settings, said or not: what config.json holds. */
export interface ResolvedSequenceClassifier extends ResolvedBackbone {
  readonly labels: readonly string[];
  readonly pooling: PoolingKind;
  readonly problemType: ProblemType;
}

const rules: Rules<ResolvedSequenceClassifier> = {
  ...backboneRules,
  labels: labelList,
  pooling: oneOf(...POOLINGS),
  problemType: oneOf('single_label_classification', 'multi_label_classification'),
};

/** The answer for one text. */
export interface Prediction {
  /** The most probable. */
  readonly label: string;
  readonly score: number;
  /** Probability of every label; together one, unless a text may have several. */
  readonly scores: Readonly<Record<string, number>>;
}

/** A token and what it counted for. */
export interface WeighedToken {
  readonly token: string;
  /** Where it stands in the text; `[0, 0]` for a token that the tokenizer added. */
  readonly start: number;
  readonly end: number;
  /** The weights of a text sum to one. */
  readonly weight: number;
}

const KIND = 'heddle-sequence-classifier';

/**
 * A transformer that sorts texts into classes.
 *
 * @example
 * ```ts
 * import { SequenceClassifier } from '@heddle/classifier';
 * import { crossEntropy, init } from '@heddle/tensor';
 * await init({ seed: 1 });
 * const model = new SequenceClassifier({ vocabSize: 100, dim: 16, layers: 1, heads: 2, labels: ['ham', 'spam'] });
 * const batch = {
 *   ids: new Int32Array([5, 6, 7, 8, 9, 0]),
 *   mask: new Int32Array([1, 1, 1, 1, 1, 0]),
 *   shape: [2, 3] as const,
 * };
 * const loss = crossEntropy(model.call(batch), [0, 1]);
 * loss.backward();
 * ```
 */
export class SequenceClassifier extends TextModel<ResolvedSequenceClassifier> {
  protected readonly kind: string = KIND;
  readonly backbone: Backbone;
  readonly pooling: Pooling;
  readonly dropout: Dropout;
  readonly classifier: Linear;

  /** @throws {ArgumentError} listing every setting that is wrong. */
  constructor(config: SequenceClassifierConfig, options: { readonly generator?: Generator } = {}) {
    const resolved = {
      ...resolveBackbone(config),
      labels: config.labels,
      pooling: config.pooling ?? 'mean',
      problemType: config.problemType ?? 'single_label_classification',
    };
    requireSettings('SequenceClassifier', resolved, rules);
    requireFeasible('SequenceClassifier', resolved);
    super(resolved);
    const { generator } = options ?? {};
    const { dim, dropout, labels, pooling } = resolved;
    this.backbone = new Backbone(resolved, { generator });
    this.pooling = new Pooling({ dim, kind: pooling, generator });
    this.dropout = new Dropout(dropout, { generator });
    this.classifier = new Linear({ inputs: this.pooling.outputs, outputs: labels.length, generator });
  }

  /** The classes, in the order of the logits. */
  get labels(): readonly string[] {
    return this.config.labels;
  }

  /**
   * @param batch what `tokenizer.encodeBatch` gives, or tensors `[B, T]`
   * @returns logits, `[B, labels]`
   * @throws {ArgumentError} where rows are longer than `maxLength`.
   * @throws {IndexError} where ids are outside the vocabulary.
   */
  override forward(batch: TextBatch): Tensor {
    const read = this.backbone.read(batch);
    const x = this.backbone.call(read); // [B, T, dim]
    return this.classifier.call(this.dropout.call(this.pooling.call(x, read.mask))); // [B, labels]
  }

  /**
   * Labels of texts, or of pairs of texts, with probabilities. Texts beyond `maxLength` tokens are cut off there, the longer
   * of a pair first. A model that is to tell the texts of a pair apart has `typeCount: 2`.
   *
   * @throws {ArgumentError} where no tokenizer is given or known, or its vocabulary is larger than the model's.
   */
  async predict(texts: readonly (string | TextPair)[], options?: TextOptions): Promise<Prediction[]> {
    const tokenizer = this.tokenizerOf('predict', options?.tokenizer);
    const normalize = this.config.problemType === 'multi_label_classification' ? sigmoid : softmax;
    const found: Prediction[] = [];
    await this.inBatches(texts, options?.batchSize ?? 32, async (rows, places) => {
      const batch = this.encode(tokenizer, rows);
      const probabilities = await taken(this.answering(() => normalize(this.forward(batch))));
      places.forEach((place, row) => {
        found[place] = this.prediction(
          probabilities.subarray(row * this.labels.length, (row + 1) * this.labels.length),
        );
      });
    });
    return found;
  }

  /**
   * What each token of each text counted for: attention followed through all layers (Abnar & Zuidema 2020) to what the
   * pooling took. A hint at what the model looked at, not a proof.
   *
   * @throws {ArgumentError} as `predict`.
   */
  async attentionOver(texts: readonly string[], options?: TextOptions): Promise<WeighedToken[][]> {
    const tokenizer = this.tokenizerOf('attentionOver', options?.tokenizer);
    const found: WeighedToken[][] = [];
    await this.inBatches(texts, options?.batchSize ?? 8, async (rows, places) => {
      const batch = this.encode(tokenizer, rows);
      const weights = await taken(this.answering(() => this.tokenWeights(batch)));
      const T = weights.length / rows.length;
      rows.forEach((text, row) => {
        const { tokens, offsets } = tokenizer.encode(text, { maxLength: this.config.maxLength });
        found[places[row]] = tokens.map((token, i) => {
          const [start, end] = offsets[i];
          return { token, start, end, weight: weights[row * T + i] };
        });
      });
    });
    return found;
  }

  /**
   * Reads what `save` wrote.
   *
   * @param source a folder: a path (Node), a URL that ends in a slash, or a map from name to bytes
   * @throws {FormatError} where a file is missing or damaged, listing every setting that is wrong.
   * @throws {StateDictError} listing every weight that is missing, unexpected or of another shape.
   * @example
   * ```ts
   * import { SequenceClassifier } from '@heddle/classifier';
   * import { init } from '@heddle/tensor';
   * await init();
   * const files = new Map<string, Uint8Array>();
   * const config = { vocabSize: 100, dim: 16, layers: 1, heads: 2, labels: ['ham', 'spam'] };
   * await new SequenceClassifier(config).save(files);
   * const model = await SequenceClassifier.load(files);
   * console.log([...files.keys()], model.labels);
   * ```
   */
  static async load(
    source: Source,
    options: { readonly tokenizer?: TextCodec | undefined } = {},
  ): Promise<SequenceClassifier> {
    // Folders of before there were kinds of problems say none.
    const config = { problemType: 'single_label_classification', ...(await readConfig(source, KIND)) };
    requireFileSettings('config.json', config, rules);
    const model = new SequenceClassifier(config);
    await readWeights(source, model);
    model.keepTokenizer(options?.tokenizer);
    return model.eval();
  }

  /** `[B, T]` */
  private tokenWeights(batch: TextBatch): Tensor {
    using inspect = new Inspection();
    const read = this.backbone.read(batch);
    const x = this.backbone.call(read, { inspect });
    const pooled = this.pooling.weights(x, read.mask).unsqueeze(1); // [B, 1, T]
    const reached = pooled.matmul(attentionRollout(inspect.attentions)).squeeze(1); // [B, T]
    const real = read.mask === undefined ? reached : reached.mul(read.mask.cast('float32'));
    return real.div(real.sum({ axis: 1, keepdim: true }).maximum(1e-12));
  }

  private prediction(probabilities: Float32Array): Prediction {
    const scores = Object.fromEntries(this.labels.map((label, i) => [label, probabilities[i]]));
    return { ...bestLabel(probabilities, this.labels), scores };
  }
}
