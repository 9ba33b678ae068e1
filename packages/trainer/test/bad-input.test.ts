// Rows and options that make no sense: each is refused by a typed error, before a step is taken.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError, init, memory, type Tensor, tensor } from '@heddle/tensor';
import { Linear, Module } from '@heddle/tensor/nn';
import { AdamW } from '@heddle/tensor/optim';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ClassificationOptions, TableError, type TableProblem, Trainer } from '../src/index.js';
import { collectGarbage, Toy, toyRows } from './toy.js';

beforeEach(async () => {
  await collectGarbage();
  await init({ backend: 'wasm', threads: 1 });
});

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A tokenizer of letters. */
const tokenizer = {
  encodeBatch(texts: readonly string[]) {
    const lengths = Int32Array.from(texts, (text) => text.length);
    const width = Math.max(...lengths);
    const ids = new Int32Array(texts.length * width);
    const mask = new Int32Array(ids.length);
    texts.forEach((text, i) => {
      for (let t = 0; t < text.length; t++) ids[i * width + t] = text.charCodeAt(t) % 12;
      mask.fill(1, i * width, i * width + text.length);
    });
    return { ids, mask, lengths, shape: [texts.length, width] as const };
  },
};

async function fit(options: Partial<ClassificationOptions>): Promise<unknown> {
  const model = new Toy();
  const before = memory().buffers;
  const steps: number[] = [];
  const failure = (async () => {
    const trainer = new Trainer(model, {
      train: toyRows(20, 1),
      tokenizer,
      optimizer: new AdamW(model.parameters()),
      callbacks: [{ onStep: ({ step }) => void steps.push(step) }],
      progress: 'none',
      ...options,
    });
    await trainer.fit();
  })();
  const error = await failure.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(steps).toEqual([]);
  expect(memory().buffers).toBe(before);
  return error;
}

const row = (text: string, label: string | number) => ({ text, label });
const good = [row('aa', 'x'), row('bb', 'y')];
const csv = (text: string | Uint8Array): Partial<ClassificationOptions> => ({
  train: typeof text === 'string' ? utf8(text) : text,
  columns: { format: 'csv' },
});

describe('rows', () => {
  it.each<[string, Partial<ClassificationOptions>, TableProblem, string]>([
    ['none at all', { train: [] }, 'empty', 'train: there is no row'],
    ['none in the validation part', { validation: [] }, 'empty', 'validation: there is no row'],
    ['an empty file', csv(''), 'empty', 'the file is empty'],
    ['a file of a header alone', csv('text,label\n'), 'empty', 'no row'],
    ['a missing column', csv('a,b\n1,2\n'), 'missing-column', "the file has 'a', 'b'"],
    [
      'invalid UTF-8',
      csv(Uint8Array.of(...utf8('text,label\n'), 0xff, 0x2c, 0x61)),
      'encoding',
      'line 2: not valid UTF-8',
    ],
    ['a NUL byte', csv('text,label\na\0,b\n'), 'nul-byte', 'line 2: a NUL byte'],
    ['a line of 10 MB', csv(`text,label\n${'a'.repeat(10_000_000)},b\n`), 'long-line', 'line 2'],
    ['quotes that are not closed', csv('text,label\na,x\n"b,y\n'), 'syntax', 'line 3: a quote'],
    ['an empty text in a file', csv('text,label\na,x\n ,y\n'), 'missing-value', "line 3: 'text' is empty"],
    ['an empty text', { train: [...good, row(' \n', 'x')] }, 'missing-value', 'train: row 2: the text is empty'],
    [
      'a row without ids',
      {
        train: [
          { ids: [], label: 0 },
          { ids: [1], label: 1 },
        ],
      },
      'missing-value',
      'row 0: there is no token id',
    ],
    ['one class only', { train: [row('a', 'x'), row('b', 'x')] }, 'one-class', "every row has the label 'x'"],
    ['one class only, by number', { train: [row('a', 1), row('b', 1)] }, 'one-class', "every row has the label '1'"],
    [
      'a label seen only in the test part',
      { train: good, test: [row('a', 'z')] },
      'unseen-label',
      "expected one of x, y, got the label 'z'",
    ],
    [
      'a class that training never shows',
      { train: good, labels: ['x', 'y', 'z'], test: [row('a', 'z')] },
      'unseen-label',
      "'z' occurs only in the test part",
    ],
    [
      'a number beyond the classes',
      { train: [row('a', 0), row('b', 2)], labels: ['x', 'y'] },
      'unseen-label',
      "train, row 1: expected one of x, y, got the label '2'",
    ],
    ['half a class', { train: [row('a', 0), row('b', 0.5)] }, 'unseen-label', "got the label '0.5'"],
    ['a missing label', { train: [row('a', 'x'), { text: 'b' } as never] }, 'missing-value', 'row 1: expected a label'],
  ])('with %s are refused', async (_, options, problem, sentence) => {
    const error = await fit(options);
    expect(error).toBeInstanceOf(TableError);
    expect((error as TableError).message).toContain(sentence);
    expect((error as TableError).problem).toBe(problem);
  });

  it('in a file that is not there are refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    expect(await fit({ train: join(folder, 'a.csv') })).toMatchObject({ name: 'TableError', problem: 'not-found' });
    await writeFile(join(folder, 'b.csv'), 'text,label\na,x\n');
    expect(await fit({ train: join(folder, 'b.csv') })).toMatchObject({ name: 'TableError', problem: 'one-class' });
  });

  it('of text without a tokenizer are refused', async () => {
    const model = new Toy();
    const trainer = new Trainer(model, { train: good, optimizer: new AdamW(model.parameters()), progress: 'none' });
    await expect(trainer.fit()).rejects.toThrow('Trainer: tokenizer: expected a tokenizer');
  });
});

