// Lines of files or of standard input, as they come.
import { TokenizerError } from '../errors';

/** A stream of bytes or text. */
export type ByteStream = AsyncIterable<Uint8Array | string>;

/** Lines without their ends; the last one needs none. */
export async function* linesOf(stream: ByteStream): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** Opens a file as a stream. */
export async function openFile(path: string): Promise<ByteStream> {
  const { open } = process.getBuiltinModule('node:fs/promises');
  try {
    return (await open(path)).createReadStream();
  } catch (cause) {
    throw new TokenizerError({ kind: 'file', where: path, expected: 'a file that can be read', cause });
  }
}
