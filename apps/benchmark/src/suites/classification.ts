// What spam, csv and imdb share: baselines, one training a seed, the report. A suite adds its data and its recipe.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BaselineOptions, runBaselines } from '../baselines/run-baselines.js';
import type { Dataset } from '../data/dataset.js';
import { BenchError } from '../errors.js';
import type { Recipe } from '../model/recipe.js';
import type { TrainClassifier } from '../model/trained.js';
import { buildReport } from '../report/build-report.js';
import { duration } from '../report/format.js';
import { renderTerminal } from '../report/terminal.js';
import { checkOutput, writeReport } from '../report/write-report.js';
import type { SuiteContext, SuiteResult } from './suite.js';

/** A classification task. */
export interface ClassificationTask {
  readonly suite: string;
  readonly title: string;
  readonly load: () => Promise<Dataset>;
  readonly recipe: (dataset: Dataset) => Recipe;
  readonly baselines: Omit<BaselineOptions, 'onStart'>;
  readonly train: TrainClassifier;
  /** A run that was stopped is not thrown away by starting anew: for suites that take hours. */
  readonly keepsRuns?: boolean;
}

/** Runs the task from data to report. */
export async function runClassification(task: ClassificationTask, context: SuiteContext): Promise<SuiteResult> {
  const { flags, say, signal } = context;
  await checkOutput(flags.out); // before hours of work, not after
  const begun = performance.now();
  say(`Reading ${task.suite === 'csv' ? flags.data : `the ${task.suite} data`} …`);
  const dataset = await task.load();
  const dataSeconds = (performance.now() - begun) / 1_000;
  const { train, validation, test } = dataset;
  say(
    `${train.length} to train on, ${validation.length} to validate, ${test.length} to test (${duration(dataSeconds)})`,
  );

  stopIfAsked(signal);
  const baselines = await runBaselines(dataset, { ...task.baselines, onStart: (name) => say(`Baseline: ${name} …`) });
  const recipe = task.recipe(dataset);
  const runs = [];
  for (const seed of flags.seeds) {
    stopIfAsked(signal);
    if (flags.seeds.length > 1) say(`Seed ${seed}:`);
    const checkpoints = join('runs', flags.quick ? `${task.suite}-quick` : task.suite, `seed-${seed}`);
    if (!flags.resume && task.keepsRuns !== true) await rm(checkpoints, { recursive: true, force: true });
    const trained = await task.train(dataset, recipe, {
      seed,
      backend: flags.backend,
      ...(flags.threads === undefined ? {} : { threads: flags.threads }),
      checkpoints,
      resume: flags.resume,
      signal,
      say,
    });
    runs.push({ seed, trained });
  }
  const report = await buildReport({
    ...task,
    ...context,
    quick: flags.quick,
    dataset,
    recipe,
    runs,
    baselines,
    dataSeconds,
  });
  const written = await writeReport(report, flags.out);
  return { text: `${renderTerminal(report)}\n\nReport: ${written.html}`, json: report };
}

function stopIfAsked(signal: AbortSignal): void {
  if (signal.aborted) throw new BenchError('interrupted', 'stopped before training began; nothing is left to resume');
}
