/** Where Chromium is; undefined where there is none. */
export const executable: string | undefined;

/** A program and everything that it imports, for a page: files by path. */
export function bundle(entry: string): Promise<ReadonlyMap<string, Uint8Array>>;
