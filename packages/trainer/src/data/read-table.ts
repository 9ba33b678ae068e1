// Labelled texts from CSV, TSV and JSONL: finds the columns and checks every row. Parsing is in parse-records.ts.
import { parseDelimited, parseJsonLines, type TableFormat, type TableRecord } from './parse-records.js';
import { decodeText, readBytes, sourceName, type TableSource } from './read-bytes.js';
import { TableError } from './table-error.js';

/** One labelled text. */
export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

/** What {@link readTable} may be told. */
export interface ReadTableOptions {
  /** Default: by the name's ending. */
  readonly format?: TableFormat;
  /** The column that holds the texts. Default: found by name (text, message, review …). */
  readonly text?: string;
  /** The column that holds the labels. Default: found by name (label, class, category …). */
  readonly label?: string;
  /** Longer rows are refused. Default 4 million characters. */
  readonly maxRecordLength?: number;
}

/** The rows, and which columns they were taken from. */
export interface Table {
  readonly rows: readonly LabelledText[];
  readonly format: TableFormat;
  readonly columns: readonly string[];
  readonly textColumn: string;
  readonly labelColumn: string;
}

const TEXT_NAMES = ['text', 'message', 'review', 'content', 'body', 'sentence', 'document', 'email', 'sms', 'title'];
const LABEL_NAMES = ['label', 'class', 'category', 'target', 'sentiment', 'topic', 'labels', 'y'];

/**
 * Reads labelled texts from a path, a URL or bytes (gzip is unpacked). Every row needs a text and a label; what is wrong
 * is said with its line.
 *
 * @example
 * ```ts
 * import { readTable } from '@heddle/trainer';
 *
 * const csv = new TextEncoder().encode('label,message\nspam,Win a prize\nham,See you at five\n');
 * const { rows, textColumn } = await readTable(csv, { format: 'csv' });
 * console.log(textColumn, rows[0].label); // message spam
 * ```
 */
export async function readTable(source: TableSource, options: ReadTableOptions = {}): Promise<Table> {
  const name = sourceName(source);
  const format = options.format ?? formatOf(name);
  const text = decodeText(await readBytes(source), name);
  const parsing = { source: name, maxRecordLength: options.maxRecordLength ?? 4_000_000 };
  const records = format === 'jsonl' ? parseJsonLines(text, parsing) : await parseDelimited(text, format, parsing);
  if (records.length === 0) {
    const what = text.trim() === '' ? 'the file is empty' : 'the file has column names and no row';
    throw new TableError('empty', what, { source: name });
  }
  const columns = Object.keys(records[0].values);
  const textColumn = findColumn('text', options.text, TEXT_NAMES, columns, name);
  const labelColumn = findColumn('label', options.label, LABEL_NAMES, columns, name);
  const rows = records.map((record) => ({
    text: textOf(record, textColumn, name),
    label: textOf(record, labelColumn, name).trim(),
  }));
  return { rows, format, columns, textColumn, labelColumn };
}

function formatOf(name: string): TableFormat {
  const ending = /\.(csv|tsv|jsonl|ndjson)(\.gz)?$/i.exec(name)?.[1].toLowerCase();
  if (ending === 'csv' || ending === 'tsv' || ending === 'jsonl') return ending;
  if (ending === 'ndjson') return 'jsonl';
  throw new TableError('syntax', 'expected a name that ends in .csv, .tsv or .jsonl (or say the format)', {
    source: name,
  });
}

function findColumn(
  role: 'text' | 'label',
  wanted: string | undefined,
  usual: readonly string[],
  columns: readonly string[],
  source: string,
): string {
  const found =
    wanted === undefined
      ? usual.map((name) => columns.find((c) => c.trim().toLowerCase() === name)).find((c) => c !== undefined)
      : columns.find((c) => c === wanted);
  if (found !== undefined) return found;
  const missing = wanted === undefined ? `no column looks like the ${role}` : `there is no column '${wanted}'`;
  const list = columns.map((c) => `'${c}'`).join(', ');
  throw new TableError('missing-column', `${missing}; the file has ${list}: name one with '${role}'`, {
    source,
    columns,
  });
}

function textOf({ line, values }: TableRecord, column: string, source: string): string {
  const value = values[column];
  const kind = typeof value;
  const printed = kind === 'string' ? (value as string) : kind === 'number' || kind === 'boolean' ? String(value) : '';
  if (printed.trim() !== '') return printed;
  const what = kind === 'object' && value !== null ? 'holds a list or an object' : 'is empty';
  throw new TableError('missing-value', `'${column}' ${what}`, { source, line });
}
