// The shape of report.json, version 1. A change that breaks readers raises the version; docs/report.md describes it.
import { z } from 'zod';

const share = z.number().min(0).max(1);
const seconds = z.number().nonnegative();
const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const interval = z.object({ low: share, high: share });
/** A score with its 95 % interval. */
const scored = interval.extend({ value: share });

/** Scores of one classifier on one part of the data. */
export const metricSet = z.object({
  accuracy: share,
  macroF1: share,
  macroPrecision: share,
  macroRecall: share,
  microF1: share,
  mcc: z.number().min(-1).max(1),
  logLoss: z.number().nonnegative(),
  rocAuc: share.nullable(),
  averagePrecision: share.nullable(),
  calibrationError: share,
  /** 95 %, bootstrap over the examples. */
  accuracyInterval: interval,
  macroF1Interval: interval,
});

const curvePoint = z.object({
  seed: z.number().int(),
  step: count,
  epoch: z.number().nonnegative(),
  part: z.enum(['train', 'validation', 'test']),
  loss: z.number().optional(),
  accuracy: share.optional(),
});

/** A word, or a piece between words, with its share of the attention. */
const attendedWord = z.object({ text: z.string(), weight: share });

const wrongExample = z.object({
  text: z.string(),
  truth: z.string(),
  predicted: z.string(),
  confidence: share,
  words: z.array(attendedWord),
});

/** report.json of the suites that train and score a classifier. */
export const reportSchema = z.object({
  version: z.literal(1),
  suite: z.string(),
  title: z.string(),
  createdAt: z.iso.datetime(),
  command: z.string(),
  quick: z.boolean(),
  data: z.object({
    name: z.string(),
    checksum: sha256,
    labels: z.array(z.string()).min(2),
    counts: z.record(z.string(), count),
    notes: z.array(z.string()),
  }),
  model: z.object({
    description: z.string(),
    parameters: count,
    config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  seed: z.number().int(),
  /** One entry a seed; `metrics` below is the first's, or with several their mean. */
  runs: z
    .array(z.object({ seed: z.number().int(), test: metricSet, trainSeconds: seconds, weightsChecksum: sha256 }))
    .min(1),
  metrics: z.object({ validation: metricSet, test: metricSet }),
  baselines: z.array(
    z.object({ name: z.string(), description: z.string(), metrics: z.object({ test: metricSet }), seconds }),
  ),
  /** One sentence: what the comparison with the baselines says. */
  verdict: z.string(),
  perClass: z.array(z.object({ label: z.string(), support: count, precision: scored, recall: scored, f1: scored })),
  /** Rows: true class; columns: predicted class. */
  confusion: z.object({ labels: z.array(z.string()), matrix: z.array(z.array(count)) }),
  calibration: z.object({
    error: share,
    bins: z.array(z.object({ lower: share, upper: share, count, confidence: share, accuracy: share })),
  }),
  curves: z.array(curvePoint),
  errors: z.array(wrongExample),
  timing: z.object({
    totalSeconds: seconds,
    dataSeconds: seconds,
    tokenizerSeconds: seconds,
    trainSeconds: seconds,
    evaluateSeconds: seconds,
    samplesPerSecond: z.number().nonnegative(),
    tokensPerSecond: z.number().nonnegative(),
  }),
  memory: z.object({ peakBytes: count }),
  environment: z.object({
    node: z.string(),
    platform: z.string(),
    cpu: z.string(),
    cores: count,
    backend: z.string(),
    threads: count,
    simd: z.string(),
    blas: z.string(),
    versions: z.record(z.string(), z.string()),
  }),
});

export type Report = z.infer<typeof reportSchema>;
export type MetricSet = z.infer<typeof metricSet>;
export type CurvePoint = z.infer<typeof curvePoint>;
export type WrongExample = z.infer<typeof wrongExample>;
export type Environment = Report['environment'];
