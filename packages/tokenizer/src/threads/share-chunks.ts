// Chunks that threads claim in shared memory: what Node does with texts of one string each.
import type { RaggedPart } from '../batch';
import type { BatchOptions } from '../options';
import { type Chunk, MOST_SHARED } from './chunks';
import { SharedBatch } from './shared-batch';
import type { TaskWorker } from './worker-pool';

/** Chunks that are written for each worker before it claims them. */
const AHEAD = 3;
/** Memory of more bytes is not kept for the next batch. */
const MAX_KEPT = 1 << 27;

/** The memory of batches that are done, and what the last one says of the next. */
export class SharedMemory {
  private kept: SharedArrayBuffer | undefined;
  /** Tokens for each UTF-16 unit: one more than that is rare. */
  private rate = 1;

  /** Tokens to make room for. Memory that nobody writes costs nothing. */
  roomFor(units: number, texts: number): number {
    return Math.min(Math.ceil(units * this.rate), MOST_SHARED) + 2 * texts;
  }

  /** Takes down how many tokens there were. */
  learn(tokens: number, units: number): void {
    this.rate = Math.max(1, (1.2 * tokens) / (units + 1));
  }

  /** Memory for a batch, which it has for itself. */
  take(bytes: number): SharedArrayBuffer {
    const { kept } = this;
    this.kept = undefined;
    return kept !== undefined && kept.byteLength >= bytes ? kept : new SharedArrayBuffer(bytes);
  }

  /** Gives back memory that no thread uses any more. */
  give(memory: SharedArrayBuffer): void {
    if (memory.byteLength <= MAX_KEPT) this.kept = memory;
  }
}

/** Has all chunks encoded, or one fail. What `join` is given must be copied: the memory serves the next batch. */
export async function shareChunks(
  texts: readonly string[],
  chunks: readonly Chunk[],
  options: BatchOptions,
  workers: readonly TaskWorker[],
  here: (texts: readonly string[]) => Promise<RaggedPart>,
  spare: SharedMemory,
  join: (parts: readonly RaggedPart[]) => RaggedPart,
): Promise<RaggedPart> {
  const units = chunks.reduce((sum, chunk) => sum + chunk.units, 0);
  const shape = {
    texts: texts.length,
    chunks: chunks.length,
    units,
    room: spare.roomFor(units, texts.length),
    offsets: options.offsets === true,
  };
  const memory = spare.take(SharedBatch.bytes(shape));
  const layout = { ...shape, memory };
  const batch = new SharedBatch(layout, 0);
  batch.open(chunks);
  const answers = workers.map((worker, i) => worker.run({ kind: 'share', layout, thread: i + 1, options }));
  // One that fails has nothing more to be claimed; what it failed of is thrown below.
  const answered = Promise.all(answers);
  answered.catch(() => batch.close());
  const textsOf = ({ first, end }: Chunk): readonly string[] => texts.slice(first, end);
  let written = 0;
  /** Writes the texts of the chunks that workers take next, so that nobody waits for them. */
  const write = (ahead: number): void => {
    for (const end = Math.min(batch.taken + ahead, chunks.length); written < end; written++)
      batch.write(written, textsOf(chunks[written] as Chunk));
  };
  try {
    const ahead = AHEAD * workers.length;
    write(ahead);
    for (let at = batch.claim(); at !== undefined; at = batch.claim()) {
      write(ahead);
      batch.put(at, await here(textsOf(chunks[at] as Chunk)));
    }
    write(0);
  } catch (error) {
    batch.close();
    await Promise.allSettled(answers);
    throw error;
  }
  const parts: RaggedPart[] = [];
  for (const rest of [batch.rest, ...(await answered)]) for (const { chunk, part } of rest) parts[chunk] = part;
  for (let i = 0; i < chunks.length; i++) parts[i] ??= batch.part(i);
  const joined = join(parts);
  spare.learn(joined.ids.length, units);
  spare.give(memory);
  return joined;
}
