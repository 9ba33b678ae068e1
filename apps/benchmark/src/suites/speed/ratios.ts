// Heddle beside its peers: ratios of medians, and the tables that people read.
import type { Ratio, Row } from './schema.js';

/** The peer's time over Heddle's, for each of Heddle's settings and the best setting of each peer. */
export function ratios(rows: readonly Row[]): Ratio[] {
  const own = rows.filter((row) => row.system === 'heddle');
  return own.flatMap(({ workload, mode, setting, medianMs }) => {
    const others = rows.filter((row) => row.system !== 'heddle' && row.workload === workload && row.mode === mode);
    const peers = [...new Set(others.map((row) => row.system))];
    return peers.map((peer) => {
      const best = Math.min(...others.filter((row) => row.system === peer).map((row) => row.medianMs));
      return { workload, mode, setting, peer, ratio: best / medianMs };
    });
  });
}

/** The rows as an aligned table, workload by workload. */
export function table(rows: readonly Row[], all: readonly Ratio[]): string {
  const lines: string[] = [];
  for (const { workload, mode } of groups(rows)) {
    lines.push(`${workload}, ${MODES[mode]}`);
    const group = rows.filter((row) => row.workload === workload && row.mode === mode);
    for (const row of [...group].sort((a, b) => a.medianMs - b.medianMs)) {
      const spread = `[${milliseconds(row.minMs)}–${milliseconds(row.maxMs)}]`;
      const name = `${row.system}, ${row.setting}`;
      const beside = all.filter((r) => r.workload === workload && r.mode === mode && r.setting === row.setting);
      const factors = row.system === 'heddle' ? beside.map((r) => `${r.ratio.toFixed(2)}× ${r.peer}`).join(', ') : '';
      lines.push(
        `  ${name.padEnd(66)} ${milliseconds(row.medianMs).padStart(8)} ms ${spread.padEnd(20)} ${factors}`.trimEnd(),
      );
    }
  }
  return lines.join('\n');
}

/** What the modes are called. */
export const MODES: Readonly<Record<Row['mode'], string>> = {
  train: 'training step',
  infer: 'inference',
  infer1: 'inference, batch of one',
  generate: 'generation',
  kernel: 'kernel',
};

/** Workloads and modes in the order they were measured. */
export function groups(rows: readonly Row[]): Pick<Row, 'workload' | 'mode'>[] {
  const seen = new Map(rows.map(({ workload, mode }) => [`${workload} ${mode}`, { workload, mode }]));
  return [...seen.values()];
}

/** Milliseconds with three digits that matter. */
export function milliseconds(value: number): string {
  if (value < 10) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
