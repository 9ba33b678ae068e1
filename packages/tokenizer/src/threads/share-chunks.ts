// Chunks that threads claim in shared memory: what Node does with texts of one string each.
import type { RaggedPart } from '../batch';
import type { BatchOptions } from '../options';
import { type Chunk, MOST_SHARED } from './chunks';
import { joinParts } from './join-parts';
import { SharedBatch } from './shared-batch';
import type { Stints } from './stints';
import type { TaskWorker } from './worker-pool';

/** Chunks that are written for each worker before it claims them. */
const AHEAD = 3;
/**
 * Milliseconds that the calling thread waits for the rows of others before it handles events meanwhile. A chunk takes less,
 * as a rule, and events may be anything: where V8 has asked for a collection, it begins with them, on the workers' cores.
 */
const PATIENCE = 20;
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

/** Has all chunks encoded, or one fail. */
export async function shareChunks(
  texts: readonly string[],
  chunks: readonly Chunk[],
  options: BatchOptions,
  workers: readonly TaskWorker[],
  here: (texts: readonly string[]) => RaggedPart,
  stints: Stints,
  spare: SharedMemory,
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
  // One that fails has nothing more to be claimed; what it failed of is thrown below. Answers may come later than the rows,
  // when the memory serves another batch, which is not to be closed.
  const answered = Promise.all(answers);
  let isOurs = true;
  answered.catch(() => isOurs && batch.close());
  const textsOf = ({ first, end }: Chunk): readonly string[] => texts.slice(first, end);
  let written = 0;
  /** Writes the texts of the chunks that workers take next, so that nobody waits for them. */
  const write = (ahead: number): void => {
    for (const end = Math.min(batch.taken + ahead, chunks.length); written < end; written++)
      batch.write(written, textsOf(chunks[written] as Chunk));
  };
  /** Encodes a chunk here. Its rows are good until another call encodes: they are put away before that. */
  const encode = (at: number): Promise<void> => stints.do(() => batch.put(at, here(textsOf(chunks[at] as Chunk))));
  try {
    const ahead = AHEAD * workers.length;
    write(ahead);
    for (let at = batch.claim(); at !== undefined; at = batch.claim()) {
      write(ahead);
      await encode(at);
    }
    write(0);
  } catch (error) {
    batch.close();
    await Promise.allSettled(answers);
    throw error;
  }
  const parts: RaggedPart[] = [];
  const others = batch.allEnded(workers.length, PATIENCE) ? [] : await answered;
  for (const rest of [batch.rest, ...others]) for (const { chunk, part } of rest) parts[chunk] = part;
  for (let i = 0; i < chunks.length; i++) parts[i] ??= batch.part(i);
  const joined = joinParts(parts, layout.offsets);
  spare.learn(joined.ids.length, units);
  isOurs = false;
  spare.give(memory);
  return joined;
}
