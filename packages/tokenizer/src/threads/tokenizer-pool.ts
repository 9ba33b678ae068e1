// Batches over several threads: texts go out in chunks, rows come back in their order.
import { type EncodedBatch, joinRagged, type RaggedBatch } from '../batch';
import { type BatchOptions, checkInputs, type TextInput } from '../options';
import type { Tokenizer } from '../tokenizer';
import { startWorkers, type TaskWorker, type ThreadOptions } from './worker-pool';

/** Characters in a chunk, at the most and at the least: large enough that messages cost nothing. */
const LARGEST = 1 << 18;
const SMALLEST = 1 << 14;
/** Chunks that a worker is sent ahead, so that the next one is there when it is done with one. */
const AHEAD = 2;

function sizeOf(text: TextInput): number {
  return typeof text === 'string' ? text.length : text.reduce((sum, word) => sum + word.length, 0);
}

/**
 * A tokenizer on several threads. It encodes batches as {@link Tokenizer} does, result for result. Where workers
 * cannot start it works on the calling thread: `threads` is then 1, and `note` says why.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { TokenizerPool } from '@heddle/tokenizer/threads';
 * const tokenizer = await Tokenizer.train(['How are you?', 'Fine.'], { model: 'wordpiece', vocabSize: 100 });
 * const pool = await TokenizerPool.start(tokenizer, { threads: 2 });
 * const batch = await pool.encodeBatch(['Fine.', 'How are you?'], { maxLength: 256 });
 * console.log(batch.shape, pool.threads);
 * pool.close();
 * ```
 */
export class TokenizerPool {
  private constructor(
    private readonly tokenizer: Tokenizer,
    private readonly workers: readonly TaskWorker[],
    /** Why there are no workers, where there are none. */
    readonly note: string | undefined,
  ) {}

  /**
   * Starts the workers and loads the tokenizer in each, so that memory grows by one tokenizer a thread.
   * Only what its `tokenizer.json` can say goes along: one that was read from a SentencePiece file stays on this thread.
   */
  static async start(tokenizer: Tokenizer, options: ThreadOptions = {}): Promise<TokenizerPool> {
    if (!tokenizer.isPortable)
      return new TokenizerPool(tokenizer, [], 'a tokenizer.json cannot say all that this tokenizer does');
    const started = await startWorkers({ kind: 'load', json: JSON.stringify(tokenizer) }, options);
    return 'note' in started
      ? new TokenizerPool(tokenizer, [], started.note)
      : new TokenizerPool(tokenizer, started.workers, undefined);
  }

  /** Threads that encode. */
  get threads(): number {
    return Math.max(1, this.workers.length);
  }

  /** {@link Tokenizer.encodeBatch} over all threads. */
  async encodeBatch(texts: readonly TextInput[], options: BatchOptions = {}): Promise<EncodedBatch> {
    return this.tokenizer.padRagged(await this.encodeRagged(texts, options), options);
  }

  /** {@link Tokenizer.encodeRagged} over all threads. */
  async encodeRagged(texts: readonly TextInput[], options: BatchOptions = {}): Promise<RaggedBatch> {
    if (this.workers.length === 0) return this.tokenizer.encodeRagged(texts, options);
    checkInputs(texts, options.pairs);
    const { pairs, ...shared } = options;
    const parts: RaggedBatch[] = [];
    let left = texts.reduce((sum, text) => sum + sizeOf(text) + 1, 0);
    let next = 0;
    let chunk = 0;
    const feed = async (worker: TaskWorker): Promise<void> => {
      while (next < texts.length) {
        const from = next;
        // Shares of what is left: small ones come last, so that no worker is long at work when the others are done.
        const share = Math.max(SMALLEST, Math.min(LARGEST, left / (2 * AHEAD * this.workers.length)));
        let size = 0;
        for (; next < texts.length && size < share; next++) size += sizeOf(texts[next] as TextInput) + 1;
        left -= size;
        const at = chunk++;
        const mine = pairs === undefined ? shared : { ...shared, pairs: pairs.slice(from, next) };
        parts[at] = await worker.run({ kind: 'encode', texts: texts.slice(from, next), options: mine });
      }
    };
    const turns = Array.from({ length: AHEAD }, () => this.workers).flat();
    await Promise.all(turns.map(feed));
    return joinRagged(parts, options.offsets === true);
  }

  /** Ends the workers. */
  close(): void {
    for (const worker of this.workers) worker.stop();
  }
}