describe('options', () => {
  it.each<[string, Partial<ClassificationOptions>]>([
    ['epochs', { epochs: 0 }],
    ['steps', { steps: 1.5 }],
    ['batchSize', { batchSize: -1 }],
    ['accumulate', { accumulate: 0 }],
    ['keep', { keep: 0 }],
    ['logEvery', { logEvery: 0 }],
    ['evaluateEvery', { evaluateEvery: 0 }],
    ['clip', { clip: 0 }],
    ['clip', { clip: Number.NaN }],
    ['resume', { resume: true }],
    ['earlyStopping', { earlyStopping: { patience: 1 } }],
    ['earlyStopping.patience', { earlyStopping: { patience: 0 }, validation: good }],
  ])('%s out of range is refused', async (argument, options) => {
    const error = await fit(options);
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toMatchObject({ op: 'Trainer', argument });
  });

  it('an early-stopping metric that nothing computes is refused, naming those there are', async () => {
    const model = new Toy();
    const trainer = new Trainer(model, {
      train: toyRows(20, 1),
      validation: toyRows(10, 2),
      optimizer: new AdamW(model.parameters()),
      earlyStopping: { patience: 1, metric: 'f1' },
      progress: 'none',
    });
    await expect(trainer.fit()).rejects.toThrow(
      /earlyStopping\.metric: expected one of loss, accuracy, macroF1.*got f1/,
    );
  });

  it('a model without parameters, and a loss that is no scalar, are refused', async () => {
    class Empty extends Module {
      override forward(): Tensor {
        return tensor([1]);
      }
    }
    const full = new Linear({ inputs: 1, outputs: 1 });
    const optimizer = new AdamW(full.parameters());
    const collate = (rows: readonly number[]): readonly number[] => rows;
    expect(() => new Trainer(new Empty(), { train: [1], collate, loss: (m) => m.call(), optimizer })).toThrow('model');
    const loss = (m: Linear, rows: readonly number[]): Tensor => m.call(tensor(rows.map((x) => [x])));
    const trainer = new Trainer(full, { train: [1, 2], collate, loss, optimizer, progress: 'none' });
    await expect(trainer.fit()).rejects.toThrow('Trainer: loss: expected a scalar, got [2, 1]');
  });
});
