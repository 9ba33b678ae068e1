// The errors of the application itself. The packages throw their own.

/** What went wrong, for programs. */
export type BenchProblem =
  | 'bad-option'
  | 'data-missing'
  | 'data-changed'
  | 'output-is-a-file'
  | 'output-not-writable'
  | 'interrupted'
  | 'unknown-suite'
  | 'nothing-measured'
  | 'peers-missing';

/** Ends the command with one plain sentence. */
export class BenchError extends Error {
  override readonly name = 'BenchError';

  constructor(
    readonly problem: BenchProblem,
    message: string,
  ) {
    super(message);
  }
}
