// Lines of files and of other streams of bytes, as they come.
import { TokenizerError } from './errors';

/** A stream of bytes or text. */
export type ByteStream = AsyncIterable<Uint8Array | string>;

/** Lines with their ends, as the native trainer reads files. The last one needs none. */
export async function* linesWithEnds(stream: ByteStream): AsyncGenerator<string> {
  // A byte order mark is a character of the text, as it is there.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  for await (const chunk of stream) {
    // Only what is new is searched: a line may be as long as the file.
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      yield rest + text.slice(start, end + 1);
      rest = '';
      start = end + 1;
    }
    rest += text.slice(start);
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** Lines without their ends. */
export async function* linesOf(stream: ByteStream): AsyncGenerator<string> {
  for await (const line of linesWithEnds(stream)) yield line.replace(/\r?\n$/, '');
}

/** Reads a file as a stream. It is opened when the first piece is asked for; a folder, say, opens but can't be read. */
export async function* openFile(path: string): AsyncGenerator<Uint8Array> {
  const { open } = process.getBuiltinModule('node:fs/promises');
  try {
    yield* (await open(path)).createReadStream();
  } catch (cause) {
    throw new TokenizerError({ kind: 'file', where: path, expected: 'a file that can be read', cause });
  }
}
