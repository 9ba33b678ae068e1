// A label for each token: names in a text, parts of speech.
import type { EncodedText, TextBatch, TextCodec } from '@heddle/attention';
import { ArgumentError, type Generator, softmax, type Tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { Dropout, Linear } from '@heddle/tensor/nn';
import { Backbone, type BackboneConfig, type ResolvedBackbone, resolveBackbone } from './backbone';
import { AGGREGATIONS, type Aggregation, bestLabel, type Entity, entitiesOf } from './entities';
import { readConfig, readWeights } from './folder';
import { labelList, type Rules, requireFileSettings, requireList, requireSettings } from './problems';
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

/** Options of `predict`, for tokens. */
export interface TokenOptions extends TextOptions {
  readonly aggregation?: 'none';
}

/** Options of `predict`, for entities. */
export interface EntityOptions extends TextOptions {
  readonly aggregation: Exclude<Aggregation, 'none'>;
  /** Entities that are left out, by their labels: `O` where nothing is said. */
  readonly ignoreLabels?: readonly string[];
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
    const { generator } = options ?? {};
    this.backbone = new Backbone(resolved, { generator });
    this.dropout = new Dropout(resolved.dropout, { generator });
    this.classifier = new Linear({ inputs: resolved.dim, outputs: resolved.labels.length, generator });
  }

  /** @returns logits, `[B, T, labels]` */
  override forward(batch: TextBatch): Tensor {
    return this.classifier.call(this.dropout.call(this.backbone.call(this.backbone.read(batch))));
  }

  /**
   * The entities of each text, with an `aggregation`: tokens are joined by their labels, where `B-` begins a new entity and
   * `I-` goes on with one, as transformers' pipeline joins them. Words are the tokenizer's. Else all tokens of each text
   * with their labels. Texts beyond `maxLength` tokens are cut off there.
   *
   * @throws {ArgumentError} where no tokenizer is given or known, or its vocabulary is larger than the model's.
   * @example
   * ```ts
   * import { TokenClassifier } from '@heddle/classifier';
   * import { init } from '@heddle/tensor';
   * import { Tokenizer } from '@heddle/tokenizer';
   * await init({ seed: 1 });
   * const tokenizer = await Tokenizer.train(['ada went to paris'], { model: 'wordpiece', vocabSize: 60 });
   * const labels = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'];
   * const model = new TokenClassifier({ vocabSize: tokenizer.vocabSize, dim: 16, layers: 1, heads: 2, labels });
   * const [entities] = await model.predict(['ada went to paris'], { tokenizer, aggregation: 'first' });
   * for (const { label, text, start, end, score } of entities) console.log(label, text, start, end, score);
   * ```
   */
  async predict(texts: readonly string[], options: EntityOptions): Promise<Entity[][]>;
  async predict(texts: readonly string[], options?: TokenOptions): Promise<LabeledToken[][]>;
  async predict(
    texts: readonly string[],
    options?: TokenOptions | EntityOptions,
  ): Promise<LabeledToken[][] | Entity[][]> {
    const said: { aggregation?: Aggregation; ignoreLabels?: readonly string[] } = options ?? {};
    const { aggregation = 'none', ignoreLabels = ['O'] } = said;
    if (!AGGREGATIONS.includes(aggregation))
      throw new ArgumentError('predict', 'aggregation', `one of ${AGGREGATIONS.join(', ')}`, String(aggregation));
    requireList('predict', 'ignoreLabels', ignoreLabels, 'labels');
    const { labels } = this.config;
    if (aggregation === 'none')
      return this.label(texts, options, (_, { tokens, offsets }, scores) =>
        tokens.map((token, i) => {
          const [start, end] = offsets[i];
          return { token, start, end, ...bestLabel(scores[i], labels) };
        }),
      );
    return this.label(texts, options, (text, encoded, scores) =>
      entitiesOf(text, encoded, scores, labels, aggregation).filter(({ label }) => !ignoreLabels.includes(label)),
    );
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
    model.keepTokenizer(options?.tokenizer);
    return model.eval();
  }

  /** What `read` makes of each text's tokens and their probabilities of labels, a row a token. */
  private async label<T>(
    texts: readonly string[],
    options: TextOptions | undefined,
    read: (text: string, encoded: EncodedText, scores: readonly Float32Array[]) => T,
  ): Promise<T[]> {
    const tokenizer = this.tokenizerOf('predict', options?.tokenizer);
    const wide = this.config.labels.length;
    const found: T[] = [];
    await this.inBatches(texts, options?.batchSize ?? 32, async (rows, places) => {
      const batch = this.encode(tokenizer, rows);
      const probabilities = await taken(this.answering(() => softmax(this.forward(batch))));
      rows.forEach((text, row) => {
        const encoded = tokenizer.encode(text, { maxLength: this.config.maxLength });
        const from = (row * probabilities.length) / rows.length;
        const scores = encoded.ids.map((_, i) => probabilities.subarray(from + i * wide, from + (i + 1) * wide));
        found[places[row]] = read(text, encoded, scores);
      });
    });
    return found;
  }
}
