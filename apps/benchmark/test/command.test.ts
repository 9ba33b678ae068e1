// The built command as a user starts it: trains on a small file, is interrupted, goes on, and refuses what is broken.
// Needs the build (`pnpm build`), as the tests' launcher makes it.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Report, reportSchema } from '../src/report/schema.js';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in a folder; sends SIGINT once stderr holds `stopAt`. */
function bench(cwd: string, args: readonly string[], stopAt?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...process.env, HEDDLE_DEBUG: undefined } });
    const text = { out: '', err: '' };
    let stopped = false;
    child.stdout.on('data', (chunk) => {
      text.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      text.err += chunk;
      if (stopAt === undefined || stopped || !text.err.includes(stopAt)) return;
      stopped = true;
      child.kill('SIGINT');
    });
    child.on('close', (code) => resolve({ code, ...text }));
  });
}

/** Two classes that differ in some of their words. */
async function workplace(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'bench-'));
  const rows = Array.from({ length: 320 }, (_, i) => {
    const isSpam = i % 3 === 0;
    const noise = Array.from({ length: 14 }, (_, k) => `word${(i * 31 + k * k * 17 + k) % 211}`).join(' ');
    return JSON.stringify({
      text: `${noise} ${isSpam ? 'prize winner' : 'meeting agenda'} ${i}`,
      label: isSpam ? 'spam' : 'ham',
    });
  });
  await writeFile(join(cwd, 'mail.jsonl'), rows.join('\n'));
  return cwd;
}

const args = ['--data', 'mail.jsonl', '--quick', '--threads', '1'];

async function readReport(cwd: string): Promise<Report> {
  return reportSchema.parse(JSON.parse(await readFile(join(cwd, 'reports/latest/report.json'), 'utf8')));
}

const weights = (report: Report): string[] => report.runs.map((run) => run.weightsChecksum);

describe('bench --data mail.jsonl --quick', () => {
  it('trains, beats the majority class, and leaves the report; the same seed gives the same answers', async () => {
    const cwd = await workplace();
    const first = await bench(cwd, args);
    expect([first.code, first.err.match(/at .*\.js:\d+/)]).toEqual([0, null]);
    const report = await readReport(cwd);
    expect(report.metrics.test.macroF1).toBeGreaterThan(report.baselines[0].metrics.test.macroF1 + 0.2);
    expect(report.environment).toMatchObject({ backend: 'wasm', threads: 1 });
    expect(report.timing.tokensPerSecond).toBeGreaterThan(report.timing.samplesPerSecond);
    for (const { words, text } of report.errors)
      expect(
        text.startsWith(
          words
            .map((w) => w.text)
            .join('')
            .slice(0, 10),
        ),
      ).toBe(true);

    const second = await bench(cwd, [...args, '--json']);
    const again = reportSchema.parse(JSON.parse(second.out));
    expect(again.metrics).toEqual(report.metrics);
    expect(weights(again)).toEqual(weights(report));
    expect(again.data.checksum).toBe(report.data.checksum);
  });

  it('saves on Ctrl-C, exits with 130, and ends as if it had not been stopped', async () => {
    const [cwd, other] = await Promise.all([workplace(), workplace()]);
    const stopped = await bench(cwd, args, 'epoch 1,');
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(
      /bench: stopped at step \d+ of \d+, saved in \S+; the same command with --resume goes on\n$/,
    );
    expect(await readReport(cwd).catch(() => 'none')).toBe('none');

    const [resumed, whole] = await Promise.all([bench(cwd, [...args, '--resume']), bench(other, args)]);
    expect([resumed.code, whole.code]).toEqual([0, 0]);
    const [a, b] = await Promise.all([readReport(cwd), readReport(other)]);
    expect(a.metrics).toEqual(b.metrics);
    expect(weights(a)).toEqual(weights(b));
    expect(a.curves).toEqual(b.curves);
  });

  it.each([
    ['a file that is not there', ['--data', 'none.csv'], 'bench: none.csv: there is no such file'],
    [
      'columns that are not there',
      [...args, '--text', 'body'],
      "there is no column 'body'; the file has 'text', 'label'",
    ],
    ['an output that is a file', [...args, '--out', 'mail.jsonl'], 'mail.jsonl is a file; name a folder'],
  ])('refuses %s in one sentence', async (_, given, sentence) => {
    const { code, err, out } = await bench(await workplace(), given);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/\n\s+at /);
  });
});
