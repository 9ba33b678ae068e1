// The shared flags of the command line: how they are described, and how their values are checked.
import { type Command, Option } from 'commander';
import { BenchError } from './errors.js';
import type { SuiteFlags } from './suites/suite.js';

/** Adds the shared flags to a command. */
export function addSharedFlags(command: Command): Command {
  return command
    .option('--data <name|path>', "'spam', a .csv, .tsv or .jsonl file, or a suite's data folder")
    .option('--text <column>', 'the column that holds the texts (found by name otherwise)')
    .option('--label <column>', 'the column that holds the labels (found by name otherwise)')
    .option('--out <folder>', 'where the report goes', 'reports/latest')
    .option('--seeds <list>', 'train once for each of these seeds, e.g. 1,2,3', '1')
    .addOption(
      new Option('--backend <name>', 'what computes').choices(['auto', 'wasm', 'gpu', 'reference']).default('wasm'),
    )
    .option('--threads <n>', 'threads to compute with (default: as many as there are cores)')
    .option('--quick', 'a small model on a part of the data, in under 20 seconds', false)
    .option('--resume', 'go on with a run that was stopped', false)
    .option('--json', 'print the report as JSON instead of a table', false);
}

/** Checks the values that commander leaves as text. */
export function parseSharedFlags(raw: Readonly<Record<string, unknown>>): SuiteFlags & { readonly json: boolean } {
  const text = (name: string): string | undefined => (typeof raw[name] === 'string' ? raw[name] : undefined);
  const threads = text('threads');
  const optional = { data: text('data'), text: text('text'), label: text('label') };
  return {
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    out: text('out') ?? 'reports/latest',
    seeds: parseSeeds(text('seeds') ?? '1'),
    backend: raw['backend'] as SuiteFlags['backend'],
    ...(threads === undefined ? {} : { threads: parseThreads(threads) }),
    quick: raw['quick'] === true,
    resume: raw['resume'] === true,
    json: raw['json'] === true,
  };
}

/** The names of a list such as `gpt2,cl100k`; `fallback` where none is given. */
export function named<T extends string>(
  flag: string,
  given: unknown,
  fallback: readonly T[],
  known: readonly T[] = fallback,
): readonly T[] {
  if (typeof given !== 'string') return fallback;
  return given.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined) throw new BenchError('bad-option', `${flag}: ${name} is none of ${known.join(', ')}`);
    return found;
  });
}

function parseSeeds(list: string): number[] {
  const seeds = list.split(',').map((part) => Number(part.trim() === '' ? Number.NaN : part));
  if (seeds.some((seed) => !Number.isSafeInteger(seed) || seed < 0)) {
    throw new BenchError('bad-option', `--seeds: expected whole numbers such as 1,2,3, got '${list}'`);
  }
  if (new Set(seeds).size < seeds.length) {
    throw new BenchError('bad-option', `--seeds: each seed once, got '${list}'`);
  }
  return seeds;
}

function parseThreads(value: string): number {
  const threads = Number(value);
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new BenchError('bad-option', `--threads: expected a whole number from 1 to 256, got '${value}'`);
  }
  return threads;
}
