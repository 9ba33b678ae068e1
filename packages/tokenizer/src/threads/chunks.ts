// The chunks of a batch: what one thread encodes at a time.
import type { TextInput } from '../options';

/** Characters in a chunk, at the most and at the least, so that no thread is long at work when the others are done. */
const LARGEST = 1 << 15;
const SMALLEST = 1 << 13;
/** Chunks for each thread, where they don't get too small. */
const EACH = 4;

/** Characters of a batch that threads share, and tokens. Each takes 6 bytes meanwhile, 14 with offsets. */
export const MOST_SHARED = 1 << 26;

/** Some texts of a batch, which follow each other, and their UTF-16 units. */
export interface Chunk {
  readonly first: number;
  readonly end: number;
  readonly units: number;
}

function sizeOf(text: TextInput): number {
  return typeof text === 'string' ? text.length : text.reduce((sum, word) => sum + word.length, 0);
}

/** Whether each row is one string: others are cut into words, and go in messages as they are. */
export function areStrings(texts: readonly TextInput[]): texts is readonly string[] {
  return texts.every((text) => typeof text === 'string');
}

/** Cuts a batch for so many threads. */
export function chunksOf(texts: readonly TextInput[], threads: number): Chunk[] {
  const total = texts.reduce((sum, text) => sum + sizeOf(text) + 1, 0);
  const share = Math.min(LARGEST, Math.max(SMALLEST, total / (EACH * threads)));
  const chunks: Chunk[] = [];
  for (let first = 0, end = 0; first < texts.length; first = end) {
    let units = 0;
    // Texts without a character count, too.
    while (end < texts.length && units + end - first < share) units += sizeOf(texts[end++] as TextInput);
    chunks.push({ first, end, units });
  }
  return chunks;
}

/** Whether chunks may be claimed by whoever has time: each is done soon, and all of them fit into memory once more. */
export function canBeShared(chunks: readonly Chunk[]): boolean {
  let total = 0;
  for (const { units } of chunks) {
    if (units >= 2 * LARGEST) return false;
    total += units;
  }
  return total <= MOST_SHARED;
}
