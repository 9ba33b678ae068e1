// Runs systems in turn, round after round, never two at once: whatever else the machine does then hits all alike.

import { spawn } from 'node:child_process';
import { z } from 'zod';
import { median } from '../../median.js';
import type { Row } from './schema.js';
import { mode } from './schema.js';
import type { System } from './systems.js';

const measurement = z.object({
  workload: z.string(),
  mode,
  medianMs: z.number(),
  peakBytes: z.number(),
  check: z.array(z.number()),
  flops: z.number().optional(),
  bytes: z.number().optional(),
});
const about = z.object({ ran: z.record(z.string(), z.unknown()) });

type Measurement = z.infer<typeof measurement>;

/** What the rounds gave. */
export interface Rounds {
  readonly rows: readonly Row[];
  /** What a system said that it ran on. */
  readonly ran: Readonly<Record<string, unknown>>;
  /** Processes that failed, one line each. */
  readonly failures: readonly string[];
  /** Numbers that differ between systems, one line each. */
  readonly disagreements: readonly string[];
}

/** What times are: the processor's, of all threads together, for machines that do other things beside. */
export type Clock = 'wall' | 'processor';

/** How long and how often to measure. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Measures every system on every workload. */
export async function alternate(
  systems: readonly System[],
  workloads: readonly string[],
  effort: Effort,
): Promise<Rounds> {
  const found = new Map<string, { system: System; all: Measurement[] }>();
  const ran: Record<string, unknown> = {};
  const failures = new Set<string>();
  for (const workload of workloads) {
    for (let round = 0; round < effort.rounds; round++) {
      for (const system of systems) {
        const modes = system.modes(workload);
        const name = `${system.system}, ${system.setting}`;
        if (modes.length === 0 || failures.has(`${name}: ${workload}`)) continue;
        effort.say(`${workload}, round ${round + 1} of ${effort.rounds}: ${name}`);
        const more = ['--load', workload, '--modes', modes.join(','), '--seconds', String(effort.seconds)];
        const { lines, problem } = await run(system, more, effort);
        if (problem !== null) {
          failures.add(`${name}: ${workload}`);
          effort.say(`  failed: ${problem}`);
        }
        for (const line of lines) {
          const said = about.safeParse(line);
          if (said.success) ran[name] = said.data.ran;
          const measured = measurement.safeParse(line);
          if (!measured.success) continue;
          const key = `${measured.data.workload} ${measured.data.mode} ${name}`;
          const entry = found.get(key) ?? { system, all: [] };
          entry.all.push(measured.data);
          found.set(key, entry);
        }
      }
    }
  }
  const rows = [...found.values()].map(({ system, all }) => summary(system, all));
  return { rows, ran, failures: [...failures], disagreements: compare([...found.values()]) };
}

function summary({ system, setting }: System, all: readonly Measurement[]): Row {
  const times = all.map((m) => m.medianMs);
  const { workload, mode, flops, bytes } = all[0];
  return {
    workload,
    mode,
    system,
    setting,
    medianMs: median(times),
    minMs: Math.min(...times),
    maxMs: Math.max(...times),
    runs: times.length,
    peakBytes: Math.max(...all.map((m) => m.peakBytes)),
    ...(flops === undefined ? {} : { flops }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

// The same weights and inputs everywhere: so must the logits be, and the first losses.
function compare(found: readonly { system: System; all: readonly Measurement[] }[]): string[] {
  const lines: string[] = [];
  for (const { system, all } of found) {
    const [own] = all;
    const first = found.find(({ all: [other] }) => other.workload === own.workload && other.mode === own.mode);
    const wanted = first?.all[0].check ?? [];
    const size = Math.sqrt(wanted.reduce((sum, x) => sum + x * x, 0) / Math.max(1, wanted.length));
    own.check.forEach((x, i) => {
      if (i < wanted.length && !(Math.abs(x - wanted[i]) <= 1e-3 * (Math.abs(wanted[i]) + size))) {
        lines.push(
          `${own.workload} ${own.mode}: ${system.system} gives ${x} where ${first?.system.system} gives ${wanted[i]}`,
        );
      }
    });
  }
  return lines;
}

function run(
  { file, args, env, cwd }: System,
  more: readonly string[],
  { clock, signal }: Effort,
): Promise<{ lines: unknown[]; problem: string | null }> {
  return new Promise((resolve) => {
    const all = { ...process.env, ...env, HEDDLE_BENCH_CLOCK: clock };
    const child = spawn(file, [...args, ...more], { cwd, env: all, signal, timeout: 600_000 });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    child.on('error', (error) => resolve({ lines: [], problem: error.message }));
    child.on('close', (code) => {
      const lines = out
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line): unknown => JSON.parse(line));
      resolve({ lines, problem: code === 0 ? null : `exit code ${code}: ${reasonOf(errors)}` });
    });
  });
}

/** The line that says why a process ended: what it threw before what a driver, which it asked, warned of. */
function reasonOf(errors: string): string {
  const lines = errors.trim().split('\n');
  const thrown = lines.find((line) => /^\w*(?:Error|Exception|Lost|Exceeded|Memory): /.test(line));
  return thrown ?? lines.find((line) => /error/i.test(line)) ?? lines[lines.length - 1];
}
