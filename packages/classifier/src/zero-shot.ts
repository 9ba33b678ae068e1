// Labels that a model was never trained on (Yin et al. 2019): does the text entail "This example is about sport."? A model
// of entailment answers, as in transformers' zero-shot pipeline.
import type { TextBatch } from '@heddle/attention';
import { ArgumentError, noGrad, scope, type Tensor } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import { type EncodedPair, type PairCodec, pairBatch } from './pair-codec';
import { requireList, requireText, requireWhole } from './problems';

/** A classifier of pairs, one of whose labels says that the second text follows from the first. */
export type EntailmentModel = Module & {
  readonly config: { readonly labels: readonly string[]; readonly maxLength?: number };
  forward(batch: TextBatch): Tensor;
};

/** How labels are asked for. */
export interface ZeroShotOptions {
  readonly tokenizer: PairCodec;
  /** With `{}` in the place of the label: `This example is {}.` where nothing is said. */
  readonly template?: string;
  /** Whether each label may be right by itself, so that scores don't sum to one. */
  readonly multiLabel?: boolean;
  /** Pairs that go through the model at once: 16 where nothing is said. */
  readonly batchSize?: number;
}

/** A label and how likely it is. */
export interface ZeroShotLabel {
  readonly label: string;
  readonly score: number;
}

/**
 * Sorts labels by how well they fit a text, which is cut where it leaves no room for a label. The model should be in `eval` mode; `Bert` and `BartClassifier` of
 * `@heddle/attention` with a head for entailment are such models.
 *
 * @throws {ArgumentError} where the model knows no entailment, the template has no place for a label, or none is given.
 * @example
 * ```ts no-run
 * import { BartClassifier } from '@heddle/attention';
 * import { zeroShot } from '@heddle/classifier';
 * import { init } from '@heddle/tensor';
 * import { Tokenizer } from '@heddle/tokenizer';
 * await init();
 * const model = await BartClassifier.fromPretrained('facebook/bart-large-mnli');
 * const tokenizer = await Tokenizer.load('bart-large-mnli');
 * const [best] = await zeroShot(model, 'The team won the cup', ['sport', 'politics'], { tokenizer });
 * console.log(best.label, best.score);
 * ```
 */
export async function zeroShot(
  model: EntailmentModel,
  text: string,
  labels: readonly string[],
  options: ZeroShotOptions,
): Promise<ZeroShotLabel[]> {
  const { tokenizer, template = 'This example is {}.', multiLabel = false, batchSize = 16 } = options ?? {};
  if (typeof tokenizer?.encode !== 'function')
    throw new ArgumentError('zeroShot', 'tokenizer', 'the tokenizer that the model was trained with', 'none');
  requireText('zeroShot', 'text', text);
  requireList('zeroShot', 'labels', labels, 'texts');
  labels.forEach((label, i) => {
    requireText('zeroShot', `labels[${i}]`, label);
  });
  requireText('zeroShot', 'template', template);
  requireWhole('zeroShot', 'batchSize', batchSize);
  const { yes, no } = entailmentOf(model.config.labels);
  if (!template.includes('{}')) throw new ArgumentError('zeroShot', 'template', 'a text with {} in it', template);
  if (labels.length === 0) throw new ArgumentError('zeroShot', 'labels', 'at least one', 'none');
  const forIt: number[] = [];
  const againstIt: number[] = [];
  for (let from = 0; from < labels.length; from += batchSize) {
    const rows = labels
      .slice(from, from + batchSize)
      .map((label) => encodePair(tokenizer, text, template.split('{}').join(label), model.config.maxLength));
    const logits = noGrad(() => scope(() => model.call(pairBatch(rows, tokenizer.padId ?? 0))));
    const data = await logits.data();
    logits.dispose();
    rows.forEach((_, row) => {
      forIt.push(data[row * model.config.labels.length + yes]);
      againstIt.push(data[row * model.config.labels.length + no]);
    });
  }
  // Among all labels, or for each alone between entailment and contradiction.
  const most = Math.max(...forIt);
  const total = forIt.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
  const scores =
    multiLabel || labels.length === 1
      ? forIt.map((logit, i) => 1 / (1 + Math.exp(againstIt[i] - logit)))
      : forIt.map((logit) => Math.exp(logit - most) / total);
  return labels.map((label, i) => ({ label, score: scores[i] })).sort((a, b) => b.score - a.score);
}

/** Two texts, the first cut where both together are longer than the model reads. */
function encodePair(tokenizer: PairCodec, text: string, pair: string, maxLength?: number): EncodedPair {
  const whole = tokenizer.encode(text, { pair });
  if (maxLength === undefined || whole.ids.length <= maxLength) return whole;
  return tokenizer.encode(text, { pair, truncation: { maxLength, stride: 0, strategy: 'onlyFirst' } });
}

/** The classes that mean yes and no. As in transformers, no is the first class, or the last where yes is the first. */
function entailmentOf(labels: readonly string[]): { readonly yes: number; readonly no: number } {
  const yes = labels.findIndex((label) => label.toLowerCase().startsWith('entail'));
  if (yes < 0)
    throw new ArgumentError('zeroShot', 'model', 'one with a label that begins with entail', labels.join(', '));
  const named = labels.findIndex((label) => label.toLowerCase().startsWith('contra'));
  return { yes, no: named >= 0 ? named : yes === 0 ? labels.length - 1 : 0 };
}
