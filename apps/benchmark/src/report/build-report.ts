// Puts the report together from a dataset, trained classifiers (one a seed) and baselines. Pure but for the attention.
import { confusionMatrix } from '@heddle/trainer';
import type { BaselineResult } from '../baselines/run-baselines.js';
import { type Dataset, labelIds } from '../data/dataset.js';
import type { Recipe } from '../model/recipe.js';
import type { TrainedClassifier } from '../model/trained.js';
import { describeMachine, peakMemoryBytes } from './environment.js';
import type { MetricSet, Report, WrongExample } from './schema.js';
import { decide, meanMetrics, scoreAll, scoreCalibration, scorePerClass } from './score.js';

/** How many of the worst mistakes are shown. */
const SHOWN_ERRORS = 10;

/** All that a report is made of. */
export interface ReportParts {
  readonly suite: string;
  readonly title: string;
  readonly command: string;
  readonly quick: boolean;
  readonly dataset: Dataset;
  readonly recipe: Recipe;
  readonly runs: readonly { readonly seed: number; readonly trained: TrainedClassifier }[];
  readonly baselines: readonly BaselineResult[];
  readonly dataSeconds: number;
  /** When the command began, as `performance.now()` has it. */
  readonly startedAt: number;
}

/** The report, ready to be written. */
export async function buildReport(parts: ReportParts): Promise<Report> {
  const { dataset, recipe, runs } = parts;
  const { labels } = dataset;
  const truth = labelIds(dataset.test, labels);
  const heldOut = labelIds(dataset.validation, labels);
  const [{ seed, trained: first }] = runs;
  const scored = runs.map((run) => scoreAll(truth, run.trained.test));
  const metrics = {
    validation: meanMetrics(runs.map((run) => scoreAll(heldOut, run.trained.validation))),
    test: meanMetrics(scored),
  };
  const baselines = parts.baselines.map(({ test, ...baseline }) => ({
    ...baseline,
    metrics: { test: scoreAll(truth, test) },
  }));
  const total = (pick: (trained: TrainedClassifier) => number): number =>
    runs.reduce((sum, run) => sum + pick(run.trained), 0);
  const { description, ...config } = recipe;
  return {
    version: 1,
    suite: parts.suite,
    title: parts.title,
    createdAt: new Date().toISOString(),
    command: parts.command,
    quick: parts.quick,
    data: {
      name: dataset.name,
      checksum: dataset.checksum,
      labels: [...labels],
      counts: { ...dataset.counts },
      notes: [...dataset.notes],
    },
    model: { description, parameters: first.parameters, config: { ...config, warmup: config.warmup ?? 'none' } },
    seed,
    runs: runs.map(({ seed, trained: { trainSeconds, weightsChecksum } }, i) => {
      return { seed, test: scored[i], trainSeconds, weightsChecksum };
    }),
    metrics,
    baselines,
    verdict: verdict(metrics.test, baselines),
    perClass: scorePerClass(truth, first.test, labels),
    confusion: {
      labels: [...labels],
      matrix: confusionMatrix(truth, decide(first.test), { numClasses: labels.length }),
    },
    calibration: scoreCalibration(truth, first.test),
    curves: runs.flatMap((run) => run.trained.curves),
    errors: await worstErrors(dataset, truth, first),
    timing: {
      totalSeconds: (performance.now() - parts.startedAt) / 1_000,
      dataSeconds: parts.dataSeconds,
      tokenizerSeconds: total((t) => t.tokenizerSeconds),
      trainSeconds: total((t) => t.trainSeconds),
      evaluateSeconds: total((t) => t.evaluateSeconds),
      samplesPerSecond: total((t) => t.samples) / total((t) => t.trainSeconds),
      tokensPerSecond: total((t) => t.tokens) / total((t) => t.trainSeconds),
    },
    memory: { peakBytes: peakMemoryBytes() },
    environment: { ...describeMachine(), ...first.ran },
  };
}

/** One sentence: ahead, level or behind, by how much, and whether the intervals overlap. */
export function verdict(
  model: MetricSet,
  baselines: readonly { readonly name: string; readonly metrics: { readonly test: MetricSet } }[],
): string {
  const [best] = [...baselines].sort((a, b) => b.metrics.test.macroF1 - a.metrics.test.macroF1);
  const theirs = best.metrics.test;
  const gap = model.macroF1 - theirs.macroF1;
  const overlap =
    model.macroF1Interval.low <= theirs.macroF1Interval.high &&
    theirs.macroF1Interval.low <= model.macroF1Interval.high;
  const chance = overlap
    ? 'the 95 % intervals overlap, so that this may be chance'
    : 'the 95 % intervals do not overlap';
  if (gap > 0)
    return `The transformer is ahead of the best baseline, ${best.name}, by ${gap.toFixed(3)} macro-F1; ${chance}.`;
  if (gap === 0)
    return `The transformer is level with the best baseline, ${best.name}: it has not earned its cost here.`;
  return `The transformer is behind the best baseline, ${best.name}, by ${(-gap).toFixed(3)} macro-F1: it has not earned its cost here; ${chance}.`;
}

async function worstErrors(
  { test, labels }: Dataset,
  truth: Int32Array,
  trained: TrainedClassifier,
): Promise<WrongExample[]> {
  const predicted = decide(trained.test);
  const worst = Array.from(truth, (t, i) => ({ i, t, p: predicted[i], confidence: trained.test[i][predicted[i]] }))
    .filter(({ t, p }) => t !== p)
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, SHOWN_ERRORS);
  const words = await trained.attention(worst.map(({ i }) => test[i].text));
  return worst.map(({ i, t, p, confidence }, k) => ({
    text: test[i].text.slice(0, 2_000),
    truth: labels[t],
    predicted: labels[p],
    confidence,
    words: words[k],
  }));
}
