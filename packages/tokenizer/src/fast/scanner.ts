// What finds words in plain text.

/** Finds the end of the word that starts at `at`, in UTF-16 units that end at `end`. */
export type Scanner = (units: Uint16Array, at: number, end: number) => number;

/** Cuts nothing. */
export const scanWhole: Scanner = (_units, _at, end) => end;
