// Pretrained word vectors in GloVe's text form (Pennington et al. 2014): a line a word, its numbers behind it. word2vec's
// text form, which begins with a line of sizes, is understood too.
import { FormatError, noGrad, scope, tensor } from '@heddle/tensor';
import { readFile, type Source } from '@heddle/tensor/io';
import { assign, Embedding } from '@heddle/tensor/nn';

/** What is read of a file. */
export interface WordVectorOptions {
  /** The first so many words alone: files list frequent ones first. */
  readonly limit?: number;
  /** These words alone. */
  readonly words?: ReadonlySet<string>;
}

/** Words and their vectors. */
export interface WordVectors {
  /** The row of each word. */
  readonly index: ReadonlyMap<string, number>;
  /** Row by row, `[words, dim]`. */
  readonly data: Float32Array;
  readonly dim: number;
}

/**
 * Reads word vectors.
 *
 * @param file a name in the folder, such as `glove.6B.100d.txt`
 * @throws {FormatError} naming the line where a number is none, or a vector has another length than the first.
 * @example
 * ```ts
 * import { embeddingOf, readWordVectors } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const text = 'the 0.1 0.2 0.3\ncat 0.4 -0.5 0.6\n';
 * const vectors = await readWordVectors(new Map([['glove.txt', new TextEncoder().encode(text)]]), 'glove.txt');
 * const embedding = embeddingOf(vectors, ['[PAD]', 'cat', 'the']); // a row for each token of a vocabulary
 * console.log(embedding.weight.shape); // [3, 3]
 * ```
 */
export async function readWordVectors(
  source: Source,
  file: string,
  options: WordVectorOptions = {},
): Promise<WordVectors> {
  const { limit = Number.POSITIVE_INFINITY, words } = options;
  const bytes = await readFile(source, file);
  if (bytes === null) throw new FormatError(file, 'there is no such file');
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

/**
 * An embedding with a row for each token of a vocabulary: its vector, or where it has none (looked up as it is, then in
 * lower case) what an embedding begins with.
 */
export function embeddingOf(vectors: WordVectors, vocabulary: readonly string[]): Embedding {
  const { index, data, dim } = vectors;
  const embedding = new Embedding({ count: vocabulary.length, dim });
  noGrad(() =>
    scope(() => {
      const known = vocabulary.map((token) => index.get(token) ?? index.get(token.toLowerCase()));
      const own = new Float32Array(vocabulary.length * dim);
      const isKnown = new Float32Array(vocabulary.length);
      known.forEach((row, i) => {
        if (row === undefined) return;
        own.set(data.subarray(row * dim, (row + 1) * dim), i * dim);
        isKnown[i] = 1;
      });
      const mask = tensor<'float32'>(isKnown, { shape: [vocabulary.length, 1], dtype: 'float32' });
      const rows = tensor<'float32'>(own, { shape: [vocabulary.length, dim], dtype: 'float32' });
      assign(embedding.weight, embedding.weight.mul(mask.neg().add(1)).add(rows));
    }),
  );
  return embedding;
}
