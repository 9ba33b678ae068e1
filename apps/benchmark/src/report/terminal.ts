// The report as a short table for the terminal.
import { bytes, count, duration, percent, score } from './format.js';
import type { Report } from './schema.js';

/** A few lines: model and baselines, what it took, what ran. */
export function renderTerminal(report: Report): string {
  const { metrics, baselines, model, timing, memory, environment: e, perClass } = report;
  const interval = metrics.test.macroF1Interval;
  const rows = [
    ['', 'macro-F1', 'accuracy', 'training'],
    [model.description, score(metrics.test.macroF1), percent(metrics.test.accuracy), duration(timing.trainSeconds)],
    ...baselines.map((b) => [
      b.name,
      score(b.metrics.test.macroF1),
      percent(b.metrics.test.accuracy),
      duration(b.seconds),
    ]),
  ];
  return [
    report.title,
    '',
    ...columns(rows),
    '',
    `macro-F1 between ${score(interval.low)} and ${score(interval.high)} (95 %); ${perClass
      .slice(0, 6)
      .map((c) => `F1 of ${c.label} ${score(c.f1.value)}`)
      .join(', ')}`,
    `${count(timing.samplesPerSecond)} samples/s, ${count(timing.tokensPerSecond)} tokens/s, ${bytes(memory.peakBytes)} at the peak, ${duration(timing.totalSeconds)} in all`,
    `${e.backend}, ${e.threads} ${e.threads === 1 ? 'thread' : 'threads'}, SIMD ${e.simd}, BLAS ${e.blas}, Node ${e.node}`,
    '',
    report.verdict,
  ].join('\n');
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, k) => Math.max(...rows.map((row) => row[k].length)));
  return rows.map((row) =>
    row
      .map((cell, k) => (k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k] + 2)))
      .join('')
      .trimEnd(),
  );
}
