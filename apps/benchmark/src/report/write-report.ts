// Puts a report on disk: checked against the schema, then both files by a temporary name and a rename, so that a reader
// never sees half of one and a full disk leaves the last report whole.
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BenchError } from '../errors.js';
import { renderPage } from './page.js';
import { type Report, reportSchema } from './schema.js';

/** Where the two files lie. */
export interface WrittenReport {
  readonly json: string;
  readonly html: string;
}

/** Makes sure that reports can go to `folder`. Called before the work, not after. */
export async function checkOutput(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null);
  if (found !== null && !found.isDirectory()) {
    throw new BenchError('output-is-a-file', `--out: ${folder} is a file; name a folder for the report`);
  }
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new BenchError('output-not-writable', `--out: ${folder} cannot be made: ${(error as Error).message}`);
  }
}

/** Writes report.json and report.html. */
export async function writeReport(report: Report, folder: string): Promise<WrittenReport> {
  const checked = reportSchema.parse(report);
  await checkOutput(folder);
  const json = join(folder, 'report.json');
  const html = join(folder, 'report.html');
  await writeWhole(json, `${JSON.stringify(checked, null, 2)}\n`);
  await writeWhole(html, await renderPage(checked));
  return { json, html };
}

/** Writes a file so that it is there either as before or whole. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new BenchError('output-not-writable', `${path} could not be written: ${(error as Error).message}`);
  }
}
