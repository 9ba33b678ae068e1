// Several threads give what one gives, and never keep a process alive. The workers' program is the built one.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { type EncodedBatch, type RaggedBatch, Tokenizer, type TrainOptions } from '../src/index';
import { TokenizerPool } from '../src/threads';
import { CHUNK_SPAN } from '../src/threads/protocol';
import { Stints } from '../src/threads/stints';
import { Work } from '../src/threads/work';

const { lines } = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/native.json.gz', import.meta.url))).toString('utf8'),
) as { lines: string[] };
const workerUrl = new URL('../dist/worker.js', import.meta.url);
const texts = Array.from({ length: 14 }, () => lines).flat(); // several chunks
const tokenizer = await Tokenizer.train(lines.slice(0, 300), { model: 'wordpiece', vocabSize: 800 });

/** A batch in a form that is quick to compare. */
const digest = (batch: EncodedBatch | RaggedBatch): object =>
  Object.fromEntries(
    Object.entries(batch).map(([name, column]) => [
      name,
      column instanceof Int32Array ? createHash('sha256').update(column).digest('hex') : column,
    ]),
  );

describe('a pool', () => {
  it('encodes batches as one thread does', async () => {
    const pool = await TokenizerPool.start(tokenizer, { threads: 2, workerUrl });
    expect(pool).toMatchObject({ threads: 2, note: undefined });
    for (const options of [
      {},
      { offsets: true, maxLength: 20, paddingSide: 'left' },
      { pairs: texts.map((_, i) => lines[i % 7] as string), maxLength: 32 },
      { addSpecialTokens: false, allowedSpecial: 'none', padding: 'max', maxLength: 9 },
    ] as const)
      expect(digest(await pool.encodeBatch(texts, options))).toEqual(digest(tokenizer.encodeBatch(texts, options)));
    const cut = [['two', 'words'], 'one'];
    expect(await pool.encodeBatch(cut)).toEqual(tokenizer.encodeBatch(cut));
    expect((await pool.encodeRagged([])).rows).toEqual(Int32Array.of(0));
    pool.close();
  });
  it('puts into messages what has no room in the memory that threads share', async () => {
    const bytes = await Tokenizer.train(['a'], { model: 'bpe', vocabSize: 257 });
    const types = tokenizer.toJSON() as { post_processor: { single: object[] } };
    // Three tokens for each unit; and rows of type 1, alone.
    for (const [of, batch] of [
      [bytes, texts.map((text) => '愛'.repeat(text.length % 100))],
      [
        await Tokenizer.fromJSON(
          JSON.stringify({
            ...types,
            post_processor: {
              type: 'TemplateProcessing',
              single: [{ Sequence: { id: 'A', type_id: 1 } }],
              pair: [{ Sequence: { id: 'A', type_id: 1 } }, { Sequence: { id: 'B', type_id: 1 } }],
              special_tokens: {},
            },
          }),
        ),
        texts,
      ],
    ] as const) {
      const pool = await TokenizerPool.start(of, { threads: 3, workerUrl });
      expect(pool.threads).toBe(3);
      for (const offsets of [false, true])
        expect(digest(await pool.encodeRagged(batch, { offsets }))).toEqual(
          digest(of.encodeRagged(batch, { offsets })),
        );
      pool.close();
    }
  });
  it('keeps calls apart that are under way together, and that use the same memory one after another', async () => {
    const pool = await TokenizerPool.start(tokenizer, { threads: 3, workerUrl });
    const batches = Array.from({ length: 6 }, (_, i) => texts.slice(40 * i, texts.length - 900 * i));
    for (let turn = 0; turn < 2; turn++) {
      const results = await Promise.all(batches.map((batch, i) => pool.encodeBatch(batch, { offsets: i % 2 === 1 })));
      for (const [i, batch] of batches.entries())
        expect(digest(results[i] as EncodedBatch)).toEqual(
          digest(tokenizer.encodeBatch(batch, { offsets: i % 2 === 1 })),
        );
    }
    for (const batch of batches)
      expect(digest(await pool.encodeBatch(batch))).toEqual(digest(tokenizer.encodeBatch(batch)));
    pool.close();
  });
  it('goes on after a text that was refused, whichever thread met it', async () => {
    const short = texts.map(() => 'a few words');
    const pool = await TokenizerPool.start(tokenizer, { threads: 2, workerUrl });
    const truncation = { maxLength: 100, strategy: 'onlySecond' } as const;
    for (const at of [0, 1, texts.length >> 1, texts.length - 1]) {
      const call = pool.encodeBatch(
        short.map((text, i) => (i === at ? text.repeat(100) : text)),
        { truncation },
      );
      await expect(call).rejects.toMatchObject({ name: 'TokenizerError', where: 'truncation.strategy' });
    }
    expect(digest(await pool.encodeBatch(texts))).toEqual(digest(tokenizer.encodeBatch(texts)));
    pool.close();
  });
  it('knows what the folder says of special tokens in a text', async () => {
    const bytes = (content: object): Uint8Array => new TextEncoder().encode(JSON.stringify(content));
    const folder = new Map([
      ['tokenizer.json', bytes(tokenizer)],
      ['tokenizer_config.json', bytes({ split_special_tokens: true })],
    ]);
    const split = await Tokenizer.load(folder);
    const pool = await TokenizerPool.start(split, { threads: 2, workerUrl });
    const typed = lines.slice(0, 300).map((text) => `[MASK] ${text}`);
    const { maskId } = split as { maskId: number };
    const batch = await pool.encodeBatch(typed);
    expect(digest(batch)).toEqual(digest(split.encodeBatch(typed)));
    expect(batch.ids.includes(maskId)).toBe(false);
    expect((await pool.encodeBatch(typed, { allowedSpecial: 'all' })).ids.includes(maskId)).toBe(true);
    pool.close();
  });
  it('names the text at fault by its place in the whole batch', async () => {
    const pool = await TokenizerPool.start(tokenizer, { threads: 2, workerUrl });
    const bad = [...texts, 5 as unknown as string];
    await expect(pool.encodeBatch(bad)).rejects.toThrow(
      `encodeBatch: texts[${texts.length}]: expected a string, got 5`,
    );
    await expect(pool.encodeBatch(['a'], { maxLength: 1 })).rejects.toMatchObject({ name: 'TokenizerError' });
    pool.close();
    await expect(TokenizerPool.start(tokenizer, { threads: 0 })).rejects.toMatchObject({ where: 'threads' });
  });
  it('refuses what is under way when it is closed, and what comes later', async () => {
    const pool = await TokenizerPool.start(tokenizer, { threads: 2, workerUrl });
    const closed = { name: 'TokenizerError', got: 'threads that were closed' };
    const call = expect(pool.encodeBatch(texts)).rejects.toMatchObject(closed);
    pool.close();
    await call;
    await expect(pool.encodeBatch(texts)).rejects.toMatchObject(closed);
    await expect(pool.encodeBatch([])).rejects.toMatchObject(closed);
    const alone = await TokenizerPool.start(tokenizer, { threads: 1 });
    alone.close();
    await expect(alone.encodeBatch(texts)).rejects.toMatchObject(closed);
  });
  it('refuses wrong options whatever the texts, and sends workers no others than theirs', async () => {
    const pool = await TokenizerPool.start(tokenizer, { threads: 2, workerUrl });
    for (const options of [{ allowedSpecial: 5 }, { allowedSpecial: () => 1 }, { maxLength: 'x' }, { maxLength: 1 }])
      for (const batch of [[], ['a']])
        await expect(pool.encodeBatch(batch, options as never)).rejects.toMatchObject({ name: 'TokenizerError' });
    const others = { maxLength: 9, onProgress: () => undefined };
    expect(digest(await pool.encodeBatch(texts, others))).toEqual(digest(tokenizer.encodeBatch(texts, others)));
    await expect(pool.encodeBatch(['a'], null as never)).rejects.toMatchObject({ where: 'encodeBatch: options' });
    pool.close();
    await expect(TokenizerPool.start(null as never)).rejects.toMatchObject({ where: 'TokenizerPool.start: tokenizer' });
    await expect(TokenizerPool.start(tokenizer, null as never)).rejects.toMatchObject({ where: 'threads: options' });
  });
  it('handles events while it encodes, as soon as it is told to', async () => {
    const pool = await TokenizerPool.start(tokenizer, { threads: 2, workerUrl, yieldAfter: 0 });
    let events = 0;
    const count = (): void => {
      events++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const batch = await pool.encodeBatch(texts);
    clearImmediate(immediate);
    expect(events).toBeGreaterThan(1);
    expect(digest(batch)).toEqual(digest(tokenizer.encodeBatch(texts)));
    pool.close();
    await expect(TokenizerPool.start(tokenizer, { yieldAfter: -1 })).rejects.toMatchObject({ where: 'yieldAfter' });
  });
  it('goes on without workers that never answer, and lets the process end', async () => {
    const silent = new URL('data:text/javascript,setInterval(() => 1, 1000)');
    const pool = await TokenizerPool.start(tokenizer, { threads: 3, workerUrl: silent, startTimeout: 300 });
    expect(pool).toMatchObject({ threads: 1, note: 'worker: expected an answer, got none within 300 ms' });
    expect(digest(await pool.encodeBatch(lines))).toEqual(digest(tokenizer.encodeBatch(lines)));
  });
  it('works on this thread, and says why, where no worker starts', async () => {
    const pool = await TokenizerPool.start(tokenizer, { threads: 2, workerUrl: new URL('./none.js', workerUrl) });
    expect(pool.threads).toBe(1);
    expect(pool.note).toContain('none.js');
    expect(digest(await pool.encodeBatch(lines))).toEqual(digest(tokenizer.encodeBatch(lines)));
  });
  it('encodes by what stands beside tokenizer.json, too', async () => {
    const files = {
      'tokenizer.json': tokenizer,
      'tokenizer_config.json': { truncation_side: 'left', model_max_length: 5 },
    };
    const loaded = await Tokenizer.load(
      new Map(Object.entries(files).map(([name, of]) => [name, new TextEncoder().encode(JSON.stringify(of))])),
    );
    const pool = await TokenizerPool.start(loaded, { threads: 2, workerUrl });
    for (const options of [{ truncation: true }, { maxLength: 7 }, { padding: 'max', truncation: true }] as const)
      expect(digest(await pool.encodeBatch(texts, options))).toEqual(digest(loaded.encodeBatch(texts, options)));
    pool.close();
  });
  it.each([
    ['ends', 'process.exit(3)', 'the worker ended with code 3'],
    ['throws', "throw new Error('boom')", 'boom'],
  ])('is of no use when one of its workers %s in the middle of a call, and says so', (_, end, got) => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-pool-'));
    const dist = new URL('../dist/', import.meta.url);
    writeFileSync(
      join(folder, 'worker.mjs'),
      `import { parentPort } from 'node:worker_threads';
       const { on } = parentPort;
       parentPort.on = (name, listener) => on.call(parentPort, name, (task) => {
         if (task.kind === 'share') { ${end} }
         listener(task);
       });
       await import('${dist}worker.js');`,
    );
    writeFileSync(
      join(folder, 'pool.mjs'),
      `import { pathToFileURL } from 'node:url';
       import { Tokenizer } from '${dist}index.js';
       import { TokenizerPool } from '${dist}threads.js';
       const texts = Array.from({ length: 6000 }, (_, i) => 'some words ' + i + ' that go on for a while, and on');
       const tokenizer = await Tokenizer.train(texts.slice(0, 50), { model: 'bpe', vocabSize: 300 });
       const workerUrl = pathToFileURL(${JSON.stringify(join(folder, 'worker.mjs'))});
       const pool = await TokenizerPool.start(tokenizer, { threads: 3, workerUrl });
       const call = () => pool.encodeBatch(texts).catch(({ name, kind, where, got }) => ({ name, kind, where, got }));
       console.log(JSON.stringify([await call(), await call()]));`,
    );
    const out = execFileSync(process.execPath, [join(folder, 'pool.mjs')], { encoding: 'utf8', timeout: 60_000 });
    const refusal = { name: 'TokenizerError', kind: 'limit', where: 'TokenizerPool', got };
    expect(JSON.parse(out)).toEqual([refusal, refusal]);
  });
  it('lets a process end', () => {
    const script = join(mkdtempSync(join(tmpdir(), 'heddle-pool-')), 'pool.mjs');
    const dist = new URL('../dist/', import.meta.url);
    writeFileSync(
      script,
      `import { Tokenizer } from '${dist}index.js';
       import { TokenizerPool } from '${dist}threads.js';
       const tokenizer = await Tokenizer.train(['a b'], { model: 'wordpiece', vocabSize: 20 });
       const pool = await TokenizerPool.start(tokenizer, { threads: 2 });
       const texts = Array.from({ length: 20_000 }, (_, i) => (i % 2 ? 'a' : 'b'));
       console.log(pool.threads, (await pool.encodeBatch(texts)).shape.join());`,
    );
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8', timeout: 60_000 })).toBe('2 20000,3\n');
  });
});

