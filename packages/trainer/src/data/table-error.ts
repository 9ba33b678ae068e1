// The error of the dataset readers. One sentence that says where and what, with the same as fields.

/** What was wrong with a dataset. */
export type TableProblem =
  | 'not-found'
  | 'empty'
  | 'encoding'
  | 'nul-byte'
  | 'long-line'
  | 'syntax'
  | 'missing-column'
  | 'missing-value'
  | 'one-class'
  | 'unseen-label';

/** Where a {@link TableError} happened. */
export interface TableErrorDetails {
  readonly source: string;
  /** Counted from 1. */
  readonly line?: number;
  /** The columns that the file does have. */
  readonly columns?: readonly string[];
}

/**
 * A dataset cannot be used as it is. `problem` says why for programs, the message for people.
 *
 * @example
 * ```ts
 * import { readTable, TableError } from '@heddle/trainer';
 *
 * try {
 *   await readTable(new TextEncoder().encode('a,b\n1,2\n'), { format: 'csv', text: 'review' });
 * } catch (error) {
 *   if (error instanceof TableError) console.log(error.problem, error.columns); // missing-column [ 'a', 'b' ]
 * }
 * ```
 */
export class TableError extends Error {
  override readonly name = 'TableError';
  readonly problem: TableProblem;
  readonly source: string;
  readonly line: number | undefined;
  readonly columns: readonly string[] | undefined;

  constructor(problem: TableProblem, sentence: string, { source, line, columns }: TableErrorDetails) {
    super(`${source}: ${line === undefined ? '' : `line ${line}: `}${sentence}`);
    this.problem = problem;
    this.source = source;
    this.line = line;
    this.columns = columns;
  }
}
