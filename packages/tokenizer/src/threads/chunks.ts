// The chunks of a batch: what one thread encodes at a time.
import type { TextInput } from '../options';

/** Characters in a chunk, at the most and at the least, so that no thread is long at work when the others are done. */
const LARGEST = 1 << 15;
const SMALLEST = 1 << 13;
/** Chunks for each thread, where they don't get too small. */
const EACH = 4;

/** Some texts of a batch, which follow each other, and their UTF-16 units. */
export interface Chunk {
  readonly first: number;
  readonly end: number;
  readonly units: number;
}

function sizeOf(text: TextInput): number {
  return typeof text === 'string' ? text.length : text.reduce((sum, word) => sum + word.length, 0);
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

/** Whether each chunk is done in less than a millisecond or so. */
export function areShort(chunks: readonly Chunk[]): boolean {
  return chunks.every(({ units }) => units < 2 * LARGEST);
}
