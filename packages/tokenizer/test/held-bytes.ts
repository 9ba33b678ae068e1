// How the memory of a loaded tokenizer is counted: what its tables must hold, and what it holds.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a model is made of. */
export interface Content {
  readonly tokens: readonly string[];
  readonly merges?: number;
  readonly hasScores?: boolean;
}

/**
 * Bytes that tables of this content need at the least: of each token its UTF-16 units and where they start, of each merge
 * the ids of both tokens and of their union (the order of merges is their rank), of each score a double; and of all that is
 * looked up, tokens and merges, one index.
 */
export function neededBytes({ tokens, merges = 0, hasScores = false }: Content): number {
  const units = tokens.reduce((sum, { length }) => sum + length, 0);
  return 2 * units + tokens.length * (4 + 4 + (hasScores ? 8 : 0)) + merges * (12 + 4);
}

const WORD = 8;

/**
 * Bytes of all that can be reached from a value: buffers, strings, and a word for each property, element, key and value.
 * What only a closure holds is not seen; {@link keptBytes} sees it.
 */
export function reachedBytes(root: unknown): number {
  const seen = new Set<unknown>();
  const open: unknown[] = [root];
  let bytes = 0;
  const visit = (values: Iterable<unknown>): void => {
    for (const value of values) {
      bytes += WORD;
      open.push(value);
    }
  };
  while (open.length > 0) {
    const value = open.pop();
    if ((typeof value !== 'object' || value === null) && typeof value !== 'string') continue;
    if (seen.has(value)) continue;
    seen.add(value);
    if (typeof value === 'string') bytes += 2 * value.length;
    else if (value instanceof ArrayBuffer) bytes += value.byteLength;
    else if (ArrayBuffer.isView(value)) open.push(value.buffer);
    else if (value instanceof Map) visit([...value.keys(), ...value.values()]);
    else if (value instanceof Set) visit(value);
    else visit(Object.values(value));
  }
  return bytes;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes in the heap and in buffers once everything is collected that nobody holds. */
async function bytesNow(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    // What an awaited call leaves behind goes with the turn.
    await new Promise((resolve) => setTimeout(resolve));
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Bytes that the process holds more when it holds what `load` gives. */
export async function keptBytes<T>(load: () => T | Promise<T>): Promise<{ readonly value: T; readonly bytes: number }> {
  const before = await bytesNow();
  const value = await load();
  return { bytes: (await bytesNow()) - before, value };
}
