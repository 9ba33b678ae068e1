// A label for each token: names in a text, parts of speech.
import type { TextBatch, TextCodec } from '@heddle/attention';
import { type Generator, softmax, type Tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { Dropout, Linear } from '@heddle/tensor/nn';
import { Backbone, type BackboneConfig, type ResolvedBackbone, resolveBackbone } from './backbone';
import { readConfig, readWeights } from './folder';
import { labelList, type Rules, requireFileSettings, requireSettings } from './problems';
import { backboneRules, requireFeasible, TextModel, type TextOptions, taken } from './text-model';

/** Settings of a `TokenClassifier`. */
export interface TokenClassifierConfig extends BackboneConfig {
  /** The labels of tokens, in the order of their indices. */
  readonly labels: readonly string[];
}

/** All settings, said or not: what config.json holds. */
export interface ResolvedTokenClassifier extends ResolvedBackbone {
  readonly labels: readonly string[];
}

/** A token and its label. */
export interface LabeledToken {
  readonly token: string;
  /** Where it stands in the text; `[0, 0]` for a token that the tokenizer added. */
  readonly start: number;
  readonly end: number;
  readonly label: string;
  /** Probability of the label. */
  readonly score: number;
}

const KIND = 'heddle-token-classifier';
const rules: Rules<ResolvedTokenClassifier> = { ...backboneRules, labels: labelList };

/**
 * A transformer that labels every token. Train it with `crossEntropy(model.call(batch), labels)`, where −100 marks
 * tokens that don't count.
 *
 * @example
 * ```ts
 * import { TokenClassifier } from '@heddle/classifier';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = new TokenClassifier({ vocabSize: 100, dim: 16, layers: 1, heads: 2, labels: ['O', 'NAME'] });
 * const batch = { ids: new Int32Array([5, 6, 7]), mask: new Int32Array([1, 1, 1]), shape: [1, 3] as const };
 * console.log(model.call(batch).shape); // [1, 3, 2]
 * ```
 */
export class TokenClassifier extends TextModel<ResolvedTokenClassifier> {
  protected readonly kind: string = KIND;
  readonly backbone: Backbone;
  readonly dropout: Dropout;
  readonly classifier: Linear;

  /** @throws {ArgumentError} listing every setting that is wrong. */
  constructor(config: TokenClassifierConfig, options: { readonly generator?: Generator } = {}) {
    const resolved = { ...resolveBackbone(config), labels: config.labels };
    requireSettings('TokenClassifier', resolved, rules);
    requireFeasible('TokenClassifier', resolved);
    super(resolved);
    const { generator } = options;
    this.backbone = new Backbone(resolved, { generator });
    this.dropout = new Dropout(resolved.dropout, generator === undefined ? {} : { generator });
    this.classifier = new Linear({ inputs: resolved.dim, outputs: resolved.labels.length, generator });
  }

  /** @returns logits, `[B, T, labels]` */
  override forward(batch: TextBatch): Tensor {
    return this.classifier.call(this.dropout.call(this.backbone.call(this.backbone.read(batch))));
  }

  /**
   * The tokens of each text with their labels.
   *
   * @throws {ArgumentError} where no tokenizer is given or known, or its vocabulary is larger than the model's.
   */
  async predict(texts: readonly string[], options: TextOptions = {}): Promise<LabeledToken[][]> {
    const tokenizer = this.tokenizerOf('predict', options.tokenizer);
    const { labels } = this.config;
    const found: LabeledToken[][] = [];
    await this.inBatches(texts, options.batchSize ?? 32, async (rows, places) => {
      const batch = this.encode(tokenizer, rows);
      const probabilities = await taken(this.answering(() => softmax(this.forward(batch))));
      const width = probabilities.length / rows.length;
      rows.forEach((text, row) => {
        const { tokens, offsets } = tokenizer.encode(text, { maxLength: this.config.maxLength });
        found[places[row]] = tokens.map((token, i) => {
          const at = row * width + i * labels.length;
          const scores = Array.from(probabilities.subarray(at, at + labels.length));
          const score = Math.max(...scores);
          const [start, end] = offsets[i];
          return { token, start, end, label: labels[scores.indexOf(score)], score };
        });
      });
    });
    return found;
  }

  /**
   * Reads what `save` wrote; see `SequenceClassifier.load`.
   *
   * @throws {FormatError} where a file is missing or damaged, listing every setting that is wrong.
   */
  static async load(
    source: Source,
    options: { readonly tokenizer?: TextCodec | undefined } = {},
  ): Promise<TokenClassifier> {
    const config = await readConfig(source, KIND);
    requireFileSettings('config.json', config, rules);
    const model = new TokenClassifier(config);
    await readWeights(source, model);
    model.codec = options.tokenizer;
    return model.eval();
  }
}
