// Files as datasets: the user's own, and the IMDb files that have to be the right ones.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runBaselines } from '../src/baselines/run-baselines.js';
import { checksum } from '../src/data/checksum.js';
import { labelIds } from '../src/data/dataset.js';
import { loadImdb } from '../src/data/imdb.js';
import { loadTable } from '../src/data/table.js';
import { SMALL, scaledTo } from '../src/model/recipes.js';
import { decide, scoreAll } from '../src/report/score.js';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'data-'));

/** Rows that can be told apart by one word, among words that say nothing. */
function rows(n: number): string[] {
  return Array.from({ length: n }, (_, i) => {
    const noise = Array.from({ length: 8 }, (_, k) => `n${(i * 7 + k * 13) % 31}`).join(' ');
    return `${i % 3 === 0 ? 'good' : 'bad'},"row ${i} ${noise} ${i % 3 === 0 ? 'fine' : 'poor'}"`;
  });
}

async function csv(lines: readonly string[]): Promise<string> {
  const path = join(await folder(), 'reviews.csv');
  await writeFile(path, `label,text\n${lines.join('\n')}\n`);
  return path;
}

describe('a file of the user', () => {
  it('is freed of repeats, then split; no text stands in two parts', async () => {
    const lines = rows(120);
    const data = await loadTable(await csv([...lines, ...lines.slice(0, 20)]));
    expect(data.counts).toMatchObject({ rows: 140, 'exact duplicates': 20, used: 120 });
    const parts = [data.train, data.validation, data.test].map((part) => part.map((row) => row.text));
    expect(new Set(parts.flat()).size).toBe(120);
    expect(parts[2].length).toBe(24);
    expect(data.labels).toEqual(['bad', 'good']);
    expect((await loadTable(await csv([...lines, ...lines.slice(0, 20)]))).checksum).toBe(data.checksum);
  });

  it('is thinned out evenly for a quick look, where it is long', async () => {
    const data = await loadTable(await csv(rows(120)), { atMost: 50 });
    expect(data.counts).toMatchObject({ rows: 120, used: 50 });
    expect(data.notes.at(-1)).toBe('Only 50 of the rows were used.');
    expect((await loadTable(await csv(rows(120)), { atMost: 120 })).counts['used']).toBe(120);
  });

  it('gets more epochs where it is short, and fewer where it is long', () => {
    const recipe = { ...SMALL, epochs: 6, batchSize: 16 };
    expect([10, 100, 400, 4_000, 40_000, 400_000].map((n) => scaledTo(n, recipe).epochs)).toEqual([
      30, 30, 12, 6, 2, 1,
    ]);
    expect(scaledTo(4_000, recipe)).toEqual(recipe);
  });

  it('is refused with one class', async () => {
    await expect(loadTable(await csv(rows(60).filter((line) => line.startsWith('bad'))))).rejects.toThrow("'bad'");
  });

  it('is learned by the linear baseline and not by the majority class', async () => {
    const data = await loadTable(await csv(rows(150)));
    const started: string[] = [];
    const results = await runBaselines(data, { C: [1, 100], nbSvm: true, onStart: (name) => started.push(name) });
    const truth = labelIds(data.test, data.labels);
    const [majority, linear, nbSvm] = results.map((r) => scoreAll(truth, r.test).macroF1);
    expect(results.map((r) => r.name)).toEqual(started);
    expect(new Set(decide(results[0].test)).size).toBe(1);
    expect(majority).toBeLessThan(0.5);
    expect(linear).toBeGreaterThan(0.95);
    expect(nbSvm).toBeGreaterThan(0.95);
  });
});

describe('IMDb', () => {
  it('says what is missing and where to put it', async () => {
    await expect(loadImdb({ folder: '/nowhere' })).rejects.toThrow(
      /nowhere\/train\.jsonl\.gz is not there: .*HEDDLE_DATA/,
    );
  });

  it('refuses files that are not the published ones', async () => {
    const where = await folder();
    await writeFile(join(where, 'train.jsonl.gz'), 'x');
    await expect(loadImdb({ folder: where })).rejects.toThrow('has SHA-256');
  });
});

it('checksums tell apart what differs only in where texts begin', () => {
  const row = (label: string, text: string) => ({ label, text });
  expect(checksum([row('a', 'bc')])).not.toBe(checksum([row('ab', 'c')]));
  expect(checksum([row('a', 'b')], [])).not.toBe(checksum([], [row('a', 'b')]));
});
