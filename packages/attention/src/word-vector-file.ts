// Word vectors in GloVe's text form: a line a word, its numbers behind it. word2vec's text form, which begins with a line of
// sizes, is understood too. Loaded lazily: most programs have no use for it.
import { FormatError } from '@heddle/tensor';
import type { WordVectorOptions, WordVectors } from './word-vectors';

/** Reads a file's bytes. */
export function parseWordVectors(bytes: Uint8Array, file: string, options: WordVectorOptions): WordVectors {
  const { limit = Number.POSITIVE_INFINITY, words } = options;
  const index = new Map<string, number>();
  const rows: Float32Array[] = [];
  let dim = 0;
  let number = 0;
  for (const line of linesOf(bytes)) {
    number++;
    if (rows.length >= limit) break;
    const parts = line.split(' ');
    // Words may hold spaces; numbers don't. word2vec's first line says how many words of how many numbers follow.
    if (line === '' || (number === 1 && parts.length === 2 && parts.every((part) => /^\d+$/.test(part)))) continue;
    if (dim === 0) dim = firstLength(parts);
    const word = parts.slice(0, -dim).join(' ');
    const values = Float32Array.from(parts.slice(-dim), Number);
    if (dim === 0 || word === '' || values.length !== dim || !values.every(Number.isFinite))
      throw new FormatError(file, `line ${number}: expected a word and ${dim || 'its'} numbers`);
    if (index.has(word) || words?.has(word) === false) continue;
    index.set(word, rows.length);
    rows.push(values);
  }
  if (rows.length === 0) throw new FormatError(file, 'holds no vector that was asked for');
  const data = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    data.set(row, i * dim);
  });
  return { index, data, dim };
}

/** Lines one by one, so that a file of a gigabyte never becomes a text as a whole. */
function* linesOf(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  for (let from = 0; from < bytes.length; ) {
    const found = bytes.indexOf(0x0a, from);
    const end = found < 0 ? bytes.length : found;
    yield decoder.decode(bytes.subarray(from, end)).trimEnd();
    from = end + 1;
  }
}

/** How many numbers stand at the end of a line. */
function firstLength(parts: readonly string[]): number {
  let count = 0;
  while (
    count < parts.length - 1 &&
    parts[parts.length - 1 - count] !== '' &&
    Number.isFinite(Number(parts[parts.length - 1 - count]))
  )
    count++;
  return count;
}
