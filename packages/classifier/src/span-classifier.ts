// A passage out of a text: the answer to a question, found where it begins and where it ends.
import type { TextBatch, TokenBatch } from '@heddle/attention';
import { ArgumentError, add, crossEntropy, type Generator, type Tensor, where } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { Dropout, Linear } from '@heddle/tensor/nn';
import { type Answer, answersIn } from './answers';
import { Backbone, type BackboneConfig, type ResolvedBackbone, resolveBackbone } from './backbone';
import { readConfig, readWeights } from './folder';
import { type PairCodec, pairBatch, pairWindows, tokensOf } from './pair-codec';
import { requireFileSettings, requireList, requireSettings, requireText, requireWhole } from './problems';
import { backboneRules, requireFeasible, TextModel, taken } from './text-model';

/** Settings of a `SpanClassifier`: a backbone's, with two kinds of tokens (question and context) where nothing is said. */
export type SpanClassifierConfig = BackboneConfig;

/** A question, the text that holds its answer, and for training where the answer stands there. */
export interface Question {
  readonly question: string;
  readonly context: string;
  /** Characters of the context, end exclusive; null where it holds no answer. */
  readonly answer?: readonly [start: number, end: number] | null;
}

/** Options of `predict` and `batch`. What is not said is as in transformers' pipeline. */
export interface SpanOptions {
  /** The one that the model was loaded with where nothing is said. */
  readonly tokenizer?: PairCodec | undefined;
  /** Windows that go through the model at once: 16 where nothing is said. */
  readonly batchSize?: number;
  /** Tokens of a window, with the question's: the model's `maxLength` where nothing is said, and at most 384. */
  readonly maxLength?: number;
  /** Tokens that a window shares with the one before: half a window where nothing is said, and at most 128. */
  readonly stride?: number;
  /** Tokens of the longest answer: 15 where nothing is said. */
  readonly maxAnswer?: number;
  /** Whether no answer is one, too: an empty text, with the least probability that a window gives it. */
  readonly noAnswer?: boolean;
  /** Whether answers begin and end with words, as far as the window holds them: true where nothing is said. */
  readonly alignToWords?: boolean;
  /** How many answers each question gets, best first. */
  readonly topK?: number;
}

/** Rows to train on: windows that hold their answer whole, or none. */
export interface SpanBatch {
  readonly batch: TokenBatch;
  /** First and last token of each answer. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

const KIND = 'heddle-span-classifier';
const FLOOR = -1e9;
/** Tokens of a window where nothing is said. */
const LONGEST_WINDOW = 384;

/**
 * A transformer that answers questions by passages of a text (Devlin et al. 2019, section 4.2: one map to the logits of
 * beginning and end). Contexts longer than `maxLength` are read in windows that overlap.
 *
 * @example
 * ```ts
 * import { SpanClassifier, spanLoss } from '@heddle/classifier';
 * import { init } from '@heddle/tensor';
 * import { AdamW } from '@heddle/tensor/optim';
 * import { Tokenizer } from '@heddle/tokenizer';
 * await init({ seed: 1 });
 * const rows = [
 *   { question: 'who', context: 'ada wrote', answer: [0, 3] as const },
 *   { question: 'what', context: 'ada wrote', answer: [4, 9] as const },
 * ];
 * const tokenizer = await Tokenizer.train(['who what ada wrote'], { model: 'wordpiece', vocabSize: 100 });
 * const model = new SpanClassifier({ vocabSize: tokenizer.vocabSize, dim: 16, layers: 1, heads: 2, maxLength: 16 });
 * const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
 * for (let step = 0; step < 20; step++) {
 *   const { batch, ...answers } = model.batch(rows, { tokenizer });
 *   spanLoss(model.call(batch), answers).backward();
 *   optimizer.step();
 * }
 * const [{ text, score }] = await model.predict([{ question: 'who', context: 'ada wrote' }], { tokenizer });
 * console.log(text, score);
 * ```
 */
export class SpanClassifier extends TextModel<ResolvedBackbone, PairCodec> {
  protected readonly kind: string = KIND;
  readonly backbone: Backbone;
  readonly dropout: Dropout;
  readonly classifier: Linear;

  /** @throws {ArgumentError} listing every setting that is wrong. */
  constructor(config: SpanClassifierConfig, options: { readonly generator?: Generator } = {}) {
    const resolved = resolveBackbone({ typeCount: 2, ...config });
    requireSettings('SpanClassifier', resolved, backboneRules);
    requireFeasible('SpanClassifier', resolved);
    super(resolved);
    const { generator } = options ?? {};
    this.backbone = new Backbone(resolved, { generator });
    this.dropout = new Dropout(resolved.dropout, { generator });
    this.classifier = new Linear({ inputs: resolved.dim, outputs: 2, generator });
  }

  /** @returns logits of each token's being the first and the last of the answer, `[B, T, 2]`; padding is neither */
  override forward(batch: TextBatch): Tensor {
    const read = this.backbone.read(batch);
    const logits = this.classifier.call(this.dropout.call(this.backbone.call(read))); // [B, T, 2]
    return read.mask === undefined ? logits : where(read.mask.unsqueeze(2), logits, FLOOR);
  }

