// A passage out of a text: the answer to a question, found where it begins and where it ends.
import type { TextBatch, TokenBatch } from '@heddle/attention';
import { ArgumentError, add, crossEntropy, type Generator, type Tensor, where } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { Dropout, Linear } from '@heddle/tensor/nn';
import { Backbone, type BackboneConfig, type ResolvedBackbone, resolveBackbone } from './backbone';
import { readConfig, readWeights } from './folder';
import { type EncodedPair, type PairCodec, pairBatch, pairWindows, tokensOf } from './pair-codec';
import { requireFileSettings, requireList, requireSettings, requireWhole } from './problems';
import { backboneRules, requireFeasible, TextModel, taken } from './text-model';

/** Settings of a `SpanClassifier`: a backbone's, with two kinds of tokens (question and context) where nothing is said. */
export type SpanClassifierConfig = BackboneConfig;

/** A question, the text that holds its answer, and for training where the answer stands there. */
export interface Question {
  readonly question: string;
  readonly context: string;
  /** Characters of the context, end exclusive. */
  readonly answer?: readonly [start: number, end: number];
}

/** The passage that was found. */
export interface Answer {
  readonly text: string;
  /** Where it stands in the context, in characters; end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Probability of its beginning times that of its end, among the context's tokens in the window it was found in. */
  readonly score: number;
}

/** Options of `predict` and `batch`. */
export interface SpanOptions {
  /** The one that the model was loaded with where nothing is said. */
  readonly tokenizer?: PairCodec | undefined;
  /** Windows that go through the model at once: 16 where nothing is said. */
  readonly batchSize?: number;
  /** Tokens that a window shares with the one before, where a context is cut: a quarter of `maxLength` where nothing is said. */
  readonly stride?: number;
  /** Tokens of the longest answer: 30 where nothing is said. */
  readonly maxAnswer?: number;
}

/** Rows to train on: windows that hold their answer whole. */
export interface SpanBatch {
  readonly batch: TokenBatch;
  /** First and last token of each answer. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

const KIND = 'heddle-span-classifier';
const FLOOR = -1e9;

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
    const { generator } = options;
    this.backbone = new Backbone(resolved, { generator });
    this.dropout = new Dropout(resolved.dropout, generator === undefined ? {} : { generator });
    this.classifier = new Linear({ inputs: resolved.dim, outputs: 2, generator });
  }

  /** @returns logits of each token's being the first and the last of the answer, `[B, T, 2]`; padding is neither */
  override forward(batch: TextBatch): Tensor {
    const read = this.backbone.read(batch);
    const logits = this.classifier.call(this.dropout.call(this.backbone.call(read))); // [B, T, 2]
    return read.mask === undefined ? logits : where(read.mask.unsqueeze(2), logits, FLOOR);
  }

  /**
   * Rows to train on. Of a context that is cut into windows those are taken that hold the answer whole.
   *
   * @throws {ArgumentError} where a row has no answer, or no window holds one.
   */
  batch(rows: readonly Question[], options: SpanOptions = {}): SpanBatch {
    const tokenizer = this.tokenizerOf('batch', options.tokenizer);
    requireList('batch', 'rows', rows, 'questions');
    const found = rows.flatMap(({ question, context, answer }, i) => {
      if (answer === undefined || !(answer[0] >= 0 && answer[0] < answer[1] && answer[1] <= context.length))
        throw new ArgumentError(
          'batch',
          `rows[${i}].answer`,
          'characters of the context',
          JSON.stringify(answer) ?? 'none',
        );
      const windows = pairWindows(tokenizer, question, context, this.windowing(options)).flatMap((window) => {
        const place = tokensOf(window, answer);
        return place === null ? [] : [{ window, place }];
      });
      if (windows.length === 0)
        throw new ArgumentError(
          'batch',
          `rows[${i}].answer`,
          'an answer that a window holds',
          context.slice(...answer),
        );
      return windows;
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
   * The best passage for each question.
   *
   * @throws {ArgumentError} where no tokenizer is given or known, a context is empty, or a question leaves no room for it.
   */
  async predict(rows: readonly Question[], options: SpanOptions = {}): Promise<Answer[]> {
    const tokenizer = this.tokenizerOf('predict', options.tokenizer);
    const { batchSize = 16, maxAnswer = 30 } = options;
    requireList('predict', 'rows', rows, 'questions');
    requireWhole('predict', 'batchSize', batchSize);
    requireWhole('predict', 'maxAnswer', maxAnswer);
    const windows = rows.flatMap(({ question, context }, row) =>
      pairWindows(tokenizer, question, context, this.windowing(options)).map((window) => ({ row, window })),
    );
    const best = new Map<number, Candidate & { readonly window: EncodedPair }>();
    for (let from = 0; from < windows.length; from += batchSize) {
      const part = windows.slice(from, from + batchSize);
      const batch = pairBatch(
        part.map(({ window }) => window),
        this.config.padId,
      );
      const logits = await taken(this.answering(() => this.forward(batch)));
      part.forEach(({ row, window }, i) => {
        const found = bestSpan(logits.subarray(i * batch.shape[1] * 2), window, maxAnswer);
        if (found !== null && found.logit > (best.get(row)?.logit ?? Number.NEGATIVE_INFINITY))
          best.set(row, { ...found, window });
      });
    }
    return rows.map(({ context }, row) => {
      const found = best.get(row);
      if (found === undefined)
        throw new ArgumentError('predict', `rows[${row}].context`, 'a text with tokens', context);
      const [start, end] = [found.window.offsets[found.first][0], found.window.offsets[found.last][1]];
      return { text: context.slice(start, end), start, end, score: found.score };
    });
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
    model.codec = options.tokenizer;
    return model.eval();
  }

  private windowing(options: SpanOptions): { readonly maxLength: number; readonly stride: number } {
    const { maxLength } = this.config;
    const { stride = maxLength >> 2 } = options;
    requireWhole('SpanClassifier', 'stride', stride, 0);
    return { maxLength, stride };
  }
}

/** The mean cross-entropy of beginnings and ends, a scalar; `logits` are what `SpanClassifier` gives, `[B, T, 2]`. */
export function spanLoss(logits: Tensor, { starts, ends }: Pick<SpanBatch, 'starts' | 'ends'>): Tensor {
  return add(crossEntropy(logits.select(2, 0), starts), crossEntropy(logits.select(2, 1), ends)).mul(0.5);
}

interface Candidate {
  readonly first: number;
  readonly last: number;
  readonly logit: number;
  readonly score: number;
}

/** The pair of tokens of the context with the greatest sum of logits, `[T, 2]`; null where the window has none. */
function bestSpan(logits: Float32Array, window: EncodedPair, maxAnswer: number): Candidate | null {
  const places = window.sequenceIds.flatMap((id, i) => (id === 1 ? [i] : []));
  let best: { first: number; last: number; logit: number } | null = null;
  for (const [n, first] of places.entries()) {
    for (const last of places.slice(n, n + maxAnswer)) {
      const logit = logits[2 * first] + logits[2 * last + 1];
      if (best === null || logit > best.logit) best = { first, last, logit };
    }
  }
  if (best === null) return null;
  const logSum = (side: number): number => {
    const top = Math.max(...places.map((i) => logits[2 * i + side]));
    return top + Math.log(places.reduce((sum, i) => sum + Math.exp(logits[2 * i + side] - top), 0));
  };
  return { ...best, score: Math.exp(best.logit - logSum(0) - logSum(1)) };
}
