// Film reviews in the official split, by our recipe or by the program of the project's source document.
import { loadImdb } from '../data/imdb.js';
import { BenchError } from '../errors.js';
import { IMDB, QUICK, SOURCE } from '../model/recipes.js';
import { trainClassifier } from '../model/train-classifier.js';
import { runClassification } from './classification.js';
import type { SuiteContext, SuiteResult } from './suite.js';

const RECIPES = { ours: IMDB, source: SOURCE };

export async function run(context: SuiteContext): Promise<SuiteResult> {
  const { data: folder, quick } = context.flags;
  const name = String(context.own['recipe'] ?? 'ours');
  if (name !== 'ours' && name !== 'source') {
    throw new BenchError('bad-option', `--recipe: expected 'ours' or 'source', got '${name}'`);
  }
  const where = folder === undefined || folder === 'imdb' ? {} : { folder };
  return runClassification(
    {
      suite: name === 'source' ? 'imdb-source' : 'imdb',
      title: name === 'source' ? "Film reviews: the source document's program" : 'Film reviews: IMDb',
      load: () => loadImdb({ ...where, watchTest: name === 'source', ...(quick ? { every: 25 } : {}) }),
      recipe: () => (quick ? QUICK : RECIPES[name]),
      // The strength that reference-results has for these very files.
      baselines: { C: [10], nbSvm: true },
      train: trainClassifier,
      keepsRuns: !quick,
    },
    context,
  );
}
