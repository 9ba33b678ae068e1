// The page: hands tasks to a worker, saves a model as downloads and takes it back from a file input.
import type { Answer, Task } from './messages';

function ask(task: Task): Promise<Answer> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Answer>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer | string>) => {
      if (typeof data === 'string') reject(new Error(data));
      else resolve(data);
    };
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}

/** Offers a file for saving, as a button would. */
function download(name: string, bytes: Uint8Array): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What the test drives. */
export interface Page {
  train(task: Extract<Task, { kind: 'train' }>): Promise<Omit<Answer, 'files'>>;
  /** Saves the model of the last training; the names of its files. */
  save(): readonly string[];
  /** Predictions of the model whose files lie in the input. */
  predict(texts: readonly string[]): Promise<Answer['predictions']>;
}

let saved: ReadonlyMap<string, Uint8Array> = new Map();

const page: Page = {
  async train(task) {
    const { files, ...answer } = await ask(task);
    saved = files;
    return answer;
  },

  save() {
    for (const [name, bytes] of saved) download(name, bytes);
    return [...saved.keys()];
  },

  async predict(texts) {
    const input = document.querySelector<HTMLInputElement>('#files');
    const chosen = [...(input?.files ?? [])];
    const contents = await Promise.all(chosen.map(async (file) => new Uint8Array(await file.arrayBuffer())));
    const files = new Map(chosen.map((file, i) => [file.name, contents[i]]));
    return (await ask({ kind: 'predict', init: {}, files, texts })).predictions;
  },
};

Object.assign(globalThis, { heddle: page });
