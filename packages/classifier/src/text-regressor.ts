// Numbers for a whole text: a rating, a price.
import type { TextBatch, TextCodec } from '@heddle/attention';
import type { Generator, Tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { Dropout, Linear } from '@heddle/tensor/nn';
import { Backbone, type BackboneConfig, type ResolvedBackbone, resolveBackbone } from './backbone';
import { readConfig, readWeights } from './folder';
import { POOLINGS, Pooling, type PoolingKind } from './pooling';
import { oneOf, type Rules, requireFileSettings, requireSettings, whole } from './problems';
import { backboneRules, requireFeasible, TextModel, type TextOptions, type TextPair, taken } from './text-model';

/** Settings of a `TextRegressor`. */
export interface TextRegressorConfig extends BackboneConfig {
  /** How many numbers a text gets: 1 where nothing is said. */
  readonly outputs?: number;
  /** `mean` where nothing is said. */
  readonly pooling?: PoolingKind;
}

/** All settings, said or not: what config.json holds. */
export interface ResolvedTextRegressor extends ResolvedBackbone {
  readonly outputs: number;
  readonly pooling: PoolingKind;
}

const KIND = 'heddle-text-regressor';
const rules: Rules<ResolvedTextRegressor> = {
  ...backboneRules,
  outputs: whole(1, 65_536),
  pooling: oneOf(...POOLINGS),
};

/**
 * A transformer that reads a text and says numbers. Train it with `mseLoss` or `huberLoss`.
 *
 * @example
 * ```ts
 * import { TextRegressor } from '@heddle/classifier';
 * import { init, mseLoss, tensor } from '@heddle/tensor';
 * await init();
 * const model = new TextRegressor({ vocabSize: 100, dim: 16, layers: 1, heads: 2 });
 * const batch = { ids: new Int32Array([5, 6, 7]), mask: new Int32Array([1, 1, 1]), shape: [1, 3] as const };
 * mseLoss(model.call(batch), tensor([[4.5]])).backward();
 * ```
 */
export class TextRegressor extends TextModel<ResolvedTextRegressor> {
  protected readonly kind: string = KIND;
  readonly backbone: Backbone;
  readonly pooling: Pooling;
  readonly dropout: Dropout;
  readonly regressor: Linear;

  /** @throws {ArgumentError} listing every setting that is wrong. */
  constructor(config: TextRegressorConfig, options: { readonly generator?: Generator } = {}) {
    const resolved = { ...resolveBackbone(config), outputs: config.outputs ?? 1, pooling: config.pooling ?? 'mean' };
    requireSettings('TextRegressor', resolved, rules);
    requireFeasible('TextRegressor', resolved);
    super(resolved);
    const { generator } = options ?? {};
    const { dim, dropout, outputs, pooling } = resolved;
    this.backbone = new Backbone(resolved, { generator });
    this.pooling = new Pooling({ dim, kind: pooling, generator });
    this.dropout = new Dropout(dropout, { generator });
    this.regressor = new Linear({ inputs: this.pooling.outputs, outputs, generator });
  }

  /** @returns `[B, outputs]` */
  override forward(batch: TextBatch): Tensor {
    const read = this.backbone.read(batch);
    return this.regressor.call(this.dropout.call(this.pooling.call(this.backbone.call(read), read.mask)));
  }

  /**
   * The numbers of each text, or pair of texts.
   *
   * @throws {ArgumentError} where no tokenizer is given or known, or its vocabulary is larger than the model's.
   */
  async predict(texts: readonly (string | TextPair)[], options?: TextOptions): Promise<number[][]> {
    const tokenizer = this.tokenizerOf('predict', options?.tokenizer);
    const { outputs } = this.config;
    const found: number[][] = [];
    await this.inBatches(texts, options?.batchSize ?? 32, async (rows, places) => {
      const batch = this.encode(tokenizer, rows);
      const numbers = await taken(this.answering(() => this.forward(batch)));
      places.forEach((place, row) => {
        found[place] = Array.from(numbers.subarray(row * outputs, (row + 1) * outputs));
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
  ): Promise<TextRegressor> {
    const config = await readConfig(source, KIND);
    requireFileSettings('config.json', config, rules);
    const model = new TextRegressor(config);
    await readWeights(source, model);
    model.keepTokenizer(options?.tokenizer);
    return model.eval();
  }
}
