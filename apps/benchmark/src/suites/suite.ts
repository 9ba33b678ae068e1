// What a suite is to the command line. A new suite is one file that exports `run`, and one row in index.ts.

/** The flags that every suite understands, checked. */
export interface SuiteFlags {
  readonly data?: string;
  readonly text?: string;
  readonly label?: string;
  readonly out: string;
  readonly seeds: readonly number[];
  readonly backend: 'auto' | 'wasm' | 'gpu' | 'reference';
  readonly threads?: number;
  readonly quick: boolean;
  readonly resume: boolean;
}

/** What the command line gives a suite. */
export interface SuiteContext {
  readonly flags: SuiteFlags;
  /** The suite's own flags, as commander parsed them. */
  readonly own: Readonly<Record<string, unknown>>;
  /** The command as it was typed, for reports. */
  readonly command: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Tells the user what goes on; never mixed with the result. */
  readonly say: (line: string) => void;
  /** When the command began, as `performance.now()` has it. */
  readonly startedAt: number;
}

/** What a suite ends with: for people, and for `--json`. */
export interface SuiteResult {
  readonly text: string;
  readonly json: unknown;
}

/** A loaded suite. */
export interface Suite {
  run(context: SuiteContext): Promise<SuiteResult>;
}

/** A suite before it is loaded: nothing of it is imported until it is asked for. */
export interface SuiteRow {
  readonly name: string;
  readonly description: string;
  /** Flags beyond the shared ones: `['--recipe <name>', 'source or ours']`. */
  readonly flags?: readonly (readonly [flags: string, description: string])[];
  readonly load: () => Promise<Suite>;
}
