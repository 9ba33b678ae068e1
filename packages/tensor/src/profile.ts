// Where the time goes: every kernel's time, work and traffic while a function runs, as a table and as a trace.
import { BYTES_PER_ELEMENT } from './dtype';
import { requireFunction } from './lifetime';
import { runtime } from './runtime';
import { type Shape, sizeOf } from './shape';
import type { AnyTensor } from './tensor';

/** Which half of training a kernel belongs to. */
export type Phase = 'forward' | 'backward' | 'update';

/** One kernel call. */
export interface KernelCall {
  readonly op: string;
  readonly phase: Phase;
  /** Milliseconds since the profile began. */
  readonly start: number;
  readonly milliseconds: number;
  /** Floating-point operations of matrix products; 0 for ops that only move or map data. */
  readonly flops: number;
  /** Bytes of the inputs and the output. */
  readonly bytes: number;
}

/** All calls of one op in one phase. */
export interface ProfileRow {
  readonly op: string;
  readonly phase: Phase;
  readonly calls: number;
  readonly milliseconds: number;
  /** Floating-point operations in all. */
  readonly flops: number;
  /** Bytes of inputs and outputs in all. */
  readonly bytes: number;
  readonly gflops: number;
  /** Gigabytes a second. */
  readonly bandwidth: number;
}

/** Gathers kernel calls. Dispatch asks `runtime.profiler` for it. */
export interface Recorder {
  /** Notes a kernel that began at `start` and has just ended. */
  record(op: string, phase: Phase, start: number, inputs: readonly AnyTensor[], out: Shape, flops: number): void;
}

/** The calls of one profile. */
class Profiler implements Recorder {
  readonly calls: KernelCall[] = [];
  private readonly began = performance.now();

  record(op: string, phase: Phase, start: number, inputs: readonly AnyTensor[], out: Shape, flops: number): void {
    let elements = sizeOf(out);
    for (const x of inputs) elements += x.size;
    this.calls.push({
      op,
      phase,
      start: start - this.began,
      milliseconds: performance.now() - start,
      flops,
      bytes: elements * BYTES_PER_ELEMENT,
    });
  }
}

// Profiles that run. They may be nested, or overlap where they wait: a kernel is noted in each.
const open = new Set<Profiler>();
const all: Recorder = {
  record(...call) {
    for (const profiler of open) profiler.record(...call);
  },
};

/** What `profile` gives. */
export interface Profile<T> {
  /** What the function returned. */
  readonly result: T;
  /** Milliseconds that the function ran in all, kernels and everything between them. */
  readonly milliseconds: number;
  readonly calls: readonly KernelCall[];
  /** One row an op and phase, longest first. */
  readonly rows: readonly ProfileRow[];
  /** The rows as aligned text. */
  table(): string;
  /** A Chrome trace: save it and open it in chrome://tracing or ui.perfetto.dev. */
  trace(): string;
}

/**
 * Runs `fn` and measures every kernel in it. On wasm a kernel ends before its call returns, so times are the kernels' own;
 * on a GPU, and on a page whose engine runs in a worker, they are the times to submit them. `fn` is given the list of
 * calls, which grows as it runs.
 *
 * @example
 * ```ts
 * import { init, ones, profile } from '@heddle/tensor';
 * await init();
 * const { table } = await profile(() => ones([64, 64]).matmul(ones([64, 64])));
 * console.log(table());
 * ```
 */
export async function profile<T>(fn: (calls: readonly KernelCall[]) => T | Promise<T>): Promise<Profile<T>> {
  requireFunction('profile', 'fn', fn);
  const profiler = new Profiler();
  const start = performance.now();
  open.add(profiler);
  runtime.profiler = all;
  try {
    const result = await fn(profiler.calls);
    const milliseconds = performance.now() - start;
    const rows = summarize(profiler.calls);
    return {
      result,
      milliseconds,
      calls: profiler.calls,
      rows,
      table: () => tableOf(rows, milliseconds),
      trace: () => traceOf(profiler.calls),
    };
  } finally {
    open.delete(profiler);
    if (open.size === 0) runtime.profiler = null;
  }
}

function summarize(calls: readonly KernelCall[]): ProfileRow[] {
  const groups = new Map<string, KernelCall[]>();
  for (const call of calls) {
    const key = `${call.op} ${call.phase}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [call]);
    else group.push(call);
  }
  const total = (group: readonly KernelCall[], of: (call: KernelCall) => number): number =>
    group.reduce((sum, call) => sum + of(call), 0);
  return [...groups.values()]
    .map((group) => {
      const milliseconds = total(group, (call) => call.milliseconds);
      const perSecond = milliseconds === 0 ? 0 : 1e-6 / milliseconds;
      const [flops, bytes] = [total(group, (call) => call.flops), total(group, (call) => call.bytes)];
      return {
        op: group[0].op,
        phase: group[0].phase,
        calls: group.length,
        milliseconds,
        flops,
        bytes,
        gflops: flops * perSecond,
        bandwidth: bytes * perSecond,
      };
    })
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

function tableOf(rows: readonly ProfileRow[], milliseconds: number): string {
  const header = ['op', 'phase', 'calls', 'ms', '%', 'GFLOP/s', 'MB', 'GB/s'];
  const body = rows.map((row) => [
    row.op,
    row.phase,
    String(row.calls),
    row.milliseconds.toFixed(2),
    ((100 * row.milliseconds) / milliseconds).toFixed(1),
    row.gflops === 0 ? '' : row.gflops.toFixed(1),
    (row.bytes / 1e6).toFixed(1),
    row.bandwidth.toFixed(1),
  ]);
  const inKernels = rows.reduce((sum, row) => sum + row.milliseconds, 0);
  body.push([
    'between kernels',
    '',
    '',
    (milliseconds - inKernels).toFixed(2),
    ((100 * (milliseconds - inKernels)) / milliseconds).toFixed(1),
    '',
    '',
    '',
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...body.map((cells) => cells[i].length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return [header, ...body].map(line).join('\n');
}

function traceOf(calls: readonly KernelCall[]): string {
  const traceEvents = calls.map(({ op, phase, start, milliseconds, flops, bytes }) => ({
    name: op,
    cat: phase,
    ph: 'X',
    ts: start * 1000,
    dur: milliseconds * 1000,
    pid: 1,
    tid: 1,
    args: { flops, bytes },
  }));
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents });
}
