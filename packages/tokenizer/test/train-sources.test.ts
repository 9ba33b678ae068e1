// Where training reads from: sources that fail, that never answer, files that can't be read, and aborts at every stage.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tokenizer, type TrainProgress } from '../src/index';

const workerUrl = new URL('../dist/worker.js', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'heddle-train-'));
const words = Array.from({ length: 20_000 }, (_, i) => `w${(i * 7919) % 20_011}x${i % 97} `);
const texts = Array.from({ length: 200 }, (_, i) => words.slice(i * 100, i * 100 + 100).join(''));

describe.each([1, 2])('on %i threads', (threads) => {
  const options = { model: 'bpe', vocabSize: 300, threads, workerUrl } as const;

  it('passes on what a source throws, and closes the source', async () => {
    const gone = new Error('gone');
    let closed = 0;
    async function* broken(): AsyncGenerator<string> {
      try {
        yield 'a b';
        throw gone;
      } finally {
        closed++;
      }
    }
    await expect(Tokenizer.train(broken(), options)).rejects.toBe(gone);
    async function* mixed(): AsyncGenerator<string> {
      try {
        yield 'a';
        yield 5 as unknown as string;
      } finally {
        closed++;
      }
    }
    const { signal } = new AbortController();
    await expect(Tokenizer.train(mixed(), { ...options, signal })).rejects.toThrow('texts[1]: expected a string');
    expect(closed).toBe(2);
  });

  it('stops waiting for a source that never answers', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    async function* stuck(): AsyncGenerator<string> {
      yield 'a b';
      setTimeout(() => controller.abort(reason));
      await new Promise(() => undefined);
    }
    const { signal } = controller;
    const failure = { name: 'TokenizerError', where: 'train: signal', cause: reason };
    await expect(Tokenizer.train(stuck(), { ...options, signal })).rejects.toMatchObject(failure);
  });

  it('names the file that it cannot read', async () => {
    const missing = join(folder, 'missing.txt');
    for (const file of [missing, folder])
      await expect(Tokenizer.train({ files: [file] }, options)).rejects.toMatchObject({ kind: 'file', where: file });
  });
});

it.each([
  ['bpe', ['read', 'pairs', 'merges']],
  ['unigram', ['read', 'seeds', 'em']],
] as const)('%s can be aborted at every stage', async (model, stages) => {
  for (const stage of stages) {
    const controller = new AbortController();
    let reached = false;
    const onProgress = (progress: TrainProgress): void => {
      if (progress.stage !== stage) return;
      reached = true;
      controller.abort();
    };
    const { signal } = controller;
    const training = Tokenizer.train(texts, { model, vocabSize: 3000, signal, onProgress });
    const outcome = await training.catch((error) => error);
    // A machine may be quicker through a stage than progress is told; then there is nothing to abort.
    if (reached) expect(outcome).toMatchObject({ name: 'TokenizerError', where: 'train: signal' });
  }
});

it('keeps a byte order mark, as the native trainer does', async () => {
  const file = join(folder, 'bom.txt');
  writeFileSync(file, '\ufeffhello x\nhello\n');
  const preTokenizer = { type: 'WhitespaceSplit' };
  const tokenizer = await Tokenizer.train({ files: [file] }, { model: 'wordlevel', specialTokens: [], preTokenizer });
  expect(tokenizer.tokenToId('\ufeffhello')).toBe(2);
});
