// A made-up report for the tests of the page and the writer, with the nastiest content that a mail can bring.
import type { MetricSet, Report } from '../src/report/schema.js';

/** Text that is an attack wherever it lands unescaped. */
export const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)>"\' &lt; \u0000\u2028';

const metrics = (f1: number): MetricSet => ({
  accuracy: f1 + 0.005,
  macroF1: f1,
  macroPrecision: f1,
  macroRecall: f1,
  microF1: f1 + 0.005,
  mcc: 2 * f1 - 1,
  logLoss: 1.2 - f1,
  rocAuc: Math.min(1, f1 + 0.01),
  averagePrecision: f1,
  calibrationError: 0.012,
  accuracyInterval: { low: f1 - 0.005, high: Math.min(1, f1 + 0.015) },
  macroF1Interval: { low: f1 - 0.012, high: Math.min(1, f1 + 0.011) },
});

const curve = Array.from({ length: 40 }, (_, i) => ({
  seed: 1,
  step: i * 10,
  epoch: i / 10,
  part: 'train' as const,
  loss: 0.65 * Math.exp(-i / 9) + 0.04 + 0.02 * Math.sin(i * 2),
}));

/** Everything filled in. */
export function sampleReport(changes: Partial<Report> = {}): Report {
  const words =
    'Congratulations! You have been selected to receive a free prize. Click here to claim it now, no obligation.'
      .split(/(\s+)/)
      .map((text, i) => ({ text, weight: text.trim() === '' ? 0 : ((i * 37) % 19) / 60 }));
  return {
    version: 1,
    suite: 'spam',
    title: 'Spam or ham',
    createdAt: '2026-11-24T04:00:00.000Z',
    command: 'bench --seeds 1',
    quick: false,
    data: {
      name: 'SpamAssassin public corpus',
      checksum: 'ab'.repeat(32),
      labels: ['ham', 'spam'],
      counts: { messages: 6046, 'near duplicates': 553, train: 3856, validation: 429, test: 1071 },
      notes: ['Headers are dropped but for the subject.'],
    },
    model: { description: 'transformer, 2 layers', parameters: 642_178, config: { dim: 64, layers: 2, heads: 4 } },
    seed: 1,
    runs: [{ seed: 1, test: metrics(0.975), trainSeconds: 92, weightsChecksum: 'cd'.repeat(32) }],
    metrics: { validation: metrics(0.978), test: metrics(0.975) },
    baselines: [
      { name: 'majority class', description: 'always ham', metrics: { test: metrics(0.43) }, seconds: 0 },
      { name: 'TF-IDF + logistic regression', description: 'C = 100', metrics: { test: metrics(0.97) }, seconds: 4.2 },
    ],
    verdict: 'The transformer is ahead of TF-IDF + logistic regression by 0.005 macro-F1; the intervals overlap.',
    perClass: ['ham', 'spam'].map((label, k) => ({
      label,
      support: k ? 266 : 805,
      precision: { value: 0.98 - k * 0.01, low: 0.97 - k * 0.02, high: 0.99 },
      recall: { value: 0.985 - k * 0.02, low: 0.975 - k * 0.03, high: 0.992 - k * 0.005 },
      f1: { value: 0.983 - k * 0.016, low: 0.974 - k * 0.02, high: 0.99 - k * 0.008 },
    })),
    confusion: {
      labels: ['ham', 'spam'],
      matrix: [
        [793, 12],
        [10, 256],
      ],
    },
    calibration: {
      error: 0.012,
      bins: [0.55, 0.65, 0.75, 0.85, 0.97].map((confidence, i) => ({
        lower: 0.5 + i / 10,
        upper: 0.6 + i / 10,
        count: [9, 12, 20, 45, 985][i],
        confidence,
        accuracy: confidence - 0.04 + i * 0.01,
      })),
    },
    curves: [
      ...curve,
      ...[1, 2, 3, 4].map((epoch) => ({
        seed: 1,
        step: epoch * 97,
        epoch,
        part: 'validation' as const,
        loss: 0.2 / epoch + 0.05,
        accuracy: 0.99 - 0.03 / epoch,
      })),
    ],
    errors: [
      { text: words.map((w) => w.text).join(''), truth: 'ham', predicted: 'spam', confidence: 0.991, words },
      { text: HOSTILE, truth: 'ham', predicted: 'spam', confidence: 0.9, words: [{ text: HOSTILE, weight: 0.4 }] },
      { text: HOSTILE, truth: 'spam', predicted: 'ham', confidence: 0.8, words: [] },
    ],
    timing: {
      totalSeconds: 121,
      dataSeconds: 9.6,
      tokenizerSeconds: 2.5,
      trainSeconds: 92,
      evaluateSeconds: 3.1,
      samplesPerSecond: 168,
      tokensPerSecond: 31_250,
    },
    memory: { peakBytes: 612_000_000 },
    environment: {
      node: '20.20.2',
      platform: 'linux x64',
      cpu: 'Some CPU',
      cores: 2,
      backend: 'wasm',
      threads: 2,
      simd: 'plain',
      blas: 'none',
      versions: { '@heddle/tensor': '0.1.0' },
    },
    ...changes,
  };
}
