// The Large Movie Review Dataset (Maas et al. 2011) in its official split, from files that are checked byte for byte.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabelledText, readTable } from '@heddle/trainer';
import { BenchError } from '../errors.js';
import { checksum } from './checksum.js';
import { dataFolder } from './data-folder.js';
import type { Dataset } from './dataset.js';
import { stratifiedSplit } from './split.js';

const SPLIT_SEED = 2011;
const VALIDATION_SHARE = 0.1;
const LABELS = ['negative', 'positive'];

/** What the files have to be, so that figures can be compared. */
const SHA256: Readonly<Record<string, string>> = {
  'train.jsonl.gz': '140a9573cbae1a72e956fb04bac3864b08ee811ecd2aaed11e94f9e9f52edfb7',
  'test.jsonl.gz': '60679a984a6b862b6d9e2495b49c2343b18b59dffd7d3fb991fe595b22759c82',
};

/** Where to look, and how much to read. */
export interface ImdbOptions {
  /** The folder that holds the two files. Default: `imdb` in $HEDDLE_DATA, or in ../shared/data. */
  readonly folder?: string;
  /** Take only every n-th review. Default 1, all. */
  readonly every?: number;
  /**
   * Train on the whole official training part, and watch the test part meanwhile, as the source document's program does.
   * Honest only where nothing is chosen by what is seen.
   */
  readonly watchTest?: boolean;
}

/** Reads both parts; a tenth of the training part becomes the validation part. */
export async function loadImdb({ folder, every = 1, watchTest = false }: ImdbOptions = {}): Promise<Dataset> {
  const where = folder ?? join(dataFolder(), 'imdb');
  const official = await readPart(where, 'train.jsonl.gz', every);
  const test = await readPart(where, 'test.jsonl.gz', every);
  const split = stratifiedSplit(official, { share: VALIDATION_SHARE, seed: SPLIT_SEED });
  const [train, validation] = watchTest ? [official, test] : [split.rest, split.part];
  const known = new Set(official.map((row) => row.text));
  return {
    name: 'Large Movie Review Dataset v1.0, official split',
    labels: LABELS,
    train,
    validation,
    test,
    counts: {
      'official train': official.length,
      'official test': test.length,
      'test reviews that also stand in train': test.filter((row) => known.has(row.text)).length,
      train: train.length,
      validation: validation.length,
      test: test.length,
    },
    checksum: checksum(train, validation, test),
    notes: [
      'The official split is kept as it is, repeats included, so that figures can be compared with the literature.',
      'Line breaks (<br />) become spaces.',
      ...(watchTest
        ? ['There is no validation part: the test part is watched each epoch, and nothing is chosen by it.']
        : []),
      ...(every > 1 ? [`Only every ${every}th review was read.`] : []),
    ],
  };
}

async function readPart(folder: string, file: string, every: number): Promise<LabelledText[]> {
  const path = join(folder, file);
  const packed = await readFile(path).catch(() => {
    throw new BenchError(
      'data-missing',
      `${path} is not there: put train.jsonl.gz and test.jsonl.gz of the IMDb reviews into one folder and name it with --data, or set HEDDLE_DATA to the folder above`,
    );
  });
  const found = createHash('sha256').update(packed).digest('hex');
  if (found !== SHA256[file]) {
    throw new BenchError(
      'data-changed',
      `${path} has SHA-256 ${found}, expected ${SHA256[file]}: its figures could not be compared`,
    );
  }
  const { rows } = await readTable(new Uint8Array(packed), { format: 'jsonl' });
  return rows
    .filter((_, i) => i % every === 0)
    .map(({ text, label }) => ({ text: text.replace(/<br\s*\/?>/g, ' '), label: LABELS[Number(label)] }));
}
