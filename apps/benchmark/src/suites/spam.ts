// The main job: spam or ham, on the SpamAssassin corpus.
import { loadSpam } from '../data/spam.js';
import { QUICK, SMALL } from '../model/recipes.js';
import { trainClassifier } from '../model/train-classifier.js';
import { runClassification } from './classification.js';
import type { SuiteContext, SuiteResult } from './suite.js';

export function run(context: SuiteContext): Promise<SuiteResult> {
  const { quick } = context.flags;
  return runClassification(
    {
      suite: 'spam',
      title: 'Spam or ham: the SpamAssassin corpus',
      load: () => loadSpam(quick ? { every: 4 } : {}),
      recipe: () => (quick ? QUICK : SMALL),
      baselines: { C: quick ? [100] : [1, 10, 100, 1_000] },
      train: trainClassifier,
    },
    context,
  );
}
