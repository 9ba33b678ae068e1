// report.html: one file that opens without a network. Sections and tables; escaping is in escape.ts, charts in charts.ts.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join as joinPath } from 'node:path';
import { type Chart, charts } from './charts.js';
import { html, join, type Markup, scriptJson, scriptSource } from './escape.js';
import { bytes, count, duration, percent, score } from './format.js';
import { PAGE_SCRIPT, PAGE_STYLE } from './page-style.js';
import type { MetricSet, Report, WrongExample } from './schema.js';

/** The whole page. */
export async function renderPage(report: Report): Promise<string> {
  const drawn = charts(report);
  // Only scripts with this number run: should markup ever slip through, it stays dead.
  const nonce = randomBytes(12).toString('base64url');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}' 'unsafe-eval'; img-src data:`;
  const libraries = await Promise.all(['vega', 'vega-lite', 'vega-embed'].map(minified));
  const script = (source: Markup): Markup => html`<script nonce="${nonce}">${source}</script>`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}"><title>${report.title}</title><style>${scriptSource(PAGE_STYLE)}</style></head>
<body><main>${header(report)}${tiles(report)}<div class="grid">${join(drawn.map(chartSection))}</div>${numbers(report)}${mistakes(report.errors)}${whatRan(report)}${data(report)}</main>
<script type="application/json" id="charts">${scriptJson(drawn.map(({ id, spec }) => ({ id, spec })))}</script>
${join(libraries.map((source) => script(scriptSource(source))))}${script(scriptSource(PAGE_SCRIPT))}</body></html>
`.source;
}

function header({ title, createdAt, command, verdict, quick }: Report): Markup {
  const when = createdAt.slice(0, 16).replace('T', ' ');
  return html`<h1>${title}</h1><p class="soft">${when} UTC · <code>${command}</code>${quick ? ' · a quick look, not the full task' : ''}</p><p class="verdict">${verdict}</p>`;
}

function tiles({ metrics: { test }, timing, memory, runs }: Report): Markup {
  const { low, high } = test.macroF1Interval;
  const tile = (value: string, what: string, kind = ''): Markup =>
    html`<div class="tile ${kind}"><b>${value}</b><span>${what}</span></div>`;
  return html`<div class="tiles">${join([
    tile(
      score(test.macroF1),
      `macro-F1 on test, ${score(low)}–${score(high)}${runs.length > 1 ? `, mean of ${runs.length} seeds` : ''}`,
      'first',
    ),
    tile(percent(test.accuracy), 'accuracy on test'),
    tile(duration(timing.trainSeconds), 'training'),
    tile(count(timing.samplesPerSecond), 'samples per second'),
    tile(count(timing.tokensPerSecond), 'tokens per second'),
    tile(bytes(memory.peakBytes), 'memory at the peak'),
  ])}</div>`;
}

function chartSection({ id, title, caption }: Chart): Markup {
  return html`<section><h2>${title}</h2><p class="soft">${caption}</p><div class="chart" id="${id}"></div></section>`;
}

function numbers({ metrics, baselines, model, runs }: Report): Markup {
  const row = (name: string, m: MetricSet, seconds?: number): Markup =>
    html`<tr><td>${name}</td>${join(
      [m.accuracy, m.macroF1, m.rocAuc, m.mcc, m.logLoss, m.calibrationError].map(
        (value) => html`<td class="number">${score(value)}</td>`,
      ),
    )}<td class="number">${seconds === undefined ? '' : duration(seconds)}</td></tr>`;
  const heads = ['accuracy', 'macro-F1', 'ROC-AUC', 'MCC', 'log-loss', 'ECE', 'training'];
  return html`<section><h2>In numbers</h2><p class="soft">On the test part, but for the line that says validation.</p><div class="table"><table><thead><tr><th></th>${join(
    heads.map((head) => html`<th class="number">${head}</th>`),
  )}</tr></thead><tbody>${row(model.description, metrics.test)}${
    runs.length > 1 ? join(runs.map((run) => row(`seed ${run.seed}`, run.test, run.trainSeconds))) : join([])
  }${row('on validation', metrics.validation)}${join(
    baselines.map((b) => row(b.name, b.metrics.test, b.seconds)),
  )}</tbody></table></div></section>`;
}

function mistakes(errors: readonly WrongExample[]): Markup {
  if (errors.length === 0) return html`<section><h2>Mistakes</h2><p>None on the test part.</p></section>`;
  return html`<section><h2>Most confidently wrong</h2><p class="soft">The darker a word, the more it counted: attention followed through all layers to what was pooled. Of long messages the model reads beginning and end.</p>${join(
    errors.map(
      (e) =>
        html`<article><div><span class="label wrong">${e.predicted}</span> with ${percent(e.confidence)}, but it is <span class="label">${e.truth}</span></div><div class="mail">${attended(e)}</div></article>`,
    ),
  )}</section>`;
}

function attended({ words, text }: WrongExample): Markup {
  const strongest = Math.max(...words.map((w) => w.weight), Number.MIN_VALUE);
  if (words.length === 0) return html`${text}`;
  return join(
    words.map(({ text: word, weight }) =>
      weight === 0 ? html`${word}` : html`<i style="--w:${(weight / strongest).toFixed(3)}">${word}</i>`,
    ),
  );
}

function whatRan({ environment: e, model, seed, runs, data: { checksum }, timing }: Report): Markup {
  const rows: readonly (readonly [string, string])[] = [
    ['backend', e.backend],
    ['threads', String(e.threads)],
    ['SIMD', e.simd],
    ['BLAS', e.blas],
    ['Node', `${e.node} on ${e.platform}`],
    ['processor', `${e.cpu}, ${e.cores} cores`],
    [
      'versions',
      Object.entries(e.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    [
      'model',
      `${count(model.parameters)} parameters; ${Object.entries(model.config)
        .map(([k, v]) => `${k} ${v}`)
        .join(', ')}`,
    ],
    ['seed', runs.length > 1 ? runs.map((run) => run.seed).join(', ') : String(seed)],
    ['data checksum', checksum],
    [
      'weights checksum',
      `${runs.map((run) => run.weightsChecksum).join(', ')}: the same command with the same backend, SIMD and BLAS ends with these very bytes`,
    ],
    [
      'time',
      `${duration(timing.totalSeconds)} in all: data ${duration(timing.dataSeconds)}, tokenizer ${duration(timing.tokenizerSeconds)}, training ${duration(timing.trainSeconds)}, scoring ${duration(timing.evaluateSeconds)}`,
    ],
  ];
  return html`<section><h2>What really ran</h2>${table(rows)}</section>`;
}

function data({ data: { name, counts, notes } }: Report): Markup {
  return html`<section><h2>Data</h2><p>${name}</p>${join(notes.map((note) => html`<p class="soft">${note}</p>`))}${table(
    Object.entries(counts).map(([what, n]) => [what, count(n)] as const),
  )}</section>`;
}

function table(rows: readonly (readonly [string, string])[]): Markup {
  return html`<div class="table"><table><tbody>${join(
    rows.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`),
  )}</tbody></table></div>`;
}

// The browser builds lie beside the modules but not in the packages' `exports`.
async function minified(name: string): Promise<string> {
  const entry = createRequire(import.meta.url).resolve(name);
  return readFile(joinPath(dirname(entry), `${name}.min.js`), 'utf8');
}