  /**
   * Rows to train on. Of a context that is cut into windows those are taken that hold the answer whole; all of them where
   * there is none, which the token that was added in front stands for.
   *
   * @throws {ArgumentError} where a row has no answer, or no window holds one.
   */
  batch(rows: readonly Question[], options: SpanOptions = {}): SpanBatch {
    const tokenizer = this.tokenizerOf('batch', options?.tokenizer);
    requireQuestions('batch', rows);
    const windowing = this.windowing(options ?? {});
    const found = rows.flatMap(({ question, context, answer }, i) => {
      const refuse = (expected: string, got: string): ArgumentError =>
        new ArgumentError('batch', `rows[${i}].answer`, expected, got);
      const windows = pairWindows(tokenizer, question, context, windowing);
      if (answer === null) {
        if (windows[0].sequenceIds[0] !== null)
          throw refuse('an answer, as the tokenizer adds no token in front that could stand for none', 'null');
        return windows.map((window) => ({ window, place: [0, 0] as const }));
      }
      if (!Array.isArray(answer) || !(answer[0] >= 0 && answer[0] < answer[1] && answer[1] <= context.length))
        throw refuse('characters of the context', JSON.stringify(answer) ?? 'none');
      const [start, end]: readonly number[] = answer;
      const holding = windows.flatMap((window) => {
        const place = tokensOf(window, [start, end]);
        return place === null ? [] : [{ window, place }];
      });
      if (holding.length === 0) throw refuse('an answer that a window holds', context.slice(start, end));
      return holding;
    });
    return {
      batch: pairBatch(
        found.map(({ window }) => window),
        this.config.padId,
      ),
      starts: Int32Array.from(found, ({ place }) => place[0]),
      ends: Int32Array.from(found, ({ place }) => place[1]),
    };
  }

  /**
   * The best passage for each question; with `topK` several, best first, of which some may overlap.
   *
   * @throws {ArgumentError} where no tokenizer is given or known, a context is empty, or a question leaves no room for it.
   */
  async predict(rows: readonly Question[], options: SpanOptions & { readonly topK: number }): Promise<Answer[][]>;
  async predict(rows: readonly Question[], options?: SpanOptions): Promise<Answer[]>;
  async predict(rows: readonly Question[], options?: SpanOptions): Promise<Answer[] | Answer[][]> {
    const found = await this.answers(rows, options ?? {});
    return options?.topK === undefined ? found.map(([best]) => best) : found;
  }

  /**
   * Reads what `save` wrote; see `SequenceClassifier.load`.
   *
   * @throws {FormatError} where a file is missing or damaged, listing every setting that is wrong.
   */
  static async load(
    source: Source,
    options: { readonly tokenizer?: PairCodec | undefined } = {},
  ): Promise<SpanClassifier> {
    const config = await readConfig(source, KIND);
    requireFileSettings('config.json', config, backboneRules);
    const model = new SpanClassifier(config);
    await readWeights(source, model);
    model.keepTokenizer(options?.tokenizer);
    return model.eval();
  }

  private async answers(rows: readonly Question[], options: SpanOptions): Promise<Answer[][]> {
    const tokenizer = this.tokenizerOf('predict', options.tokenizer);
    const { batchSize = 16, maxAnswer = 15, noAnswer = false, alignToWords = true, topK = 1 } = options;
    requireQuestions('predict', rows);
    requireWhole('predict', 'batchSize', batchSize);
    requireWhole('predict', 'maxAnswer', maxAnswer);
    requireWhole('predict', 'topK', topK);
    const windows = rows.flatMap(({ question, context }, row) =>
      pairWindows(tokenizer, question, context, this.windowing(options)).map((window) => ({ row, window })),
    );
    const found = rows.map((): Answer[] => []);
    const nothing = rows.map(() => 1);
    for (let from = 0; from < windows.length; from += batchSize) {
      const part = windows.slice(from, from + batchSize);
      const batch = pairBatch(
        part.map(({ window }) => window),
        this.config.padId,
      );
      const logits = await taken(this.answering(() => this.forward(batch)));
      const wide = 2 * batch.shape[1];
      part.forEach(({ row, window }, i) => {
        const own = logits.subarray(i * wide, (i + 1) * wide);
        const { answers, none } = answersIn(rows[row].context, window, own, { maxAnswer, topK, alignToWords });
        found[row].push(...answers);
        nothing[row] = Math.min(nothing[row], none);
      });
    }
    return found.map((answers, row) => {
      if (noAnswer) answers.push({ text: '', start: 0, end: 0, score: nothing[row] });
      if (answers.length === 0)
        throw new ArgumentError('predict', `rows[${row}].context`, 'a text with tokens', rows[row].context);
      return answers.sort((a, b) => b.score - a.score).slice(0, topK);
    });
  }

  private windowing(options: SpanOptions): { readonly maxLength: number; readonly stride: number | undefined } {
    const { maxLength = Math.min(this.config.maxLength, LONGEST_WINDOW), stride } = options;
    requireWhole('SpanClassifier', 'maxLength', maxLength);
    if (maxLength > this.config.maxLength)
      throw new ArgumentError(
        'SpanClassifier',
        'maxLength',
        `at most the model's ${this.config.maxLength}`,
        String(maxLength),
      );
    if (stride !== undefined) requireWhole('SpanClassifier', 'stride', stride, 0);
    return { maxLength, stride };
  }
}

/** Refuses rows that are no questions. */
function requireQuestions(call: string, rows: readonly Question[]): void {
  requireList(call, 'rows', rows, 'questions');
  rows.forEach((row, i) => {
    requireText(call, `rows[${i}].question`, row?.question);
    requireText(call, `rows[${i}].context`, row.context);
  });
}

/** The mean cross-entropy of beginnings and ends, a scalar; `logits` are what `SpanClassifier` gives, `[B, T, 2]`. */
export function spanLoss(logits: Tensor, { starts, ends }: Pick<SpanBatch, 'starts' | 'ends'>): Tensor {
  return add(crossEntropy(logits.select(2, 0), starts), crossEntropy(logits.select(2, 1), ends)).mul(0.5);
}
