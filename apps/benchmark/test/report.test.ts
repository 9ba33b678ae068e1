// The report: its schema, its page, how it is written. What the page looks like in a browser is checked by eye.
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BenchError } from '../src/errors.js';
import { html, Markup, scriptJson } from '../src/report/escape.js';
import { duration } from '../src/report/format.js';
import { renderPage } from '../src/report/page.js';
import { type Report, reportSchema } from '../src/report/schema.js';
import { decide, meanMetrics, scoreAll, scorePerClass } from '../src/report/score.js';
import { renderTerminal } from '../src/report/terminal.js';
import { checkOutput, writeReport } from '../src/report/write-report.js';
import { HOSTILE, sampleReport } from './sample-report.js';

/** The page without the libraries and our own script, whose code may look like anything. */
const markup = async (report: Report): Promise<string> =>
  (await renderPage(report)).replace(/(<script nonce="[\w-]+">).*?<\/script>/gs, '$1</script>');
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'report-'));

describe('the schema', () => {
  it('takes a whole report and gives it back unchanged', () => {
    expect(reportSchema.parse(sampleReport())).toEqual(sampleReport());
  });

  it.each([
    ['another version', { version: 2 }],
    ['no runs', { runs: [] }],
    ['a checksum that is none', { data: { ...sampleReport().data, checksum: 'x' } }],
    ['a share above 1', { calibration: { error: 1.2, bins: [] } }],
  ])('refuses %s', (_, change) => {
    expect(reportSchema.safeParse({ ...sampleReport(), ...change }).success).toBe(false);
  });
});

describe('the page', () => {
  it('lets nothing of a message become markup', async () => {
    const page = await markup(
      sampleReport({
        title: HOSTILE,
        command: HOSTILE,
        verdict: HOSTILE,
        confusion: {
          labels: [HOSTILE, 'b'],
          matrix: [
            [1, 0],
            [0, 1],
          ],
        },
      }),
    );
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img');
    expect(page).not.toContain('\u0000');
    // The policy's scripts and the data of the charts, and no others.
    expect(page.match(/<script[^>]*>/g)).toHaveLength(5);
    const data = /<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(page)![1];
    expect(JSON.stringify(JSON.parse(data))).toContain(JSON.stringify(HOSTILE).slice(1, -1));
  });

  it('loads nothing from anywhere', async () => {
    const page = await markup(sampleReport());
    expect(page).not.toMatch(/<(?:script|link|img|iframe)[^>]+(?:src|href)=/);
    expect(page).toContain('default-src &#39;none&#39;');
    for (const id of ['comparison', 'curve-loss', 'curve-accuracy', 'per-class', 'confusion', 'calibration']) {
      expect(page).toContain(`<div class="chart" id="${id}">`);
    }
  });

  it('leaves out charts without data', async () => {
    expect(await markup(sampleReport({ curves: [], errors: [] }))).not.toContain('id="curve-loss"');
  });

  it('html escapes values and keeps markup', () => {
    expect(html`<b title="${'"x"'}">${'a<b'}${new Markup('<i>')}</b>`.source).toBe(
      '<b title="&quot;x&quot;">a&lt;b<i></b>',
    );
    expect(scriptJson('</script>').source).not.toContain('<');
  });
});

describe('the terminal', () => {
  it('shows model, baselines, speed and backend', () => {
    const text = renderTerminal(sampleReport());
    for (const part of ['0.975', 'TF-IDF + logistic regression', '31,250 tokens/s', 'wasm, 2 threads', '612 MB']) {
      expect(text).toContain(part);
    }
    expect(text.split('\n').length).toBeLessThan(16);
  });

  it('durations', () => {
    expect([0.2, 59.4, 83, 7_260].map(duration)).toEqual(['0.2 s', '59 s', '1 min 23 s', '2 h 1 min']);
  });
});

describe('writing', () => {
  it('leaves both files and no other', async () => {
    const out = join(await folder(), 'new', 'latest');
    const { json, html: page } = await writeReport(sampleReport(), out);
    expect(JSON.parse(await readFile(json, 'utf8'))).toEqual(sampleReport());
    expect(await readFile(page, 'utf8')).toContain('<!doctype html>');
    expect((await readdir(out)).sort()).toEqual(['report.html', 'report.json']);
  });

  it('refuses an output that is a file', async () => {
    const file = join(await folder(), 'taken');
    await writeFile(file, '');
    await expect(checkOutput(file)).rejects.toThrow('is a file; name a folder');
    await expect(checkOutput(file)).rejects.toBeInstanceOf(BenchError);
  });

  it('keeps the last report when the next one cannot be written', async () => {
    const out = await folder();
    await writeReport(sampleReport(), out);
    await expect(writeReport({ ...sampleReport(), version: 3 } as unknown as Report, out)).rejects.toThrow();
    expect(JSON.parse(await readFile(join(out, 'report.json'), 'utf8')).version).toBe(1);
    // A folder in the way of the rename stands for any failure of the disk.
    const blocked = await folder();
    await mkdir(join(blocked, 'report.json', 'x'), { recursive: true });
    await expect(writeReport(sampleReport(), blocked)).rejects.toThrow('could not be written');
    expect(await readdir(blocked)).toEqual(['report.json']);
  });
});

describe('scores', () => {
  const truth = Int32Array.from({ length: 200 }, (_, i) => i % 2);
  const probabilities = Array.from(truth, (t, i) => (i % 10 === 0 ? [t, 1 - t] : [1 - 0.9 * t - 0.05, 0.9 * t + 0.05]));

  it('agree with each other', () => {
    const scores = scoreAll(truth, probabilities);
    expect(scores.accuracy).toBeCloseTo(0.9, 10);
    expect(scores.accuracyInterval.low).toBeLessThan(0.9);
    expect(scores.accuracyInterval.high).toBeGreaterThan(0.9);
    const classes = scorePerClass(truth, probabilities, ['a', 'b']);
    expect((classes[0].f1.value + classes[1].f1.value) / 2).toBeCloseTo(scores.macroF1, 10);
    for (const { f1 } of classes) expect(f1.low < f1.value && f1.value < f1.high).toBe(true);
    expect(
      decide([
        [0.2, 0.8],
        [0.6, 0.4],
      ]),
    ).toEqual(Int32Array.of(1, 0));
  });

  it('know no ROC area where a class is absent', () => {
    expect(
      scoreAll(Int32Array.of(0, 0), [
        [0.9, 0.1],
        [0.8, 0.2],
      ]).rocAuc,
    ).toBeNull();
  });

  it('of several runs are averaged, and their intervals span all', () => {
    const a = scoreAll(truth, probabilities);
    const b = { ...a, macroF1: a.macroF1 - 0.02, macroF1Interval: { low: 0.5, high: 0.6 } };
    const mean = meanMetrics([a, b]);
    expect(mean.macroF1).toBeCloseTo(a.macroF1 - 0.01, 10);
    expect(mean.macroF1Interval).toEqual({ low: 0.5, high: a.macroF1Interval.high });
  });
});
