// Heddle beside its peers, and beside itself on one thread: ratios of medians, and the tables that people read.
import type { Ratio, Row } from './schema.js';

/** What Heddle itself on one thread is called among the peers. */
export const ONE_THREAD = 'heddle on 1 thread';

/** The peer's time over Heddle's, for each of Heddle's settings and the best setting of each peer. */
export function ratios(rows: readonly Row[]): Ratio[] {
  const own = rows.filter((row) => row.system === 'heddle');
  return own.flatMap((row) => {
    const { workload, mode, setting } = row;
    const same = rows.filter((other) => other.workload === workload && other.mode === mode);
    const others = same.filter((other) => other.system !== 'heddle');
    const peers = [...new Set(others.map((other) => other.system))];
    const beside = (peer: string, group: readonly Row[]): Ratio => {
      const best = group.reduce((a, b) => (b.medianMs < a.medianMs ? b : a));
      const [ratio, memory] = [best.medianMs / row.medianMs, row.peakBytes / best.peakBytes];
      return { workload, mode, setting, peer, ratio, memory };
    };
    const found = peers.map((peer) =>
      beside(
        peer,
        others.filter((other) => other.system === peer),
      ),
    );
    const single = same.filter(
      (other) => other.system === 'heddle' && other.setting === setting.replace(/\d+ threads$/, '1 thread'),
    );
    return setting.endsWith('threads') && single.length > 0 ? [...found, beside(ONE_THREAD, single)] : found;
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
      const time = `${milliseconds(row.medianMs).padStart(8)} ms ${spread.padEnd(20)}`;
      lines.push(`  ${name.padEnd(66)} ${time} ${rate(row).padEnd(rate(row) === '' ? 0 : 16)} ${factors}`.trimEnd());
    }
  }
  return lines.join('\n');
}

/** What the modes are called. */
export const MODES: Readonly<Record<Row['mode'], string>> = {
  train: 'training step',
  infer: 'inference',
  infer1: 'inference, batch of one',
  generate: 'generation, a token',
  load: 'loading a checkpoint',
  kernel: 'kernel',
};

/** Workloads and modes in the order they were measured. */
export function groups(rows: readonly Row[]): Pick<Row, 'workload' | 'mode'>[] {
  const seen = new Map(rows.map(({ workload, mode }) => [`${workload} ${mode}`, { workload, mode }]));
  return [...seen.values()];
}

/** A row's rate, as its kind asks for: GFLOP/s, GB/s, tokens a second, memory at the peak; empty where none says anything. */
export function rate({ mode, medianMs, peakBytes, flops, bytes }: Row): string {
  if (mode === 'load' && bytes !== undefined) return `${(peakBytes / bytes).toFixed(2)}× its size`;
  if (flops !== undefined) return `${(flops / medianMs / 1e6).toFixed(1)} GFLOP/s`;
  if (bytes !== undefined) return `${(bytes / medianMs / 1e6).toFixed(1)} GB/s`;
  return mode === 'generate' ? `${(1000 / medianMs).toFixed(1)} tokens/s` : '';
}

/** Milliseconds with three digits that matter. */
export function milliseconds(value: number): string {
  if (value < 0.1) return value.toFixed(4);
  if (value < 10) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
