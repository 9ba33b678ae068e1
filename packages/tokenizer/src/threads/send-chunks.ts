// Chunks that go out in messages, and rows that come back in messages: for pages, and for what isn't one string a row.
import type { RaggedPart } from '../batch';
import type { BatchOptions, TextInput } from '../options';
import { areStrings, type Chunk } from './chunks';
import { type JoinedTexts, joinTexts } from './protocol';
import type { TaskWorker } from './worker-pool';

/** Chunks that a worker is sent ahead, so that the next one is there when it is done with one. */
const AHEAD = 2;

type Encode = (texts: readonly TextInput[], options: BatchOptions) => Promise<RaggedPart>;

function messageOf(texts: readonly TextInput[]): JoinedTexts | readonly TextInput[] {
  return areStrings(texts) ? joinTexts(texts) : texts;
}

/** Has all chunks encoded, or one fail; by `here` too, where the calling thread takes part. */
export async function sendChunks(
  texts: readonly TextInput[],
  chunks: readonly Chunk[],
  options: BatchOptions,
  workers: readonly TaskWorker[],
  here: Encode | undefined,
): Promise<RaggedPart[]> {
  const { pairs } = options;
  const parts: RaggedPart[] = [];
  let next = 0;
  const work = async (encode: Encode): Promise<void> => {
    while (next < chunks.length) {
      const at = next++;
      const { first, end } = chunks[at] as Chunk;
      const mine = pairs === undefined ? options : { ...options, pairs: pairs.slice(first, end) };
      try {
        parts[at] = await encode(texts.slice(first, end), mine);
      } catch (error) {
        next = chunks.length;
        throw error;
      }
    }
  };
  const feeds = Array.from({ length: AHEAD }, () => workers)
    .flat()
    .map((worker) => work((some, mine) => worker.run({ kind: 'encode', texts: messageOf(some), options: mine })));
  await Promise.all(here === undefined ? feeds : [...feeds, work(here)]);
  return parts;
}
