// What every suite hands on: labelled texts in three parts, with how they came about.
import type { LabelledText } from '@heddle/trainer';

/** Rows before and after each step of the preparation; goes into the report as it is. */
export type Counts = Readonly<Record<string, number>>;

/** A classification dataset, split. Nothing may be tuned on `test`. */
export interface Dataset {
  readonly name: string;
  readonly labels: readonly string[];
  readonly train: readonly LabelledText[];
  readonly validation: readonly LabelledText[];
  readonly test: readonly LabelledText[];
  readonly counts: Counts;
  /** SHA-256 over every row of every part, as used. */
  readonly checksum: string;
  /** One sentence each, for the reader of the report. */
  readonly notes: readonly string[];
}

/** The classes of `rows` as ids into `labels`. */
export function labelIds(rows: readonly LabelledText[], labels: readonly string[]): Int32Array {
  const ids = new Map(labels.map((label, id) => [label, id]));
  return Int32Array.from(rows, (row) => ids.get(row.label)!);
}
