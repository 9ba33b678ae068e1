// Workers that take tasks one after another. An idle pool never keeps a process alive.
import { TokenizerError } from '../errors';
import { checkCount, checkObject } from '../options';
import type { Answer, Results, Task } from './protocol';

/** How many threads, and where their program is. */
export interface ThreadOptions {
  /** Threads that work. Default: one for each core, at most 8. */
  readonly threads?: number;
  /**
   * Address of the package's `worker.js`. Node finds it by itself; a page must name it: a bundler that recognised the worker
   * would have to build it into every program, and not all can.
   */
  readonly workerUrl?: string | URL;
  /** Milliseconds that workers may take to start and load before the calling thread goes on without them. Default 60,000. */
  readonly startTimeout?: number;
}

export const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;

/** The same few calls of Node's and the browser's workers. */
interface Channel {
  post(task: Task): void;
  listen(onAnswer: (answer: Answer) => void, onFailure: (reason: string) => void): void;
  /** Whether the process waits for this worker; browsers don't ask. */
  hold(waits: boolean): void;
  stop(): void;
}

function openNode(workerUrl: string | URL | undefined): Channel {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const worker = new Worker(new URL(workerUrl ?? './worker.js', import.meta.url));
  worker.unref();
  return {
    post: (task) => worker.postMessage(task),
    listen: (onAnswer, onFailure) => {
      worker.on('message', onAnswer);
      worker.on('error', (error) => onFailure(error.message));
      worker.on('exit', (code) => onFailure(`the worker ended with code ${code}`));
    },
    hold: (waits) => (waits ? worker.ref() : worker.unref()),
    stop: () => void worker.terminate(),
  };
}

function openBrowser(workerUrl: string | URL): Channel {
  const worker = new Worker(workerUrl, { type: 'module' });
  return {
    post: (task) => worker.postMessage(task),
    listen: (onAnswer, onFailure) => {
      worker.onmessage = ({ data }) => onAnswer(data);
      worker.onerror = (event) => onFailure(event.message || 'the worker did not start');
    },
    hold: () => undefined,
    stop: () => worker.terminate(),
  };
}

const LOST = 'worker';

/** What a worker's end makes of the tasks that it owes. */
function lost(reason: string): TokenizerError {
  return new TokenizerError({ kind: 'limit', where: LOST, expected: 'an answer', got: reason });
}

/** What calls of closed threads get. */
export function closed(): TokenizerError {
  return new TokenizerError({
    kind: 'input',
    where: LOST,
    expected: 'threads that are open',
    got: 'threads that were closed',
  });
}

/** Whether an error is a worker's end, and not a refusal of what it was asked or the end of its pool. */
export function isLost(error: unknown): error is TokenizerError {
  return error instanceof TokenizerError && error.where === LOST && error.kind === 'limit';
}

interface Waiting {
  readonly resolve: (result: Results[keyof Results]) => void;
  readonly reject: (error: Error) => void;
}

/** One worker with the tasks that it has not answered yet, in their order. */
export class TaskWorker {
  private readonly waiting: Waiting[] = [];
  private failure: TokenizerError | undefined;

  constructor(private readonly channel: Channel) {
    channel.listen(
      (answer) => {
        const task = this.waiting.shift();
        if (task === undefined) return; // an answer that was under way when the worker failed or was stopped
        const { resolve, reject } = task;
        if (this.waiting.length === 0) channel.hold(false);
        if ('result' in answer) resolve(answer.result);
        else if ('refused' in answer) reject(new TokenizerError(answer.refused));
        else reject(lost(answer.failed));
      },
      (reason) => {
        this.fail(lost(reason));
        channel.stop(); // a page's worker goes on after an error
      },
    );
  }

  /** Refuses what is owed, and all that comes later. */
  private fail(failure: TokenizerError): void {
    this.failure ??= failure;
    this.channel.hold(false);
    for (const { reject } of this.waiting.splice(0)) reject(this.failure);
  }

  /** Sends a task; its result comes when all tasks sent before it are done. */
  run<T extends Task>(task: T): Promise<Results[T['kind']]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.channel.hold(true);
      this.waiting.push({ resolve: (result) => resolve(result as Results[T['kind']]), reject });
      this.channel.post(task);
    });
  }

  /** Ends the worker; what it still owes is refused. */
  stop(): void {
    this.fail(closed());
    this.channel.stop();
  }
}

function coresHere(): number {
  if (typeof navigator !== 'undefined' && navigator.hardwareConcurrency > 0) return navigator.hardwareConcurrency;
  return typeof process === 'undefined' ? 1 : process.getBuiltinModule('node:os').availableParallelism();
}

/** Workers, each of which has done a first task, or the reason why there are none. */
export type Started = { readonly workers: readonly TaskWorker[] } | { readonly note: string };

/** Starts workers beside so many `helpers`, and gives each its first task. Where none can start, says why instead of failing. */
export async function startWorkers(first: Task, options: ThreadOptions, helpers = 0): Promise<Started> {
  checkObject('threads: options', options);
  const { threads = Math.min(8, coresHere()), workerUrl, startTimeout = 60_000 } = options;
  checkCount('threads', threads, 1);
  checkCount('startTimeout', startTimeout, 1);
  if (threads === 1) return { note: 'one thread was asked for' };
  if (!isNode && typeof Worker === 'undefined') return { note: 'there are no workers here' };
  if (!isNode && workerUrl === undefined)
    return { note: 'name the address of @heddle/tokenizer/worker: { workerUrl }' };
  const open = (): Channel => (workerUrl === undefined || isNode ? openNode(workerUrl) : openBrowser(workerUrl));
  const workers: TaskWorker[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lost(`none within ${startTimeout} ms`)), startTimeout);
  });
  try {
    for (let i = helpers; i < threads; i++) workers.push(new TaskWorker(open()));
    await Promise.race([late, Promise.all(workers.map((worker) => worker.run(first)))]);
    return { workers };
  } catch (error) {
    for (const worker of workers) worker.stop();
    if (error instanceof TokenizerError && error.where !== LOST) throw error;
    return { note: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
