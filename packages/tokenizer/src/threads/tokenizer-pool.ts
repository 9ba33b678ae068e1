// Batches over several threads: texts go out in chunks, rows come back in their order.
import { batchOf, type EncodedBatch, ownPart, type RaggedBatch, type RaggedPart } from '../batch';
import { TokenizerError } from '../errors';
import {
  allowedSpecialOf,
  type BatchOptions,
  checkBatch,
  checkCount,
  checkObject,
  inputError,
  type TextInput,
  truncationOf,
} from '../options';
import type { Tokenizer } from '../tokenizer';
import { areStrings, canBeShared, chunksOf } from './chunks';
import { joinParts } from './join-parts';
import { sendChunks } from './send-chunks';
import { SharedMemory, shareChunks } from './share-chunks';
import { Stints } from './stints';
import { closed, isLost, isNode, startWorkers, type TaskWorker, type ThreadOptions } from './worker-pool';

/** Node's calling thread encodes too; a page's has its page to look after. */
const HELPERS = isNode ? 1 : 0;
/** Milliseconds that the calling thread encodes before it looks for messages, where workers get their texts in messages. */
const BETWEEN_MESSAGES = 4;

/** Whether threads may share memory here, and this one may wait for others: the thread of a window may not. */
function canShare(): boolean {
  if (!isNode || typeof SharedArrayBuffer === 'undefined') return false;
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1) === 'not-equal';
  } catch {
    return false;
  }
}

const SHARES = canShare();

/** As long as a page may take to answer a click: https://web.dev/articles/rail. */
const YIELD_AFTER = 100;

/** {@link ThreadOptions} of a pool. */
export interface PoolOptions extends ThreadOptions {
  /**
   * Milliseconds that Node's calling thread encodes before it handles events, over all calls. Default 100. A server that
   * answers others meanwhile wants less; each look at the events also lets V8's collector begin, which takes cores.
   */
  readonly yieldAfter?: number;
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
  private failure: TokenizerError | undefined;
  private readonly spare = new SharedMemory();

  private constructor(
    private readonly tokenizer: Tokenizer,
    private readonly workers: readonly TaskWorker[],
    private readonly stints: Stints,
    /** Why there are no workers, where there are none. */
    readonly note: string | undefined,
  ) {}

  /**
   * Starts the workers and loads the tokenizer in each, so that memory grows by one tokenizer a thread. In Node the calling
   * thread is one of `threads`: it encodes for `yieldAfter` milliseconds at a time, and handles events in between.
   * Only what its `tokenizer.json` can say goes along: one that was read from a SentencePiece file stays on this thread.
   */
  static async start(tokenizer: Tokenizer, options: PoolOptions = {}): Promise<TokenizerPool> {
    if (typeof tokenizer?.isPortable !== 'boolean')
      throw inputError('TokenizerPool.start: tokenizer', 'a Tokenizer', tokenizer);
    checkObject('threads: options', options);
    const { yieldAfter = YIELD_AFTER } = options;
    checkCount('yieldAfter', yieldAfter);
    const stints = new Stints(yieldAfter);
    if (!tokenizer.isPortable)
      return new TokenizerPool(tokenizer, [], stints, 'a tokenizer.json cannot say all that this tokenizer does');
    const started = await startWorkers({ kind: 'load', json: JSON.stringify(tokenizer) }, options, HELPERS);
    return 'note' in started
      ? new TokenizerPool(tokenizer, [], stints, started.note)
      : new TokenizerPool(tokenizer, started.workers, stints, undefined);
  }

  /** Threads that encode. */
  get threads(): number {
    return this.workers.length === 0 ? 1 : this.workers.length + HELPERS;
  }

  /** {@link Tokenizer.encodeBatch} over all threads. */
  async encodeBatch(texts: readonly TextInput[], options: BatchOptions = {}): Promise<EncodedBatch> {
    return this.tokenizer.padRagged(await this.encodePart(texts, options), options);
  }

  /** {@link Tokenizer.encodeRagged} over all threads. */
  async encodeRagged(texts: readonly TextInput[], options: BatchOptions = {}): Promise<RaggedBatch> {
    return batchOf(await this.encodePart(texts, options));
  }

  private async encodePart(texts: readonly TextInput[], options: BatchOptions): Promise<RaggedPart> {
    if (this.failure !== undefined) throw this.failure;
    if (this.workers.length === 0) return ownPart(this.tokenizer.encodePart(texts, options));
    checkObject('encodeBatch: options', options);
    const { pairs, addSpecialTokens = true, offsets = false } = options;
    checkBatch(texts, pairs);
    // Wrong options are refused here, also where no chunk will find them.
    this.tokenizer.encodePart([], { ...options, pairs: pairs && [] });
    // Nothing else goes along: what a caller has in the same object may not survive a message.
    const truncation = truncationOf(options, this.tokenizer.parts) ?? false;
    const allowedSpecial = allowedSpecialOf(options, this.tokenizer.parts);
    const mine = { addSpecialTokens, allowedSpecial, offsets, truncation };
    const chunks = chunksOf(texts, this.threads);
    const { workers, spare, stints, tokenizer } = this;
    try {
      if (!SHARES || pairs !== undefined || !areStrings(texts) || !canBeShared(chunks)) {
        const between = new Stints(BETWEEN_MESSAGES);
        const here = (some: readonly TextInput[], all: BatchOptions): Promise<RaggedPart> =>
          between.do(() => ownPart(tokenizer.encodePart(some, all)));
        const all = pairs === undefined ? mine : { ...mine, pairs };
        const parts = await sendChunks(texts, chunks, all, workers, HELPERS === 0 ? undefined : here);
        return joinParts(parts, offsets);
      }
      if (chunks.length < 2) return await stints.do(() => ownPart(tokenizer.encodePart(texts, mine)));
      const here = (some: readonly string[]): RaggedPart => tokenizer.encodePart(some, mine);
      const part = await stints.call(() => shareChunks(texts, chunks, mine, workers, here, stints, spare));
      // The pool may have been closed when all was done but this.
      if (this.failure !== undefined) throw this.failure;
      return part;
    } catch (error) {
      throw this.lose(error);
    }
  }

  /** With one worker lost the others end, too: no later call should find half a pool. */
  private lose(error: unknown): unknown {
    if (!isLost(error)) return error;
    this.failure ??= new TokenizerError({
      kind: 'limit',
      where: 'TokenizerPool',
      expected: 'its workers to run on (start another pool, or encode on this thread)',
      got: error.got ?? '',
      cause: error,
    });
    this.close();
    return this.failure;
  }

  /** Ends the workers; what is under way is refused, and what comes later. */
  close(): void {
    this.failure ??= closed();
    for (const worker of this.workers) worker.stop();
  }
}
