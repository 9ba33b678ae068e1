// Any CSV, TSV or JSONL file as a dataset: rows are read by @heddle/trainer, then cleaned of repeats and split as the
// spam corpus is.
import { basename } from 'node:path';
import { labelsOf, readTable } from '@heddle/trainer';
import { checksum } from './checksum.js';
import type { Dataset } from './dataset.js';
import { dropNearDuplicates } from './near-duplicates.js';
import { stratifiedSplit } from './split.js';

const SPLIT_SEED = 1;

/** Which columns to read, where they are not found by name; how much to read. */
export interface TableOptions {
  readonly text?: string;
  readonly label?: string;
  /** Take only every n-th row. Default 1, all. */
  readonly every?: number;
}

/** Reads and splits the file. */
export async function loadTable(path: string, { every = 1, ...columns }: TableOptions = {}): Promise<Dataset> {
  const table = await readTable(path, columns);
  const rows = table.rows.filter((_, i) => i % every === 0);
  const { kept, exact, near } = dropNearDuplicates(rows.map((row) => row.text));
  const { rest, part: test } = stratifiedSplit(
    kept.map((i) => rows[i]),
    { share: 0.2, seed: SPLIT_SEED },
  );
  const { rest: train, part: validation } = stratifiedSplit(rest, { share: 0.1, seed: SPLIT_SEED });
  const labels = labelsOf(train, { others: { validation, test }, source: path });
  return {
    name: basename(path),
    labels,
    train,
    validation,
    test,
    counts: {
      rows: table.rows.length,
      'exact duplicates': exact,
      'near duplicates': near,
      used: kept.length,
      train: train.length,
      validation: validation.length,
      test: test.length,
    },
    checksum: checksum(train, validation, test),
    notes: [
      `Texts from column '${table.textColumn}', labels from '${table.labelColumn}'.`,
      'Exact and near duplicates (Jaccard ≥ 0.8 on five-word shingles) are removed before the split; the first of each group stays.',
      ...(every > 1 ? [`Only every ${every}th row was read.`] : []),
    ],
  };
}
