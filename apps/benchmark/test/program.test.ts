// The command line with suites of its own: dispatch, flags, errors, Ctrl-C. Training is not started here.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadTable } from '../src/data/table.js';
import { BenchError } from '../src/errors.js';
import { runProgram } from '../src/program.js';
import { checkOutput } from '../src/report/write-report.js';
import { suites } from '../src/suites/index.js';
import type { SuiteContext, SuiteRow } from '../src/suites/suite.js';

/** Runs the command line over recording suites, and gives what it did. */
async function bench(args: string[], run?: (context: SuiteContext) => Promise<void>) {
  const calls: { suite: string; context: SuiteContext }[] = [];
  const row = (name: string, flags: SuiteRow['flags'] = []): SuiteRow => ({
    name,
    description: `the ${name} suite`,
    flags,
    load: async () => ({
      run: async (context) => {
        calls.push({ suite: name, context });
        await run?.(context);
        return { text: `ran ${name}`, json: { suite: name } };
      },
    }),
  });
  const out: string[] = [];
  const err: string[] = [];
  const streams = { out: (text: string) => out.push(text), err: (text: string) => err.push(text) };
  const code = await runProgram(args, streams, [row('spam'), row('csv'), row('imdb', [['--recipe <name>', 'which']])]);
  return { code, out: out.join(''), err: err.join(''), calls };
}

afterEach(() => vi.unstubAllEnvs());

it('says which flags name columns where one is missing', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'bench-')), 'a.csv');
  await writeFile(path, 'text,b\nfine,2\n');
  const { code, err } = await bench(['--data', path], async () => {
    await loadTable(path);
  });
  expect(code).toBe(1);
  expect(err).toMatch(/^bench: .*a\.csv: no column looks like the label.* \(--text and --label name columns\)\n$/);
});

describe('which suite runs', () => {
  it.each([
    [[], 'spam'],
    [['--data', 'spam'], 'spam'],
    [['--data', 'a/b.csv'], 'csv'],
    [['--suite', 'imdb'], 'imdb'],
    [['imdb'], 'imdb'],
  ])('%j: %s', async (args, name) => {
    const { code, calls, out } = await bench(args);
    expect([code, calls.map((c) => c.suite)]).toEqual([0, [name]]);
    expect(out).toContain(`ran ${name}`);
  });

  it('lists them, and says which there are when one is unknown', async () => {
    const { out, calls } = await bench(['list']);
    expect(out.split('\n').filter(Boolean)).toEqual([
      'spam  the spam suite',
      'csv   the csv suite',
      'imdb  the imdb suite',
    ]);
    expect(calls).toEqual([]);
    const { code, err } = await bench(['--suite', 'x']);
    expect([code, err]).toEqual([1, "bench: there is no suite 'x'; there are spam, csv, imdb\n"]);
  });

  it('the registered ones have different names and load nothing before they are asked', () => {
    expect(new Set(suites.map((row) => row.name)).size).toBe(suites.length);
    expect(suites[0].name).toBe('spam');
  });
});

describe('flags', () => {
  it('have defaults', async () => {
    const { calls } = await bench([]);
    expect(calls[0].context.flags).toEqual({
      out: 'reports/latest',
      seeds: [1],
      backend: 'wasm',
      quick: false,
      resume: false,
    });
  });

  it('reach the suite, before its name or after', async () => {
    for (const args of [
      ['imdb', '--seeds', '1,2,3', '--quick', '--recipe', 'source', '--threads', '2'],
      ['--seeds', '1,2,3', '--quick', '--threads', '2', 'imdb', '--recipe', 'source'],
    ]) {
      const { calls } = await bench(args);
      expect(calls[0].context.flags).toMatchObject({ seeds: [1, 2, 3], quick: true, threads: 2 });
      expect(calls[0].context.own['recipe']).toBe('source');
      expect(calls[0].context.command).toBe(`bench ${args.join(' ')}`);
    }
  });

  it('print JSON alone on request', async () => {
    const { out } = await bench(['--json']);
    expect(JSON.parse(out)).toEqual({ suite: 'spam' });
  });

  it('show help with examples', async () => {
    const { code, out } = await bench(['--help']);
    expect(code).toBe(0);
    for (const part of ['Examples:', 'bench --quick', '--seeds <list>', 'imdb']) expect(out).toContain(part);
    expect((await bench(['imdb', '--help'])).out).toContain('--recipe <name>');
  });

  it.each([
    [['--seeds', '1,x'], "--seeds: expected whole numbers such as 1,2,3, got '1,x'"],
    [['--seeds', '2,2'], '--seeds: each seed once'],
    [['--threads', '0'], '--threads: expected a whole number from 1 to 256'],
    [['--backend', 'cuda'], 'auto, wasm, gpu, reference'],
    [['--nonsense'], "unknown option '--nonsense'"],
    [['nonsense'], "there is no suite 'nonsense'"],
  ])('%j is refused in one sentence', async (args, sentence) => {
    const { code, err, calls } = await bench(args);
    expect(code).toBe(1);
    expect(err).toContain(sentence);
    expect(calls).toEqual([]);
  });
});

describe('failures', () => {
  it('are one plain sentence, and a stack only with HEDDLE_DEBUG', async () => {
    const fail = async (): Promise<void> => {
      throw new TypeError('something is missing');
    };
    expect(await bench([], fail)).toMatchObject({ code: 1, err: 'bench: something is missing\n' });
    vi.stubEnv('HEDDLE_DEBUG', '1');
    expect((await bench([], fail)).err).toContain('program.test.ts');
  });

  it.each([
    [['speed', '--systems', 'abacus'], /^bench: --systems: abacus is none of heddle, .*\n$/],
    [['tokenizer', '--tokenizers', 'gpt2,t5'], /^bench: --tokenizers: t5 is none of gpt2, bert, cl100k, o200k\n$/],
    [['tokenizer', '--peers', 'me'], /^bench: --peers: me is none of tokenizers, .*\n$/],
  ])('a name that a list does not have: %j', async (args, expected) => {
    const err: string[] = [];
    const streams = { out: () => 0, err: (text: string) => err.push(text) };
    expect([await runProgram(args, streams), err.join('')]).toEqual([1, expect.stringMatching(expected)]);
  });

  it('an output that is a file', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'cli-')), 'taken');
    await writeFile(file, '');
    const { code, err } = await bench(['--out', file], ({ flags }) => checkOutput(flags.out));
    expect([code, err]).toEqual([1, `bench: --out: ${file} is a file; name a folder for the report\n`]);
  });
});

describe('Ctrl-C', () => {
  it('aborts the signal, ends with 130, and leaves no handler behind', async () => {
    const handlers = process.listenerCount('SIGINT');
    const { code, err } = await bench([], async ({ signal }) => {
      process.emit('SIGINT');
      expect(signal.aborted).toBe(true);
      throw new BenchError('interrupted', 'saved at step 7; bench --resume goes on from there');
    });
    expect(code).toBe(130);
    expect(err).toContain('saved at step 7; bench --resume goes on from there');
    expect(process.listenerCount('SIGINT')).toBe(handlers);
  });
});
