// Rows of a dataset from wherever they are: arrays, iterators, files. All are in memory afterwards, so that they can be shuffled.
import { ArgumentError } from '@heddle/tensor';
import type { TableSource } from './read-bytes.js';
import { type LabelledText, type ReadTableOptions, readTable } from './read-table.js';
import { TableError } from './table-error.js';

/** Rows, or something that yields them. */
export type RowSource<Row> = Iterable<Row> | AsyncIterable<Row>;

/** Labelled rows, or a CSV, TSV or JSONL file of them: a path, a URL, or its bytes. */
export type LabelledSource<Row> = RowSource<Row> | TableSource;

/**
 * All rows of a source.
 *
 * @throws {TableError} where there are none, or a file can't be read as a table.
 */
export async function readRows<Row>(source: RowSource<Row>, name: string): Promise<readonly Row[]> {
  if (typeof source !== 'object' || source === null || !(Symbol.iterator in source || Symbol.asyncIterator in source)) {
    throw new ArgumentError('Trainer', name, 'rows: a list, or anything that yields them', String(source));
  }
  const rows = Array.isArray(source) ? (source as readonly Row[]) : await gather(source);
  if (rows.length === 0) throw new TableError('empty', 'there is no row', { source: name });
  return rows;
}

/** All rows of a source that may be a file. */
export async function readLabelledRows<Row>(
  source: LabelledSource<Row>,
  name: string,
  columns: ReadTableOptions,
): Promise<readonly (Row | LabelledText)[]> {
  if (typeof source === 'string' || source instanceof URL || source instanceof Uint8Array) {
    return (await readTable(source, columns)).rows;
  }
  return readRows(source, name);
}

async function gather<Row>(source: RowSource<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of source) rows.push(row);
  return rows;
}
