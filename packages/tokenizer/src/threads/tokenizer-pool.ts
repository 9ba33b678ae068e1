// Batches over several threads: texts go out in chunks, rows come back in their order.
import { batchOf, type EncodedBatch, type RaggedBatch, type RaggedPart } from '../batch';
import { TokenizerError } from '../errors';
import { type BatchOptions, checkInputs, checkObject, inputError, type TextInput } from '../options';
import type { Tokenizer } from '../tokenizer';
import { joinParts } from './join-parts';
import { type JoinedTexts, joinTexts } from './protocol';
import { closed, isLost, isNode, startWorkers, type TaskWorker, type ThreadOptions } from './worker-pool';

/**
 * Characters in a chunk, at the most and at the least: messages cost little, the memory of one chunk serves the next, and
 * no thread is long at work when the others are done.
 */
const LARGEST = 1 << 15;
const SMALLEST = 1 << 13;
/** Chunks that a worker is sent ahead, so that the next one is there when it is done with one. */
const AHEAD = 2;

function sizeOf(text: TextInput): number {
  return typeof text === 'string' ? text.length : text.reduce((sum, word) => sum + word.length, 0);
}

/** Node's calling thread encodes too, a chunk between any two turns of its event loop; a page's has its page to look after. */
const HELPERS = isNode ? 1 : 0;

function messageOf(texts: readonly TextInput[]): JoinedTexts | readonly TextInput[] {
  return texts.every((text) => typeof text === 'string') ? joinTexts(texts) : texts;
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

  private constructor(
    private readonly tokenizer: Tokenizer,
    private readonly workers: readonly TaskWorker[],
    /** Why there are no workers, where there are none. */
    readonly note: string | undefined,
  ) {}

  /**
   * Starts the workers and loads the tokenizer in each, so that memory grows by one tokenizer a thread. In Node the calling
   * thread is one of `threads`: it encodes for less than a millisecond at a time, and handles events in between.
   * Only what its `tokenizer.json` can say goes along: one that was read from a SentencePiece file stays on this thread.
   */
  static async start(tokenizer: Tokenizer, options: ThreadOptions = {}): Promise<TokenizerPool> {
    if (typeof tokenizer?.isPortable !== 'boolean')
      throw inputError('TokenizerPool.start: tokenizer', 'a Tokenizer', tokenizer);
    if (!tokenizer.isPortable)
      return new TokenizerPool(tokenizer, [], 'a tokenizer.json cannot say all that this tokenizer does');
    const started = await startWorkers({ kind: 'load', json: JSON.stringify(tokenizer) }, options, HELPERS);
    return 'note' in started
      ? new TokenizerPool(tokenizer, [], started.note)
      : new TokenizerPool(tokenizer, started.workers, undefined);
  }

  /** Threads that encode. */
  get threads(): number {
    return this.workers.length === 0 ? 1 : this.workers.length + HELPERS;
  }

  /** {@link Tokenizer.encodeBatch} over all threads. */
  async encodeBatch(texts: readonly TextInput[], options: BatchOptions = {}): Promise<EncodedBatch> {
    return this.tokenizer.padRagged(await this.encodeRagged(texts, options), options);
  }

  /** {@link Tokenizer.encodeRagged} over all threads. */
  async encodeRagged(texts: readonly TextInput[], options: BatchOptions = {}): Promise<RaggedBatch> {
    if (this.failure !== undefined) throw this.failure;
    if (this.workers.length === 0) return this.tokenizer.encodeRagged(texts, options);
    checkObject('encodeBatch: options', options);
    const { pairs, addSpecialTokens = true, offsets = false } = options;
    checkInputs(texts, pairs);
    // Wrong options are refused here, also where no chunk will find them.
    this.tokenizer.encodePart([], { ...options, pairs: pairs && [] });
    // Nothing else goes along: what a caller has in the same object may not survive a message.
    const truncation = this.tokenizer.truncationOf(options) ?? false;
    const allowedSpecial = this.tokenizer.allowedSpecialOf(options);
    const shared = { addSpecialTokens, allowedSpecial, offsets, truncation };
    const total = texts.reduce((sum, text) => sum + sizeOf(text) + 1, 0);
    const share = Math.min(LARGEST, Math.max(SMALLEST, total / (2 * AHEAD * this.threads)));
    const parts: RaggedPart[] = [];
    let next = 0;
    let chunks = 0;
    /** Has chunks encoded until none are left, or one fails. */
    const work = async (
      encode: (texts: readonly TextInput[], options: BatchOptions) => Promise<RaggedPart>,
    ): Promise<void> => {
      while (next < texts.length) {
        const from = next;
        for (let size = 0; next < texts.length && size < share; next++) size += sizeOf(texts[next] as TextInput) + 1;
        const at = chunks++;
        const mine = pairs === undefined ? shared : { ...shared, pairs: pairs.slice(from, next) };
        try {
          parts[at] = await encode(texts.slice(from, next), mine);
        } catch (error) {
          next = texts.length;
          throw error;
        }
      }
    };
    const workers = Array.from({ length: AHEAD }, () => this.workers).flat();
    const feeds = workers.map((worker) =>
      work((texts, options) => worker.run({ kind: 'encode', texts: messageOf(texts), options })),
    );
    const help = async (texts: readonly TextInput[], options: BatchOptions): Promise<RaggedPart> => {
      await new Promise((resolve) => setImmediate(resolve));
      return this.tokenizer.encodePart(texts, options);
    };
    try {
      await Promise.all(HELPERS > 0 ? [...feeds, work(help)] : feeds);
    } catch (error) {
      throw this.lose(error);
    }
    return batchOf(joinParts(parts, options.offsets === true));
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
