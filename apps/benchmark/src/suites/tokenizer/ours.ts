// What only our own tokenizer is asked: what offsets cost, what a second thread gives, how fast it loads, learns, and
// how much memory it keeps.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@heddle/tokenizer';
import { tokenizerFromJSON } from '@heddle/tokenizer/sync';
import { TokenizerPool } from '@heddle/tokenizer/threads';
import { median } from '../../median.js';
import type { Corpus } from './corpus.js';
import { collectGarbage, processorSeconds } from './time.js';

/** One figure about our own tokenizer. */
export interface OwnFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, where there is a bar. */
  readonly bar?: string;
}

/** Passes in turn, and how often each side has its turn. */
const PASSES = 5;
const TURNS = 4;

type Measure = (pass: () => unknown) => Promise<number> | number;

/** Medians of two things, as `measure` measures a pass, each time one pass of each. */
async function alternated(measure: Measure, first: () => unknown, second: () => unknown): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < PASSES * TURNS; i++) {
    times[0].push(await measure(first));
    times[1].push(await measure(second));
  }
  return [median(times[0]), median(times[1])];
}

/** The same with several passes in turn, so that each has its own garbage cleared away in its own time. */
async function inTurn(measure: Measure, first: () => unknown, second: () => unknown): Promise<[number, number]> {
  const sides = [
    { pass: first, times: [] as number[] },
    { pass: second, times: [] as number[] },
  ] as const;
  for (let i = 0; i < TURNS; i++)
    for (const { pass, times } of sides) {
      collectGarbage();
      await pass();
      for (let k = 0; k < PASSES; k++) times.push(await measure(pass));
    }
  return [median(sides[0].times), median(sides[1].times)];
}

async function secondsOf(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/**
 * Speed over two threads through speed on one, by the clock, which needs two idle cores: alternated, and in passes one upon
 * the other, where V8 clears the last pass's rows away while the next is under way.
 */
async function threadGains(vocabulary: string, tokenizer: Tokenizer, lines: readonly string[]): Promise<OwnFigure[]> {
  const pool = await TokenizerPool.start(tokenizer, { threads: 2 });
  if (pool.threads < 2) return [];
  const single = (): unknown => tokenizer.encodeRagged(lines);
  const both = (): unknown => pool.encodeRagged(lines);
  // Each worker compiles for itself, its caches are cold, and V8 has to learn how much the passes leave behind.
  for (let i = 0; i < PASSES * TURNS; i++) await both();
  const name = `${vocabulary}: batch over 2 threads`;
  const unit = '× one';
  const [one, two] = await alternated(secondsOf, single, both);
  const [ones, twos] = await inTurn(secondsOf, single, both);
  pool.close();
  return [
    { name, value: one / two, unit, bar: '1.7' },
    { name: `${name}, pass upon pass`, value: ones / twos, unit },
  ];
}

/** A `tokenizer.json` of 100,000 words. */
function hundredThousand(): string {
  const vocab = Object.fromEntries(Array.from({ length: 100_000 }, (_, id) => [id === 0 ? '[UNK]' : `word${id}`, id]));
  return JSON.stringify({ model: { type: 'WordPiece', vocab, unk_token: '[UNK]' } });
}

/** A `tokenizer.json` of 100,000 tokens, each of which a merge makes of a shorter one and a letter. */
function hundredThousandMerged(): string {
  const letters = [...'Ġabcdefghijklmnopqrstuvwxy'];
  const tokens = [...letters];
  const merges: string[] = [];
  for (let i = 0; tokens.length < 100_000; i++) {
    const first = tokens[i >> 2] as string;
    const letter = letters[(5 * (i >> 2) + (i & 3)) % letters.length] as string;
    merges.push(`${first} ${letter}`);
    tokens.push(first + letter);
  }
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return JSON.stringify({ model: { type: 'BPE', vocab, merges } });
}

/** Measures what there is to know about ours alone. */
export async function ownFigures(shared: string, corpora: readonly Corpus[], quick: boolean): Promise<OwnFigure[]> {
  const figures: OwnFigure[] = [];
  for (const [vocabulary, folder] of [
    ['gpt2', 'gpt2'],
    ['bert', 'bert-base-uncased'],
  ] as const) {
    const tokenizer = await Tokenizer.fromJSON(
      readFileSync(join(shared, 'fixtures/tokenizers', folder, 'tokenizer.json'), 'utf8'),
    );
    for (const { name, text } of corpora) {
      const lines = text.split('\n');
      tokenizer.encodeRagged(lines);
      const [bare, withOffsets] = await inTurn(
        processorSeconds,
        () => tokenizer.encodeRagged(lines),
        () => tokenizer.encodeRagged(lines, { offsets: true }),
      );
      figures.push({
        name: `${vocabulary} ${name}: speed with offsets`,
        value: bare / withOffsets,
        unit: '× without',
        bar: '0.6',
      });
    }
    figures.push(...(await threadGains(vocabulary, tokenizer, (corpora[0] as Corpus).text.split('\n'))));
  }
  for (const [name, json] of [
    ['load 100,000 tokens', hundredThousand()],
    ['load 100,000 tokens, BPE', hundredThousandMerged()],
  ] as const) {
    const loads = Array.from({ length: PASSES }, () => processorSeconds(() => tokenizerFromJSON(json)));
    figures.push({ name, value: 1000 * median(loads), unit: 'ms', bar: '60' });
  }
  const texts = (corpora[0] as Corpus).text.split('\n');
  const size = quick ? 1000 : 8000;
  const before = process.cpuUsage();
  await Tokenizer.train(texts, { model: 'bpe', vocabSize: size });
  const { user, system } = process.cpuUsage(before);
  figures.push({ name: `train BPE to ${size} tokens on english`, value: (user + system) / 1e6, unit: 's' });
  return figures;
}
