// The default task: rows of text (or token ids) and a label. The model gives logits, one row a text.
import { ArgumentError, crossEntropy, type Tensor } from '@heddle/tensor';
import { sha256 } from '@heddle/tensor/io';
import type { Module } from '@heddle/tensor/nn';
import { type ClassIds, classIds, type Label, requireSeen } from '../data/class-ids.js';
import { TableError } from '../data/table-error.js';
import type { EncodedTexts, TextCodec } from '../text-codec.js';
import { classificationScorer, type Scorers } from './classification-scorer.js';
import type { Parts, Task } from './task.js';

/** A text, or a pair of texts, and its class, by name or index. Rows are all texts or all pairs. */
export interface LabelledRow {
  readonly text: string;
  /** The second text of a pair. */
  readonly pair?: string;
  readonly label: Label;
}

/** Token ids and their class: no tokenizer is needed. */
export interface LabelledIds {
  readonly ids: ArrayLike<number>;
  readonly label: Label;
}

/** A batch as classifiers take it: padded ids, with the class index of each row. */
export interface LabelledBatch extends EncodedTexts {
  /** Which text of a pair each token is of: all zeros where rows are single texts. `[B, T]` */
  readonly typeIds: Int32Array;
  /** Class indices, `[B]`. */
  readonly labels: Int32Array;
}

/** A module that takes a batch of token ids and gives logits `[B, classes]`. */
export type Classifier = Module & {
  forward(batch: LabelledBatch): Tensor;
  /** Names of the classes by index. */
  readonly labels?: readonly string[];
  /** Tokens that a row may have at most. */
  readonly config?: { readonly maxLength?: number; readonly problemType?: string };
};

/** A row's tokens. */
interface Tokens {
  readonly ids: Int32Array;
  /** Of pairs only. */
  readonly typeIds?: Int32Array | undefined;
}

/** A tokenized row. */
export interface LabelledItem extends Tokens {
  readonly label: number;
}

/** What is particular to classification. */
export interface ClassificationConfig extends Scorers {
  readonly model: Classifier;
  readonly tokenizer?: TextCodec | undefined;
  readonly maxLength?: number | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly loss?: ((model: Classifier, batch: LabelledBatch) => Tensor) | undefined;
}

/** Texts that are tokenized at once. */
const CHUNK = 256;

/** Makes the classification task. */
export function classification(
  config: ClassificationConfig,
): Task<LabelledRow | LabelledIds, LabelledItem, LabelledBatch> {
  const { model, tokenizer, maxLength = model.config?.maxLength } = config;
  const labels = config.labels ?? model.labels;
  if (labels !== undefined && !isLabelList(labels))
    throw new ArgumentError('Trainer', 'labels', 'a list of different names', String(labels));
  if (maxLength !== undefined && !(Number.isInteger(maxLength) && maxLength >= 1))
    throw new ArgumentError('Trainer', 'maxLength', 'a whole number of at least 1', String(maxLength));
  for (const name of ['loss', 'metrics'] as const)
    if (config[name] !== undefined && typeof config[name] !== 'function')
      throw new ArgumentError('Trainer', name, 'a function', typeof config[name]);
  if (model.config?.problemType === 'multi_label_classification')
    throw new ArgumentError(
      'Trainer',
      'model',
      'a classifier whose texts have one label each; for several, say collate, and loss with binaryCrossEntropy',
      'one of multi_label_classification',
    );
  const { loss = classLoss } = config;
  let classes: ClassIds | null = labels === undefined ? null : { ...classIds([], labels) };

  const ready = (rows: readonly (LabelledRow | LabelledIds)[], name: string, known: ClassIds): LabelledItem[] => {
    const tokens = tokenized(rows, name, tokenizer, maxLength);
    return rows.map(({ label }, i) => ({ ...tokens[i], label: known.indexOf(label, `${name}, row ${i}`) }));
  };

  return {
    prepare({ train, validation, test }): Parts<LabelledItem> {
      const known = classIds(labelsIn(train, 'train'), labels);
      classes = known;
      const items = ready(train, 'train', known);
      const other = (name: string, rows: typeof train | null): readonly LabelledItem[] | null => {
        if (rows === null) return null;
        const found = labelsIn(rows, name).map((label, i) => known.indexOf(label, `${name}, row ${i}`));
        requireSeen(
          name,
          found,
          items.map((item) => item.label),
          known.names,
        );
        return ready(rows, name, known);
      };
      return { train: items, validation: other('validation', validation), test: other('test', test) };
    },

    prepareOne(rows, name) {
      const found = labelsIn(rows, name);
      return ready(rows, name, classes ?? classIds(found, labels));
    },

    bucketed: true,
    lengthOf: (item) => item.ids.length,

    collate: (items) => collate(items, tokenizer?.padId ?? 0),

    loss: (batch) => loss(model, batch),

    tokensOf: ({ lengths }) => lengths.reduce((sum, length) => sum + length, 0),

    scorer: (rows) => classificationScorer(rows, model, config),

    fingerprint(items) {
      const all = new Int32Array(items.reduce((sum, { ids }) => sum + ids.length + 1, 0));
      let at = 0;
      for (const { ids, label } of items) {
        all[at++] = label;
        all.set(ids, at);
        at += ids.length;
      }
      const hash = sha256(new Uint8Array(all.buffer));
      return `${items.length} rows, ${hash.slice(0, 16)}`;
    },
  };
}