describe('training on several threads', () => {
  it.each([
    ['wordpiece', { vocabSize: 600 }],
    ['bpe', { vocabSize: 600 }],
    ['wordlevel', { vocabSize: 300 }],
    ['unigram', { vocabSize: 1500 }],
  ] as const)('%s learns what one thread learns', async (model, options) => {
    const notes: string[] = [];
    const train = (more: Partial<TrainOptions>): Promise<Tokenizer> =>
      Tokenizer.train(texts, { model, ...options, ...more });
    const two = await train({ threads: 2, workerUrl, onNote: (note) => notes.push(note) });
    expect(notes).toEqual([]);
    expect(JSON.stringify(two)).toBe(JSON.stringify(await train({})));
  });
  it('falls back with a note, stops when told to, and passes refusals on', async () => {
    const notes: string[] = [];
    const onNote = (note: string): void => void notes.push(note);
    await Tokenizer.train(lines, { model: 'bpe', vocabSize: 300, threads: 2, workerUrl: 'file:///none.js', onNote });
    expect(notes.join()).toContain('one thread');
    const signal = AbortSignal.abort();
    await expect(Tokenizer.train(texts, { model: 'bpe', threads: 2, workerUrl, signal })).rejects.toThrow(/aborted/);
    await expect(
      Tokenizer.train(['a', 5 as unknown as string], { model: 'bpe', threads: 2, workerUrl }),
    ).rejects.toThrow(/texts\[1\]: expected a string/);
  });
});

