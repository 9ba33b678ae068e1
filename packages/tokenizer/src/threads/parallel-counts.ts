// Word counts over several threads, in the order in which one thread would have found the words.
import '../core';
import { checkText } from '../options';
import { checkAbort } from '../trainers/progress';
import type { Texts } from '../trainers/text-source';
import { type CountOptions, countWords } from '../trainers/word-counts';
import type { WordColumns } from './protocol';
import { startWorkers, type TaskWorker, type ThreadOptions } from './worker-pool';

/** Characters that go to a worker at once. */
const CHUNK = 1 << 20;
/** Chunks that a worker may owe: one to count, one to go on with. */
const AHEAD = 2;

/** Joins the workers' words, first seen first. */
function merge(columns: readonly WordColumns[]): Map<string, number> {
  const counts = new Map<string, number>();
  const firsts = new Map<string, number>();
  for (const { words, counts: theirs, firsts: seen } of columns)
    for (const [i, word] of words.entries()) {
      counts.set(word, (counts.get(word) ?? 0) + (theirs[i] as number));
      firsts.set(word, Math.min(firsts.get(word) ?? Number.POSITIVE_INFINITY, seen[i] as number));
    }
  const order = [...counts.keys()].sort((a, b) => (firsts.get(a) as number) - (firsts.get(b) as number));
  return new Map(order.map((word) => [word, counts.get(word) as number]));
}

/** Counts words over workers; on this thread where none start. The result does not depend on their number. */
export async function countWordsOnThreads(
  texts: Texts,
  options: CountOptions,
  threads: ThreadOptions & { readonly onNote?: ((note: string) => void) | undefined },
): Promise<Map<string, number>> {
  const { normalizer, preTokenizer, onProgress, signal } = options;
  const first = {
    kind: 'cut',
    normalizer: normalizer?.config ?? null,
    preTokenizer: preTokenizer?.config ?? null,
  } as const;
  const started = await startWorkers(first, threads);
  if ('note' in started) {
    threads.onNote?.(`training on one thread: ${started.note}`);
    return countWords(texts, options);
  }
  const { workers } = started;
  try {
    const owed = new Map<TaskWorker, Promise<undefined>[]>(workers.map((worker) => [worker, []]));
    let done = 0;
    let chunk = 0;
    const send = async (batch: readonly string[]): Promise<void> => {
      const worker = workers[chunk % workers.length] as TaskWorker;
      const theirs = owed.get(worker) as Promise<undefined>[];
      if (theirs.length >= AHEAD) await theirs.shift();
      const task = worker.run({ kind: 'count', texts: batch, chunk: chunk++ });
      task.catch(() => undefined); // it is awaited later, and rejects there
      theirs.push(task);
      onProgress?.({ stage: 'read', done, total: Array.isArray(texts) ? texts.length : undefined });
      checkAbort(signal);
    };
    let batch: string[] = [];
    let size = 0;
    checkAbort(signal);
    for await (const text of texts) {
      batch.push(checkText(text, `train: texts[${done}]`));
      size += batch[batch.length - 1]?.length ?? 0;
      done++;
      if (size < CHUNK) continue;
      await send(batch);
      batch = [];
      size = 0;
    }
    await send(batch);
    await Promise.all([...owed.values()].flat());
    onProgress?.({ stage: 'read', done, total: done });
    return merge(await Promise.all(workers.map((worker) => worker.run({ kind: 'words' }))));
  } finally {
    for (const worker of workers) worker.stop();
  }
}
