// What finds words in plain text.

/** Finds the end of the word that starts at `at`, in text that ends at `end`. */
export type Scanner = (text: string, at: number, end: number) => number;

/** Cuts nothing. */
export const scanWhole: Scanner = (_text, _at, end) => end;
