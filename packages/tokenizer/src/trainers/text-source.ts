// Where training gets its texts.
import { describe, TokenizerError } from '../errors';
import { linesWithEnds, openFile } from '../text-files';
import { aborted } from './progress';

/** Texts one after another. */
export type Texts = Iterable<string> | AsyncIterable<string>;

/**
 * Texts to learn from: an array, a generator, an async iterator, or files by their paths. Files are read line by line,
 * with the ends of the lines, as the native trainer reads them.
 */
export type TextSource = Texts | { readonly files: readonly string[] };

async function* linesOfFiles(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) yield* linesWithEnds(openFile(file));
}

/** The same texts, but the wait for the next one, which may never come, ends when the signal fires. */
export function untilAborted(texts: Texts, signal: AbortSignal | undefined): Texts {
  return signal === undefined || Symbol.iterator in texts ? texts : readUntilAborted(texts, signal);
}

async function* readUntilAborted(texts: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  const iterator = texts[Symbol.asyncIterator]();
  let stop = (_: unknown): void => undefined;
  const onAbort = (): void => stop(aborted(signal));
  signal.addEventListener('abort', onAbort);
  try {
    for (;;) {
      const step = await new Promise<IteratorResult<string>>((resolve, reject) => {
        stop = reject;
        iterator.next().then(resolve, reject);
      });
      if (step.done) return;
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    const closing = iterator.return?.();
    // A source that is stuck would not answer.
    if (signal.aborted) closing?.catch(() => undefined);
    else await closing;
  }
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
