// From labels as they stand in rows, names or numbers, to class indices. Refuses what no classifier can learn.
import { TableError } from './table-error.js';

/** A class: its name, or its index. */
export type Label = string | number;

/** Knows the classes and turns labels into their indices. */
export interface ClassIds {
  /** Names by index; the numbers themselves where labels are numbers without names. */
  readonly names: readonly string[];
  indexOf(label: Label, place: string): number;
}

/**
 * The classes of the training part: those named, else the names found in sorted order, else the numbers from 0.
 *
 * @throws {TableError} where there is only one class, a label is unknown, or numbers are no class indices.
 */
export function classIds(train: readonly Label[], named: readonly string[] | undefined): ClassIds {
  const numbers = train.every((label) => typeof label === 'number');
  const stranger = named === undefined && !numbers ? train.find((label) => typeof label === 'number') : undefined;
  if (stranger !== undefined) {
    const sentence = `the label ${stranger} is an index, others are names: say the names in labels, or use one kind`;
    throw new TableError('unseen-label', sentence, { source: 'train' });
  }
  const names = named ?? (numbers ? numbersUpTo(train) : [...new Set(train.map(String))].sort());
  const indices = new Map(names.map((name, i) => [name, i]));
  const indexOf = (label: Label, place: string): number => {
    const index = typeof label === 'number' ? label : indices.get(label);
    if (index !== undefined && Number.isInteger(index) && index >= 0 && index < names.length) return index;
    const known = names.length > 12 ? `one of ${names.length} classes` : `one of ${names.join(', ')}`;
    const hint =
      typeof label === 'number' && !Number.isInteger(label) ? ': to predict numbers, say collate and loss' : '';
    throw new TableError('unseen-label', `expected ${known}, got the label '${label}'${hint}`, { source: place });
  };
  const seen = new Set(train.map((label, i) => indexOf(label, `train, row ${i}`)));
  if (seen.size === 1) {
    const sentence = `every row has the label '${train[0]}': a classifier needs two classes`;
    throw new TableError('one-class', sentence, { source: 'train' });
  }
  return { names, indexOf };
}

/**
 * Holds another part against the training part.
 *
 * @throws {TableError} naming the classes that training never shows.
 */
export function requireSeen(
  part: string,
  ids: Iterable<number>,
  train: Iterable<number>,
  names: readonly string[],
): void {
  const seen = new Set(train);
  const unseen = [...new Set(ids)].filter((id) => !seen.has(id)).map((id) => `'${names[id]}'`);
  if (unseen.length > 0) {
    const sentence = `${unseen.join(', ')} occurs only in the ${part} part: training never shows it`;
    throw new TableError('unseen-label', sentence, { source: part });
  }
}

/** A greater index is no class, but an id that stands in the wrong column. */
const MOST_CLASSES = 1e6;

function numbersUpTo(train: readonly Label[]): string[] {
  let largest = -1;
  for (const label of train) if (typeof label === 'number' && label > largest) largest = label;
  if (largest >= MOST_CLASSES) {
    const sentence = `expected class indices below ${MOST_CLASSES}, got the label ${largest}`;
    throw new TableError('unseen-label', sentence, { source: 'train' });
  }
  return Array.from({ length: Math.floor(largest) + 1 }, (_, i) => String(i));
}
