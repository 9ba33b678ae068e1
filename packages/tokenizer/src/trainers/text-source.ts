// Where training gets its texts.
import { describe, TokenizerError } from '../errors';
import { linesWithEnds, openFile } from '../text-files';

/** Texts one after another. */
export type Texts = Iterable<string> | AsyncIterable<string>;

/**
 * Texts to learn from: an array, a generator, an async iterator, or files by their paths. Files are read line by line,
 * with the ends of the lines, as the native trainer reads them.
 */
export type TextSource = Texts | { readonly files: readonly string[] };

async function* linesOfFiles(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) yield* linesWithEnds(await openFile(file));
}

/** The texts of a source. */
export function openTexts(source: TextSource): Texts {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.iterator in source || Symbol.asyncIterator in source) return source;
    if (Array.isArray(source.files) && source.files.every((file) => typeof file === 'string'))
      return linesOfFiles(source.files);
  }
  throw new TokenizerError({
    kind: 'input',
    where: 'train: texts',
    expected: 'an iterable of strings, or { files }',
    got: describe(source),
  });
}
