// Reports of earlier versions, kept in docs/benchmarks as SUITE-VERSION.json. Only ratios of them are shown: times of
// different machines can't be compared.
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { writeWhole } from '../../report/write-report.js';
import { type SpeedReport, speedReport } from './schema.js';

/** Version of the packages that are measured. */
export function heddleVersion(): string {
  const manifest: { version: string } = createRequire(import.meta.url)('@heddle/tensor/package.json');
  return manifest.version;
}

/** Keeps a report; a later one of the same version takes its place. Returns the file's name. */
export async function record(
  folder: string,
  report: { readonly suite: string; readonly heddle: string },
): Promise<string> {
  const name = `${report.suite}-${report.heddle}.json`;
  await writeWhole(join(folder, name), `${JSON.stringify(report, null, 1)}\n`);
  return name;
}

/** The suite's reports in a folder that are older than the given one, the newest first. Others' files are passed over. */
export async function earlier(folder: string, { suite, createdAt }: SpeedReport): Promise<readonly SpeedReport[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const own = names.filter((name) => name.startsWith(`${suite}-`) && name.endsWith('.json'));
  const parsed = await Promise.all(own.map(async (name) => speedReport.safeParse(await read(join(folder, name)))));
  return parsed
    .flatMap(({ data }) => (data === undefined || data.createdAt >= createdAt ? [] : [data]))
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

async function read(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}
