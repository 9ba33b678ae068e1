// What a step of generation gives.

/** A token that was written. */
export interface WrittenToken {
  readonly id: number;
  /** After penalties and before filters. */
  readonly logProb: number;
  /** Whether the text is over with it. */
  readonly last: boolean;
  /** Whether it ended by itself, not because there is no room. */
  readonly ended: boolean;
}

/** One step of all rows: a token each, null for rows that had ended before. */
export type GenerationStep = readonly (WrittenToken | null)[];
