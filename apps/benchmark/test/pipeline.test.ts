// From data to report with a quick learner in the transformer's place: what is scored, written and said.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitLogisticRegression } from '../src/baselines/logistic-regression.js';
import { Tfidf } from '../src/baselines/tfidf.js';
import { labelIds } from '../src/data/dataset.js';
import { loadTable } from '../src/data/table.js';
import { attendedWords } from '../src/model/attended-words.js';
import type { Recipe } from '../src/model/recipe.js';
import type { TrainClassifier } from '../src/model/trained.js';
import { verdict } from '../src/report/build-report.js';
import { reportSchema } from '../src/report/schema.js';
import { runClassification } from '../src/suites/classification.js';
import { sampleReport } from './sample-report.js';

const RECIPE: Recipe = {
  description: 'weak linear model',
  vocabSize: 100,
  dim: 8,
  layers: 1,
  heads: 1,
  feedForward: 8,
  maxLength: 16,
  tail: 0,
  pooling: 'mean',
  dropout: 0,
  tokenDropout: 0,
  epochs: 1,
  batchSize: 8,
  optimizer: 'adamw',
  lr: 0.1,
  weightDecay: 0,
  warmup: null,
  labelSmoothing: 0,
  keepBest: true,
};

/** Strongly regularised, so that it errs sometimes; the seed decides how strongly. */
const trainLinear: TrainClassifier = async ({ train, validation, test, labels }, _, { seed, signal }) => {
  signal.throwIfAborted();
  const vectors = new Tfidf(train.map((row) => row.text));
  const model = fitLogisticRegression(vectors.train, labelIds(train, labels), labels.length, { C: seed / 100 });
  const answer = (rows: typeof test) => model.probabilities(vectors.transform(rows.map((row) => row.text)));
  return {
    validation: answer(validation),
    test: answer(test),
    parameters: vectors.train.width,
    curves: [{ seed, step: 1, epoch: 1, part: 'train', loss: 0.5 }],
    tokenizerSeconds: 0,
    trainSeconds: 2,
    evaluateSeconds: 0,
    weightsChecksum: 'ef'.repeat(32),
    samples: train.length,
    tokens: 1_000,
    ran: { backend: 'none', threads: 1, simd: 'none', blas: 'none' },
    attention: async (texts) => texts.map((text) => attendedWords(text, [{ start: 0, end: 3, weight: 2 }])),
  };
};

async function file(): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'pipeline-')), 'reviews.csv');
  const lines = Array.from({ length: 300 }, (_, i) => {
    const noise = Array.from({ length: 6 }, (_, k) => `n${(i * 11 + k * 17) % 53}`).join(' ');
    const isGood = i % 3 === 0;
    return `${isGood ? 'good' : 'bad'},<b>${i}</b> ${noise} ${isGood !== (i % 7 === 0) ? 'fine' : 'poor'}`;
  });
  await writeFile(path, `label,text\n${lines.join('\n')}\n`);
  return path;
}

async function run(flags: { seeds?: number[]; abort?: boolean } = {}) {
  const path = await file();
  const out = join(path, '..', 'report');
  const said: string[] = [];
  const controller = new AbortController();
  if (flags.abort === true) controller.abort();
  const result = await runClassification(
    {
      suite: 'csv',
      title: 'Reviews',
      load: () => loadTable(path),
      recipe: () => RECIPE,
      baselines: { C: [1] },
      train: trainLinear,
    },
    {
      flags: { data: path, out, seeds: flags.seeds ?? [5], backend: 'auto', quick: false, resume: false },
      own: {},
      command: 'bench',
      signal: controller.signal,
      say: (line) => said.push(line),
      startedAt: performance.now(),
    },
  );
  return { result, out, said };
}

describe('the pipeline', () => {
  it('writes a report whose parts agree', async () => {
    const { result, out, said } = await run();
    const report = reportSchema.parse(JSON.parse(await readFile(join(out, 'report.json'), 'utf8')));
    expect(result.json).toEqual(report);
    expect(result.text).toContain('report.html');
    expect(said.join('\n')).toContain('to train on');
    const { matrix } = report.confusion;
    const tested = matrix.flat().reduce((a, b) => a + b, 0);
    expect(tested).toBe(report.data.counts['test']);
    expect((matrix[0][0] + matrix[1][1]) / tested).toBeCloseTo(report.metrics.test.accuracy, 10);
    expect(report.errors.length).toBe(Math.min(10, matrix[0][1] + matrix[1][0]));
    expect(report.baselines.map((b) => b.name)).toEqual(['majority class', 'TF-IDF + logistic regression']);
    expect(report.timing.samplesPerSecond).toBeCloseTo(report.data.counts['train'] / 2, 6);
    expect(Object.keys(report.environment.versions)).toContain('@heddle/tensor');
    for (let i = 1; i < report.errors.length; i++) {
      expect(report.errors[i].confidence).toBeLessThanOrEqual(report.errors[i - 1].confidence);
    }
  });

  it('averages over seeds', async () => {
    const { result } = await run({ seeds: [1, 50] });
    const report = reportSchema.parse(result.json);
    expect(report.runs.map((r) => r.seed)).toEqual([1, 50]);
    expect(report.runs[0].test.logLoss).not.toBe(report.runs[1].test.logLoss);
    expect(report.metrics.test.logLoss).toBeCloseTo(
      (report.runs[0].test.logLoss + report.runs[1].test.logLoss) / 2,
      10,
    );
  });

  it('stops before training when asked to', async () => {
    await expect(run({ abort: true })).rejects.toMatchObject({ problem: 'interrupted' });
  });
});

describe('the verdict', () => {
  const { metrics } = sampleReport();
  const at = (f1: number) => ({ ...metrics.test, macroF1: f1, macroF1Interval: { low: f1 - 0.01, high: f1 + 0.01 } });
  const baseline = (f1: number) => [
    { name: 'B', metrics: { test: at(f1) } },
    { name: 'worse', metrics: { test: at(0.1) } },
  ];

  it.each([
    [0.9, 0.895, 'ahead of the best baseline, B, by 0.005 macro-F1; the 95 % intervals overlap'],
    [0.9, 0.85, 'ahead of the best baseline, B, by 0.050 macro-F1; the 95 % intervals do not overlap'],
    [0.9, 0.9, 'level with'],
    [0.85, 0.9, 'behind the best baseline, B, by 0.050 macro-F1: it has not earned its cost here'],
  ])('%d against %d', (model, best, sentence) => {
    expect(verdict(at(model), baseline(best))).toContain(sentence);
  });
});

describe('attention over words', () => {
  it('adds up the tokens of a word, gives spaces none, and sums to 1', () => {
    const words = attendedWords('Win now, friend', [
      { start: 0, end: 0, weight: 9 }, // [CLS]
      { start: 0, end: 3, weight: 1 },
      { start: 4, end: 7, weight: 2 },
      { start: 7, end: 8, weight: 1 },
    ]);
    expect(words).toEqual([
      { text: 'Win', weight: 0.25 },
      { text: ' ', weight: 0 },
      { text: 'now,', weight: 0.75 },
    ]);
  });

  it('never loses or changes a character of what it shows', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60 }),
        fc.array(fc.tuple(fc.nat(60), fc.nat(5)), { maxLength: 8 }),
        (text, cuts) => {
          const tokens = cuts.map(([start, length]) => ({
            start: Math.min(start, text.length),
            end: Math.min(start + length, text.length),
            weight: length,
          }));
          const shown = attendedWords(text, tokens)
            .map((word) => word.text)
            .join('');
          expect(text.startsWith(shown)).toBe(true);
        },
      ),
    );
  });
});
