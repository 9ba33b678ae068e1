// Any CSV, TSV or JSONL file as a dataset: rows are read by @heddle/trainer, then cleaned of repeats and split as the
// spam corpus is.
import { basename } from 'node:path';
import { labelsOf, readTable, TableError } from '@heddle/trainer';
import { BenchError } from '../errors.js';
import { checksum } from './checksum.js';
import type { Dataset } from './dataset.js';
import { dropNearDuplicates } from './near-duplicates.js';
import { stratifiedSplit } from './split.js';

const SPLIT_SEED = 1;

/** Which columns to read, where they are not found by name; how much to read. */
export interface TableOptions {
  readonly text?: string;
  readonly label?: string;
  /** Take a share of each label's rows where there are more than these. Default: all. */
  readonly atMost?: number;
}

/** Reads and splits the file. */
export async function loadTable(path: string, { atMost = Infinity, ...columns }: TableOptions = {}): Promise<Dataset> {
  const table = await readTable(path, columns).catch(namingFlags);
  const isLong = table.rows.length > atMost;
  const rows = isLong
    ? stratifiedSplit(table.rows, { share: atMost / table.rows.length, seed: SPLIT_SEED }).part
    : table.rows;
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
      ...(isLong ? [`Only ${rows.length} of the rows were used.`] : []),
    ],
  };
}

/** The reader speaks of options; who types a command wants flags. */
function namingFlags(error: unknown): never {
  if (error instanceof TableError && error.problem === 'missing-column')
    throw new BenchError('bad-option', `${error.message} (--text and --label name columns)`);
  throw error;
}
