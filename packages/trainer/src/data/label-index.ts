// The classes of a dataset, in a fixed order, checked for what no classifier can learn.
import type { LabelledText } from './read-table.js';
import { TableError } from './table-error.js';

/**
 * The sorted classes of the training part. Throws when there is only one, or when another part holds a label that
 * training never shows.
 *
 * @example
 * ```ts
 * import { labelsOf } from '@heddle/trainer';
 *
 * labelsOf([{ text: 'Win!', label: 'spam' }, { text: 'Hi', label: 'ham' }]); // ['ham', 'spam']
 * ```
 */
export function labelsOf(
  train: readonly LabelledText[],
  {
    others = {},
    source = 'the dataset',
  }: { readonly others?: Readonly<Record<string, readonly LabelledText[]>>; readonly source?: string } = {},
): string[] {
  if (train.length === 0) throw new TableError('empty', 'there is no row to train on', { source });
  const labels = [...new Set(train.map((row) => row.label))].sort();
  for (const [part, rows] of Object.entries(others)) {
    const unseen = [...new Set(rows.map((row) => row.label))].filter((label) => !labels.includes(label));
    if (unseen.length > 0) {
      const names = unseen.map((label) => `'${label}'`).join(', ');
      throw new TableError('unseen-label', `${names} occurs only in the ${part} part: training never shows it`, {
        source,
      });
    }
  }
  if (labels.length === 1) {
    throw new TableError('one-class', `every row has the label '${labels[0]}': a classifier needs two classes`, {
      source,
    });
  }
  return labels;
}