/** Cross-entropy of one class a text. */
function classLoss(model: Classifier, batch: LabelledBatch): Tensor {
  const logits = model.call(batch);
  if (logits.rank === 2) return crossEntropy(logits, batch.labels);
  const expected = 'one that gives logits [texts, classes]; for anything else say collate and loss';
  throw new ArgumentError('Trainer', 'model', expected, `[${logits.shape.join(', ')}]`);
}

function isLabelList(labels: unknown): boolean {
  return (
    Array.isArray(labels) && labels.every((name) => typeof name === 'string') && new Set(labels).size === labels.length
  );
}

function labelsIn(rows: readonly { readonly label: Label }[], name: string): Label[] {
  return rows.map((row, i) => {
    const label: unknown = row?.label;
    if (typeof label === 'string' || typeof label === 'number') return label;
    throw new TableError('missing-value', `row ${i}: expected a label, a name or an index, got ${label}`, {
      source: name,
    });
  });
}

/** Tokens of all rows, without padding. */
function tokenized(
  rows: readonly (LabelledRow | LabelledIds)[],
  name: string,
  tokenizer: TextCodec | undefined,
  maxLength: number | undefined,
): Tokens[] {
  const tokens: Tokens[] = [];
  const paired = rows.some((row) => isPair(row));
  for (let start = 0; start < rows.length; start += CHUNK) {
    const part = rows.slice(start, start + CHUNK);
    const texts = part.flatMap((row, i) => ('ids' in row ? [] : [checkText(row.text, name, start + i, 'the text')]));
    const pairs = part.flatMap((row, i) =>
      'ids' in row || !paired ? [] : [checkText(row.pair, name, start + i, 'the second text')],
    );
    const encoded = texts.length === 0 ? [] : encode(texts, paired ? pairs : undefined, tokenizer, maxLength);
    let next = 0;
    for (const row of part)
      tokens.push('ids' in row ? { ids: ownIds(row.ids, name, tokens.length, maxLength) } : encoded[next++]);
  }
  return tokens;
}

function isPair(row: LabelledRow | LabelledIds): boolean {
  return 'pair' in row && row.pair !== undefined;
}

function checkText(text: unknown, name: string, row: number, what: string): string {
  if (typeof text === 'string' && text.trim() !== '') return text;
  throw new TableError('missing-value', `row ${row}: ${what} is empty`, { source: name });
}

function ownIds(ids: ArrayLike<number>, name: string, row: number, maxLength = Number.POSITIVE_INFINITY): Int32Array {
  if (!(ids?.length > 0)) throw new TableError('missing-value', `row ${row}: there is no token id`, { source: name });
  for (let i = 0; i < ids.length; i++) {
    if (Number.isInteger(ids[i]) && ids[i] >= 0) continue;
    throw new TableError('missing-value', `row ${row}: expected token ids, got ${ids[i]}`, { source: name });
  }
  return Int32Array.from(ids).subarray(0, maxLength);
}

function encode(
  texts: readonly string[],
  pairs: readonly string[] | undefined,
  tokenizer: TextCodec | undefined,
  maxLength?: number,
): Tokens[] {
  if (typeof tokenizer?.encodeBatch !== 'function') {
    throw new ArgumentError('Trainer', 'tokenizer', 'a tokenizer, as the rows hold texts (rows of ids need none)');
  }
  const { ids, mask, lengths, typeIds, shape } = tokenizer.encodeBatch(texts, {
    padding: true,
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(pairs === undefined ? {} : { pairs }),
  });
  const width = shape[1];
  return texts.map((_, i) => {
    // Padding is on the left where the row's first place is masked.
    const start = i * width + (mask[i * width] === 1 ? 0 : width - lengths[i]);
    const end = start + lengths[i];
    return { ids: ids.slice(start, end), typeIds: pairs === undefined ? undefined : typeIds?.slice(start, end) };
  });
}

/** Pads items on the right to the longest of them. */
function collate(items: readonly LabelledItem[], padId: number): LabelledBatch {
  const width = items.reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
  const ids = new Int32Array(items.length * width).fill(padId);
  const mask = new Int32Array(ids.length);
  const typeIds = new Int32Array(ids.length);
  items.forEach((item, i) => {
    ids.set(item.ids, i * width);
    if (item.typeIds !== undefined) typeIds.set(item.typeIds, i * width);
    mask.fill(1, i * width, i * width + item.ids.length);
  });
  return {
    ids,
    mask,
    typeIds,
    lengths: Int32Array.from(items, (item) => item.ids.length),
    shape: [items.length, width],
    labels: Int32Array.from(items, (item) => item.label),
  };
}
