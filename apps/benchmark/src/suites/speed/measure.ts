// What the two speed suites have in common: measure in turn, compare, and leave a JSON file and a page.
import { join } from 'node:path';
import { BenchError } from '../../errors.js';
import { checkOutput, writeWhole } from '../../report/write-report.js';
import { overheadRemarks, softwareRemarks } from '../gpu/remarks.js';
import type { SuiteContext, SuiteResult } from '../suite.js';
import { alternate, type Clock } from './alternate.js';
import { describe } from './environment.js';
import { historyFolder } from './folders.js';
import { earlier, heddleVersion, record } from './history.js';
import { renderSpeedPage } from './page.js';
import { ratios, table } from './ratios.js';
import { type SpeedReport, speedReport } from './schema.js';
import type { Lineup } from './systems.js';

/** What is measured. */
export interface Plan {
  readonly suite: SpeedReport['suite'];
  readonly lineup: Lineup;
  readonly workloads: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly clock: Clock;
  /** Whether the report is kept in docs/benchmarks, under the version of the packages. */
  readonly record: boolean;
}

/** Measures, prints, and writes `latest.json` and `latest.html`. */
export async function measure(plan: Plan, { flags, command, signal, say }: SuiteContext): Promise<SuiteResult> {
  const folder = flags.out === 'reports/latest' ? `reports/${plan.suite}` : flags.out;
  await checkOutput(folder);
  for (const line of plan.lineup.skipped) say(`skipped: ${line}`);
  const { systems, skipped } = plan.lineup;
  const { rounds: count, seconds, clock } = plan;
  const rounds = await alternate(systems, plan.workloads, { rounds: count, seconds, clock, signal, say });
  if (rounds.rows.length === 0) {
    throw new BenchError('nothing-measured', `nothing ran: ${[...skipped, ...rounds.failures].join('; ')}`);
  }
  const found = ratios(rounds.rows);
  const remarks = [...softwareRemarks(rounds.ran), ...overheadRemarks(rounds.rows)];
  const report = speedReport.parse({
    version: 1,
    suite: plan.suite,
    createdAt: new Date().toISOString(),
    heddle: heddleVersion(),
    command,
    quick: flags.quick,
    clock,
    environment: describe(rounds.ran),
    rows: rounds.rows,
    ratios: found,
    skipped: [...skipped, ...rounds.failures.map((failure) => `${failure}: failed`)],
    disagreements: rounds.disagreements,
    remarks,
  });
  await writeWhole(join(folder, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  const docs = historyFolder();
  await writeWhole(join(folder, 'latest.html'), renderSpeedPage(report, await earlier(docs, report)));
  if (plan.record) say(`recorded as ${await record(docs, report)}`);
  const { cpu, cpuFlags, loadAverage } = report.environment;
  const head = `${cpu} (${cpuFlags.join(' ')}), load ${loadAverage.toFixed(1)}, ${clock} time; × is a peer's best setting over Heddle`;
  const warnings = rounds.disagreements.map((line) => `differs: ${line}`);
  const text = [head, table(rounds.rows, found), ...remarks, ...warnings, `${folder}/latest.html`].join('\n');
  return { text, json: report };
}

/** The clock that `--clock` names. */
export function clockOf(given: unknown): Clock {
  if (given === undefined || given === 'wall') return 'wall';
  if (given === 'processor') return 'processor';
  throw new BenchError('bad-option', `--clock: expected wall or processor, got '${String(given)}'`);
}
