// The spam suite's pipeline on a file of the user's own.
import { basename } from 'node:path';
import { loadTable } from '../data/table.js';
import { BenchError } from '../errors.js';
import { QUICK, SMALL, scaledTo } from '../model/recipes.js';
import { trainClassifier } from '../model/train-classifier.js';
import { runClassification } from './classification.js';
import type { SuiteContext, SuiteResult } from './suite.js';

/** Rows that a quick look takes of a file at most. */
const QUICK_ROWS = 2_000;

export async function run(context: SuiteContext): Promise<SuiteResult> {
  const { data: path, text, label, quick } = context.flags;
  if (path === undefined) {
    throw new BenchError('bad-option', '--data: name a .csv, .tsv or .jsonl file, as in: bench csv --data reviews.csv');
  }
  const columns = { ...(text === undefined ? {} : { text }), ...(label === undefined ? {} : { label }) };
  return runClassification(
    {
      suite: 'csv',
      title: `Texts and labels of ${basename(path)}`,
      load: () => loadTable(path, { ...columns, ...(quick ? { atMost: QUICK_ROWS } : {}) }),
      recipe: ({ train }) => scaledTo(train.length, quick ? QUICK : SMALL),
      baselines: { C: quick ? [100] : [1, 10, 100, 1_000] },
      train: trainClassifier,
    },
    context,
  );
}