describe('stints', () => {
  let now = 0;
  let looks: MockInstance;
  beforeEach(() => {
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    looks = vi.spyOn(globalThis, 'setImmediate');
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  /** Does a piece of work that takes some milliseconds, and tells how often events were handled by then. */
  const piece = async (stints: Stints, time: number): Promise<number> => {
    await stints.do(() => {
      now += time;
    });
    return looks.mock.calls.length;
  };
  it('let events wait until the work has taken long enough, over all calls and failures', async () => {
    const stints = new Stints(10);
    const counts: number[] = [];
    for (const time of [4, 5, 6, 9, 9]) counts.push(await piece(stints, time));
    const refused = stints.do(() => {
      now += 20;
      throw new Error('refused');
    });
    await expect(refused).rejects.toThrow('refused');
    counts.push(await piece(stints, 1));
    expect(counts).toEqual([0, 0, 0, 1, 1, 3]);
  });
  it('have events handled at the end of a call if the next one could not wait for them', async () => {
    const stints = new Stints(100);
    const counts: number[] = [];
    for (const pieces of [[20, 10], [30], [30], [60], [5], [1], [60, 60]]) {
      await stints.call(async () => {
        for (const time of pieces) await piece(stints, time);
      });
      counts.push(looks.mock.calls.length);
    }
    expect(counts).toEqual([0, 0, 1, 2, 2, 2, 3]);
  });
});

describe('a worker', () => {
  it('numbers words by where they were seen first', () => {
    const work = new Work();
    work.answer({ kind: 'cut', normalizer: null, preTokenizer: { type: 'WhitespaceSplit' } });
    work.answer({ kind: 'count', texts: ['b a'], chunk: 1 });
    work.answer({ kind: 'count', texts: ['a c'], chunk: 3 });
    expect(work.answer({ kind: 'words' })).toEqual({
      result: {
        words: ['b', 'a', 'c'],
        counts: Float64Array.of(1, 2, 1),
        firsts: Float64Array.of(CHUNK_SPAN, CHUNK_SPAN + 1, 3 * CHUNK_SPAN),
      },
    });
  });
  it('answers errors', () => {
    const work = new Work();
    expect(work.answer({ kind: 'cut', normalizer: { type: 'X' }, preTokenizer: null })).toMatchObject({
      refused: { where: 'train: normalizer.type' },
    });
    expect(work.answer({ kind: 'encode', texts: ['a'], options: {} })).toHaveProperty('failed');
  });
});
