// Carries a recipe out with the packages: tokenizer, model, Trainer. The only file of the suites that knows them.
import { type BackboneConfig, SequenceClassifier } from '@heddle/classifier';
import { crossEntropy, defaultGenerator, init } from '@heddle/tensor';
import { Adam, AdamW, cosine, LearningRate, type Schedule, warmup } from '@heddle/tensor/optim';
import { Tokenizer } from '@heddle/tokenizer';
import { type LabelledText, Trainer, type TrainingReport } from '@heddle/trainer';
import type { Dataset } from '../data/dataset.js';
import { BenchError } from '../errors.js';
import type { CurvePoint } from '../report/schema.js';
import type { Probabilities } from '../report/score.js';
import { attendedWords } from './attended-words.js';
import { condense } from './condense.js';
import type { Recipe } from './recipe.js';
import type { TrainClassifier, TrainedClassifier, TrainSettings } from './trained.js';
import { weightsChecksum } from './weights-checksum.js';

/** Points of the loss curve: enough to see its shape. */
const CURVE_POINTS = 120;

/** Trains a tokenizer and a classifier from random weights, and asks it about validation and test. */
export const trainClassifier: TrainClassifier = async (dataset, recipe, settings) => {
  const { seed, backend, threads, say } = settings;
  const ran = await init({ backend, seed, ...(threads === undefined ? {} : { threads }) });
  const { tokenizer, parts, seconds: tokenizerSeconds } = await tokenize(dataset, recipe);
  const model = new SequenceClassifier({ ...shape(recipe), vocabSize: tokenizer.vocabSize, labels: dataset.labels });
  const parameters = model.parameters().reduce((sum, p) => sum + p.size, 0);
  say(
    `${recipe.description}: ${parameters.toLocaleString('en-US')} parameters, on ${ran.backend} with ${ran.threads} threads`,
  );

  const report = await fit(model, tokenizer, parts, recipe, settings);
  const started = performance.now();
  const probabilities = async (rows: readonly LabelledText[]): Promise<Probabilities> => {
    const answers = await model.predict(
      rows.map((row) => row.text),
      { tokenizer },
    );
    return answers.map(({ scores }) => dataset.labels.map((label) => scores[label]));
  };
  const [validation, test] = [await probabilities(parts.validation), await probabilities(parts.test)];
  return {
    validation,
    test,
    parameters,
    weightsChecksum: await weightsChecksum(model),
    curves: curves(report, seed, dataset),
    tokenizerSeconds,
    trainSeconds: report.trainSeconds,
    evaluateSeconds: (performance.now() - started) / 1_000,
    samples: Math.round(report.samplesPerSecond * report.trainSeconds),
    tokens: Math.round(report.tokensPerSecond * report.trainSeconds),
    ran: { backend: ran.backend, threads: ran.threads, simd: ran.simd, blas: ran.blas },
    attention: async (texts) => {
      const shown = texts.map((text) => condense(text, tokenizer, recipe));
      const weights = await model.attentionOver(shown, { tokenizer });
      return shown.map((text, i) => attendedWords(text, weights[i]));
    },
  } satisfies TrainedClassifier;
};

type Parts = Pick<Dataset, 'train' | 'validation' | 'test'>;

async function tokenize(
  { train, validation, test }: Dataset,
  recipe: Recipe,
): Promise<{ tokenizer: Tokenizer; parts: Parts; seconds: number }> {
  const started = performance.now();
  const { vocabSize } = recipe;
  const tokenizer = await Tokenizer.train(
    train.map((row) => row.text),
    { model: 'wordpiece', vocabSize },
  );
  const cut = (rows: readonly LabelledText[]): LabelledText[] =>
    rows.map(({ text, label }) => ({ text: condense(text, tokenizer, recipe), label }));
  const parts = { train: cut(train), validation: cut(validation), test: cut(test) };
  return { tokenizer, parts, seconds: (performance.now() - started) / 1_000 };
}

function shape({ dim, layers, heads, feedForward, maxLength, pooling, dropout }: Recipe): Omit<
  BackboneConfig,
  'vocabSize'
> & {
  readonly pooling: Recipe['pooling'];
} {
  return { dim, layers, heads, hiddenDim: feedForward, maxLength, pooling, dropout };
}

async function fit(
  model: SequenceClassifier,
  tokenizer: Tokenizer,
  { train, validation }: Parts,
  recipe: Recipe,
  { seed, signal, checkpoints, resume }: TrainSettings,
): Promise<TrainingReport> {
  const { epochs, batchSize, lr, weightDecay, labelSmoothing } = recipe;
  const steps = epochs * Math.ceil(train.length / batchSize);
  const parameters = model.parameters();
  const optimizer =
    recipe.optimizer === 'adam' ? new Adam(parameters, { lr }) : new AdamW(parameters, { lr, weightDecay });
  const report = await new Trainer(model, {
    train,
    validation,
    tokenizer,
    optimizer,
    ...(recipe.warmup === null ? {} : { schedule: new LearningRate(optimizer, warmThenCosine(steps, recipe.warmup)) }),
    loss: (classifier, batch) => {
      const ids = hideTokens(batch.ids, recipe.tokenDropout, tokenizer.unkId ?? 0);
      return crossEntropy(classifier.call({ ...batch, ids }), batch.labels, { labelSmoothing });
    },
    // By what is reported, not by the loss: that rises again while the answers still get better.
    earlyStopping: recipe.keepBest ? { patience: epochs, metric: 'macroF1' } : false,
    epochs,
    batchSize,
    seed,
    signal,
    checkpoints,
    resume,
  }).fit();
  if (report.stoppedBy !== 'signal') return report;
  throw new BenchError(
    'interrupted',
    `stopped at step ${report.steps} of ${steps}, saved in ${report.checkpoint}; the same command with --resume goes on`,
  );
}

// Draws from the default generator, which checkpoints hold. Hidden padding and special tokens do no harm.
function hideTokens(ids: Int32Array, share: number, hidden: number): Int32Array {
  if (share === 0) return ids;
  const drawn = defaultGenerator().uniform(ids.length);
  return ids.map((id, i) => (drawn[i] < share ? hidden : id));
}

function warmThenCosine(steps: number, share: number): Schedule {
  const rise = Math.round(steps * share);
  return warmup(rise, cosine({ steps: steps - rise }));
}

// Losses averaged over equal stretches of steps, and every evaluation.
function curves(report: TrainingReport, seed: number, { validation, test }: Dataset): CurvePoint[] {
  const stretch = Math.max(1, Math.ceil(report.losses.length / CURVE_POINTS));
  const train: CurvePoint[] = [];
  for (let start = 0; start < report.losses.length; start += stretch) {
    const losses = report.losses.slice(start, start + stretch);
    const step = start + losses.length;
    const loss = losses.reduce((a, b) => a + b, 0) / losses.length;
    train.push({ seed, step, epoch: (report.epochs * step) / report.steps, part: 'train', loss });
  }
  // Where nothing is chosen by it, the test part may be what is watched: see loadImdb.
  const part = validation === test ? 'test' : 'validation';
  const evaluated = report.evaluations.map(({ step, epoch, metrics }): CurvePoint => {
    return { seed, step, epoch, part, loss: metrics['loss'], accuracy: metrics['accuracy'] };
  });
  return [...train, ...evaluated];
}
