// The command line: `bench`, `bench list`, and one subcommand a suite. Parsing and dispatch only.
import { Command } from 'commander';
import { BenchError } from './errors.js';
import { INTERRUPTED, onInterrupt } from './interrupt.js';
import { addSharedFlags, parseSharedFlags } from './options.js';
import { suites as registered } from './suites/index.js';
import type { SuiteRow } from './suites/suite.js';

const EXAMPLES = `
Examples:
  bench                                  train and score on the SpamAssassin corpus, 2 to 3 minutes
  bench --quick                          the same in small, under 20 seconds
  bench --data reviews.csv --text body --label stars
  bench --seeds 1,2,3 --out reports/three-seeds
  bench imdb --recipe ours               film reviews (the folder: --data, or HEDDLE_DATA)
  bench list                             every suite

Reports go to reports/latest: open report.html, or read report.json.`;

/** Where output goes; tests bring their own. */
export interface Streams {
  readonly out: (text: string) => unknown;
  readonly err: (text: string) => unknown;
}

/** Runs the command line and gives the exit code. Every failure ends as one plain sentence. */
export async function runProgram(
  args: readonly string[],
  streams: Streams,
  suites: readonly SuiteRow[] = registered,
): Promise<number> {
  try {
    await buildProgram(args, streams, suites).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return report(error, streams);
  }
}

function buildProgram(args: readonly string[], streams: Streams, suites: readonly SuiteRow[]): Command {
  const program = new Command('bench')
    .description('Trains and scores Heddle end to end, compares it with its peers, and writes a report.')
    .exitOverride()
    .configureOutput({ writeOut: streams.out, writeErr: streams.err })
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(bench --help shows the flags)');
  addSharedFlags(program)
    .option('--suite <name>', 'the suite to run; the same as its subcommand')
    .allowExcessArguments()
    .action((raw: Record<string, unknown>, self: Command) =>
      runSuite(pickSuite(self.args.length > 0 ? { suite: self.args[0] } : raw, suites), raw, args, streams),
    );
  program
    .command('list')
    .description('list the suites')
    .action(() => {
      const width = Math.max(...suites.map((row) => row.name.length));
      for (const row of suites) streams.out(`${row.name.padEnd(width)}  ${row.description}\n`);
    });
  for (const row of suites) {
    const command = addSharedFlags(program.command(row.name).description(row.description));
    for (const [flags, description] of row.flags ?? []) command.option(flags, description);
    // Flags may stand before the subcommand's name too; given after it, they win.
    command.action((_: unknown, self: Command) => runSuite(row, self.optsWithGlobals(), args, streams));
  }
  return program;
}

// `--suite` says it; a path as `--data` means csv; else the first suite.
function pickSuite(raw: Record<string, unknown>, suites: readonly SuiteRow[]): SuiteRow {
  const { suite, data } = raw;
  const isFile = typeof data === 'string' && !suites.some((row) => row.name === data);
  const name = suite ?? (isFile ? 'csv' : (data ?? suites[0].name));
  const found = suites.find((row) => row.name === name);
  if (found !== undefined) return found;
  const names = suites.map((row) => row.name).join(', ');
  throw new BenchError('unknown-suite', `there is no suite '${name}'; there are ${names}`);
}

async function runSuite(
  row: SuiteRow,
  raw: Record<string, unknown>,
  args: readonly string[],
  streams: Streams,
): Promise<void> {
  const startedAt = performance.now();
  const { json, ...flags } = parseSharedFlags(raw);
  const say = (line: string): void => {
    streams.err(`${line}\n`);
  };
  const { signal, release } = onInterrupt(say);
  try {
    const suite = await row.load();
    const command = ['bench', ...args].join(' ');
    const result = await suite.run({ flags, own: raw, command, signal, say, startedAt });
    streams.out(json ? `${JSON.stringify(result.json, null, 2)}\n` : `\n${result.text}\n`);
  } finally {
    release();
  }
}

function report(error: unknown, { err }: Streams): number {
  const { code, exitCode, message, stack } = error as Error & { code?: string; exitCode?: number };
  // Commander has printed its own sentence, or the help that was asked for.
  if (code?.startsWith('commander.') === true) return exitCode ?? 1;
  err(`bench: ${message ?? String(error)}\n`);
  if (process.env['HEDDLE_DEBUG'] !== undefined && stack !== undefined) err(`${stack}\n`);
  return error instanceof BenchError && error.problem === 'interrupted' ? INTERRUPTED : 1;
}
