// Pretrained word vectors (Pennington et al. 2014), and embeddings made of them.
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
  const { parseWordVectors } = await import('./word-vector-file');
  const bytes = await readFile(source, file);
  if (bytes === null) throw new FormatError(file, 'there is no such file');
  return parseWordVectors(bytes, file, options);
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
