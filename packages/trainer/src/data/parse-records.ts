// CSV, TSV and JSONL text to records of named values, each with its line. Which columns matter is read-table.ts' affair.
import { TableError } from './table-error.js';

/** The formats that {@link readTable} knows. */
export type TableFormat = 'csv' | 'tsv' | 'jsonl';

/** One row as it stands in the file. */
export interface TableRecord {
  readonly line: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** How to parse: the longest record is a guard against unclosed quotes and files that are no tables. */
export interface ParseOptions {
  readonly source: string;
  readonly maxRecordLength: number;
}

/** Splits JSON Lines; each line has to be an object. Blank lines are skipped. */
export function parseJsonLines(text: string, { source, maxRecordLength }: ParseOptions): TableRecord[] {
  const records: TableRecord[] = [];
  for (const [i, json] of text.split('\n').entries()) {
    const line = i + 1;
    if (json.length > maxRecordLength) throw tooLong(json.length, maxRecordLength, source, line);
    if (json.trim() === '') continue;
    let values: unknown;
    try {
      values = JSON.parse(json);
    } catch (error) {
      throw new TableError('syntax', `not valid JSON (${(error as Error).message})`, { source, line });
    }
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new TableError('syntax', 'expected a JSON object such as {"text": "…", "label": "…"}', { source, line });
    }
    records.push({ line, values: values as Record<string, unknown> });
  }
  return records;
}

/** Parses CSV (quoted as in RFC 4180) or TSV (no quoting: a tab never occurs in a value). The first row names the columns. */
export async function parseDelimited(
  text: string,
  format: 'csv' | 'tsv',
  { source, maxRecordLength }: ParseOptions,
): Promise<TableRecord[]> {
  // Imported late: who reads no CSV does not load it. The browser build brings its own Buffer and is 8 times slower.
  const { CsvError, parse } = await ('Buffer' in globalThis
    ? import('csv-parse/sync')
    : import('csv-parse/browser/esm/sync'));
  guardLineLength(text, maxRecordLength, source);
  let lastLine = 0;
  try {
    return parse(text, {
      columns: true,
      bom: true,
      skip_empty_lines: true,
      max_record_size: maxRecordLength,
      ...(format === 'tsv' ? { delimiter: '\t', quote: null } : {}),
      on_record: (values: Record<string, string>, context): TableRecord => {
        lastLine = context.lines;
        return { line: context.lines, values };
      },
    }) as unknown as TableRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = lastLine + 1;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
      // The parser notices at the end of the file; the quote was opened in the record after the last whole one.
      throw new TableError('syntax', 'a quote (") that is opened in this row is never closed', { source, line });
    }
    if (error.code === 'CSV_MAX_RECORD_SIZE') throw tooLong(undefined, maxRecordLength, source, line);
    const at = Number((error as { lines?: number }).lines ?? line);
    throw new TableError('syntax', error.message.replace(/ (at|on) line \d+/, ''), { source, line: at });
  }
}

function guardLineLength(text: string, maxRecordLength: number, source: string): void {
  if (text.length <= maxRecordLength) return;
  for (let start = 0, line = 1; start < text.length; line++) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed;
    if (end - start > maxRecordLength) throw tooLong(end - start, maxRecordLength, source, line);
    start = end + 1;
  }
}

function tooLong(length: number | undefined, limit: number, source: string, line: number): TableError {
  const size = length === undefined ? `more than ${limit}` : String(length);
  const sentence = `${size} characters in one row, where at most ${limit} are read: is a quote or a line break missing? (maxRecordLength raises the limit)`;
  return new TableError('long-line', sentence, { source, line });
}
